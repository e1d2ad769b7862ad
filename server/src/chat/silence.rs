//! Silence: when a chat is warned that it will end for it, and what breaks it.
//!
//! That it was warned is in the chat's record, in the commit that says so to everybody: one server does it, once, and the next
//! server knows. Any other change of the chat is the end of that silence (see [`Draft::of`]); typing, which changes nothing,
//! makes such a change.

use super::draft::Draft;
use super::model::{Chat, From, Kind};
use super::{Floor, Live};
use crate::config::Channel;
use crate::json::Raw;
use crate::status::Status;
use crate::store::StoreError;
use std::time::Duration;

/// A visitor without a connection who was heard of within this time is there all the same: one by REST, or one who reloads.
const THERE: Duration = Duration::from_secs(20);

impl Channel {
    /// Seconds of silence after which a chat has had its time, counted from the warning where it was warned; 0: never.
    pub(super) fn patience(&self, chat: &Chat) -> u64 {
        match self.warning() {
            0 => self.idle_timeout,
            warning if chat.warned => warning,
            _ => self.idle_timeout,
        }
    }

    /// Seconds of silence after which a chat is to be warned; none if it is not.
    pub(super) fn warns_after(&self, chat: &Chat) -> Option<u64> {
        let warning = self.warning();
        let may_be = chat.ended.is_none() && chat.lapsed.is_none() && chat.status != Status::Finished;
        (warning != 0 && may_be && !chat.warned).then(|| self.idle_timeout.saturating_sub(warning))
    }
}

impl Live {
    /// Whether the visitor is there to be warned.
    pub(super) fn is_visitor_there(&self) -> bool {
        self.alone.is_none_or(|alone| alone.elapsed() < THERE)
    }
}

impl Floor {
    /// Says into a chat that it will end if it stays silent.
    pub(super) async fn warn(&self, live: &mut Live, channel: &Channel) {
        let mut draft = self.draft(&live.chat);
        draft.chat.warned = true;
        let text = channel.idle_warning_text.replace("{seconds}", &channel.warning().to_string());
        draft.add(Kind::Message, From::system(), Some(Raw::string(&text)));
        self.commit_in_time(live, draft, "a silent chat could not be warned").await;
    }

    /// Commits a change whose time has come; it comes again where it could not be done.
    pub(super) async fn commit_in_time(&self, live: &mut Live, draft: Draft, failed: &str) {
        match self.commit(live, draft, None).await {
            // Another server did something with it: it is looked at again.
            Ok(_) | Err(StoreError::Conflict) => {}
            Err(error) => tracing::warn!(%error, "{failed}"),
        }
    }

    /// Somebody does something that changes nothing: a chat that was warned is not silent any more.
    pub(crate) async fn break_silence(&self, live: &mut Live) -> Result<(), StoreError> {
        if live.chat.warned {
            let draft = self.draft(&live.chat);
            self.commit(live, draft, None).await?;
        }
        Ok(())
    }
}
