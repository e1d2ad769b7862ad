//! A bus within one process: several servers on one store in memory, for tests.

use super::{Bus, Heard, NodeId, Standing};
use crate::lock::locked;
use crate::store::Stored;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

/// Where nodes of one process meet.
#[derive(Debug, Clone, Default)]
pub struct Hall(Arc<Mutex<Room>>);

#[derive(Debug, Default)]
struct Room {
    ears: Vec<UnboundedSender<Heard>>,
    there: HashMap<NodeId, (Standing, Instant)>,
    /// Words are lost.
    noisy: bool,
}

/// One node's place in the hall.
#[derive(Debug)]
pub struct Place {
    hall: Hall,
    heard: Mutex<Option<UnboundedReceiver<Heard>>>,
}

impl Hall {
    /// A place for one more node.
    #[must_use]
    pub fn place(&self) -> Place {
        let (ear, heard) = unbounded_channel();
        locked(&self.0).ears.push(ear);
        Place { hall: self.clone(), heard: Mutex::new(Some(heard)) }
    }

    /// From now on all words are lost; or, when they are not lost any more, those who listen are told that some may have been.
    pub fn lose_words(&self, lost: bool, tell: bool) {
        let mut room = locked(&self.0);
        room.noisy = lost;
        if !lost && tell {
            room.ears.retain(|ear| ear.send(Heard::Resumed).is_ok());
        }
    }
}

impl Bus for Place {
    fn say(&self, text: String) {
        let mut room = locked(&self.hall.0);
        if !room.noisy {
            room.ears.retain(|ear| ear.send(Heard::Said(text.clone())).is_ok());
        }
    }

    fn listen(&self) -> Option<UnboundedReceiver<Heard>> {
        locked(&self.heard).take()
    }

    fn announce<'a>(&'a self, standing: &'a Standing, life: Duration) -> Stored<'a, Vec<Standing>> {
        let mut room = locked(&self.hall.0);
        let now = Instant::now();
        room.there.insert(standing.node.clone(), (standing.clone(), now + life));
        room.there.retain(|_, (_, until)| *until > now);
        let there = room.there.values().map(|(standing, _)| standing.clone()).collect();
        Box::pin(std::future::ready(Ok(there)))
    }

    fn leave<'a>(&'a self, node: &'a NodeId) -> Stored<'a, ()> {
        locked(&self.hall.0).there.remove(node);
        Box::pin(std::future::ready(Ok(())))
    }

    fn secret(&self) -> Stored<'_, String> {
        Box::pin(std::future::ready(Ok("known to this process only".to_owned())))
    }
}
