//! Which wire to which server, in which order, when to try again and when to fall back. Above it there is one link that
//! comes and goes; below it, a protocol client per kind of wire. Sans-IO.
//!
//! Never here: what the operations mean (`chat`), whether the session lives on (`session`).

mod backoff;
mod link;
mod plan;

pub use backoff::Backoff;
pub use link::{Link, LinkEvent};
pub use plan::{Mode, Next, OWN_SERVER, Plan};
