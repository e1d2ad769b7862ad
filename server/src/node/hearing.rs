//! What a node does with what it hears: words about chats wait in a queue of their chat's, so that one chat that is busy
//! holds up no other, and each chat's words stay in order.

use super::{Heard, NodeId, Word};
use crate::App;
use crate::lock::locked;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, Weak};
use tokio::sync::mpsc::UnboundedReceiver;

/// Words of one chat that wait at most; a chat that does not keep up catches up all the same, for one word is enough.
const WAITING: usize = 100;

/// What was heard of chats and is not yet taken in. A chat that is in it has somebody who takes it in.
#[derive(Debug, Default)]
pub(crate) struct Inbox(Mutex<HashMap<String, VecDeque<Word>>>);

impl Inbox {
    /// Puts a word to the others of its chat. Returns whether somebody is needed who takes them in.
    fn put(&self, chat: &str, word: Word) -> bool {
        let mut waiting = locked(&self.0);
        let is_new = !waiting.contains_key(chat);
        let words = waiting.entry(chat.to_owned()).or_default();
        if let Word::Changed { .. } = word {
            // One that is newer says all that an older one did.
            words.retain(|older| !matches!(older, Word::Changed { .. }));
        }
        if words.len() < WAITING {
            words.push_back(word);
        }
        is_new
    }

    /// The next word of a chat; with none the chat is done with.
    fn next(&self, chat: &str) -> Option<Word> {
        let mut waiting = locked(&self.0);
        let word = waiting.get_mut(chat).and_then(VecDeque::pop_front);
        if word.is_none() {
            waiting.remove(chat);
        }
        word
    }
}

impl App {
    /// A word about a chat, from another node or from this one's own doubts.
    pub(crate) fn take_in(self: &Arc<Self>, word: Word) {
        let (Some(node), Some(chat)) = (self.floor.node(), word.chat().map(str::to_owned)) else { return };
        if node.inbox.put(&chat, word) {
            let app = Arc::clone(self);
            self.tasks.spawn(async move {
                let Some(node) = app.floor.node() else { return };
                while let Some(word) = node.inbox.next(&chat) {
                    app.floor.take_in(&chat, word).await;
                }
            });
        }
    }

    fn hear(self: &Arc<Self>, from: &NodeId, word: Word) {
        let Some(node) = self.floor.node() else { return };
        match word {
            Word::Here(standing) => {
                node.meet(standing);
                self.floor.desk.set_elsewhere(node.agents());
            }
            Word::Gone => {
                node.gone(from);
                self.floor.desk.set_elsewhere(node.agents());
                node.doubt.notify_one();
            }
            word if self.floor.is_concerned(&word) => self.take_in(word),
            _ => {}
        }
    }
}

/// Listens until the server is gone.
pub(crate) async fn listen(app: Weak<App>, mut heard: UnboundedReceiver<Heard>) {
    while let Some(heard) = heard.recv().await {
        let Some(app) = app.upgrade() else { return };
        let Some(node) = app.floor.node() else { return };
        match heard {
            Heard::Said(text) => {
                if let Some((from, word)) = node.understand(&text) {
                    app.hear(&from, word);
                }
            }
            Heard::Resumed => node.doubt.notify_one(),
        }
    }
}
