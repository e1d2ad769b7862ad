//! Chat v2 as payloads: the operations that are sent and the replies that are read. Sans-IO, stateless.
//!
//! Never here: when an operation is sent, what a reply does to the session (that is `session`).

mod content;
mod operation;
mod relayed;
mod reply;

pub use content::Content;
pub use operation::{Keys, Operation, Visitor};
pub use relayed::Relayed;
pub use reply::{Entry, EntryKind, Malformed, Party, PartyId, Reply, Role, ServerError};
