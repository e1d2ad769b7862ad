//! A chat's record as several hold it at once: what is live of it, a change in the making, a store that is memory.

use super::model::Chat;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// A chat that is shared. Who changes it while others have it too, has a copy from then on.
#[derive(Debug, Clone)]
pub struct Record(Arc<Chat>);

impl From<Chat> for Record {
    fn from(chat: Chat) -> Self {
        Self(Arc::new(chat))
    }
}

impl From<Record> for Chat {
    fn from(record: Record) -> Self {
        Arc::unwrap_or_clone(record.0)
    }
}

impl Deref for Record {
    type Target = Chat;

    fn deref(&self) -> &Chat {
        &self.0
    }
}

impl DerefMut for Record {
    fn deref_mut(&mut self) -> &mut Chat {
        Arc::make_mut(&mut self.0)
    }
}
