//! How many connects each browser has held over HTTP. A browser keeps six connections to a host, whatever the number of its tabs:
//! were all of them taken by connects that are held, nothing else of it would get through.

use crate::lock::locked;
use std::collections::HashMap;
use std::sync::Mutex;

/// So many sessions of one browser have a connect held; the others ask from time to time.
const AT_ONCE: usize = 4;

/// The sessions whose connect is held, by the cookie of their browser; one is there once for each of its connects.
#[derive(Debug, Default)]
pub struct Polls(Mutex<HashMap<String, Vec<String>>>);

/// The place of one connect, until it is dropped.
#[derive(Debug)]
pub struct Poll<'a> {
    polls: &'a Polls,
    browser: &'a str,
    session: &'a str,
}

impl Polls {
    /// Takes a place, if there is one. A session that has one gets another: its newer connect releases the older.
    pub fn take<'a>(&'a self, browser: &'a str, session: &'a str) -> Option<Poll<'a>> {
        let mut all = locked(&self.0);
        let held = all.entry(browser.to_owned()).or_default();
        if held.len() >= AT_ONCE && !held.iter().any(|other| other == session) {
            return None;
        }
        held.push(session.to_owned());
        Some(Poll { polls: self, browser, session })
    }
}

impl Drop for Poll<'_> {
    fn drop(&mut self) {
        let mut all = locked(&self.polls.0);
        let Some(held) = all.get_mut(self.browser) else { return };
        if let Some(at) = held.iter().position(|session| session == self.session) {
            held.swap_remove(at);
        }
        if held.is_empty() {
            all.remove(self.browser);
        }
    }
}
