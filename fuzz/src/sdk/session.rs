//! Whole sessions: under a script, from a stored state, from a kept transcript.

use causerie::json::native::NativeJson;
use causerie::session::Snapshot;
use serde_json::json;

use super::world::World;
use super::{EPOCH, MARK};

/// The target `session`: a script.
pub fn session(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut world = World::new(text.lines().next().unwrap_or_default());
    world.visit(&text);
    world.calm();
}

/// The target `snapshot`: a stored state, restored with a server that is well.
pub fn snapshot(bytes: &[u8]) {
    let Ok(state) = NativeJson::parse(&String::from_utf8_lossy(bytes)) else { return };
    let Some(snapshot) = Snapshot::read(&state) else { return };
    let again = serde_json::to_string(&snapshot).expect("a state is JSON");
    let read = Snapshot::read(&NativeJson::parse(&again).expect("a state is JSON")).expect("a state is one");
    assert_eq!(serde_json::to_string(&read).expect("a state is JSON"), again, "a state is read as it was written");
    let mut world = World::new("");
    world.wall = snapshot.seen.saturating_add(1_000);
    world.restore(snapshot, None);
    world.visit("J\nA hello\n");
    world.visit("o\n+\n+\nm later\n+\nA bye\nw 5000\nr\no\n+\n+\n");
    world.calm();
}

/// The target `cache`: what an earlier page kept of the transcript, restored with a server that is well.
pub fn cache(bytes: &[u8]) {
    let Ok(kept) = NativeJson::parse(&String::from_utf8_lossy(bytes)) else { return };
    let mut world = World::new("");
    world.visit("J\nA hello\nA kept\n");
    let keys = json!({ "chatId": format!("{MARK}chat"), "secureKey": format!("{MARK}key0") });
    let state = json!({
        "version": 2, "server": "http://one.test", "service": "default", "keys": keys, "position": 2, "seen": EPOCH,
    });
    let snapshot = Snapshot::read(&state.into()).expect("a state");
    world.restore(snapshot, Some(kept));
    world.visit("A meanwhile\no\n+\n+\nA later\nw 5000\n");
    world.calm();
}
