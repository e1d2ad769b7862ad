//! The readers of chat v2, which have no state.

use causerie::chat::{Keys, Relayed, Reply};
use causerie::json::native::NativeJson;

use super::MARK;

/// The target `chat`: JSON, read as a reply of a server's and as an operation of another tab's.
pub fn chat(bytes: &[u8]) {
    let Ok(data) = NativeJson::parse(&String::from_utf8_lossy(bytes)) else { return };
    reply(&data);
    relayed(&data);
}

fn reply(data: &NativeJson) {
    let Ok(reply) = Reply::read(data) else { return };
    for place in 0..reply.len() {
        match reply.entry(place) {
            Ok(entry) => {
                assert!(entry.index.is_none_or(|index| index >= 1), "positions count from 1");
                assert!(entry.time.is_none_or(f64::is_finite), "a time is a time");
            }
            Err(malformed) => assert!(malformed.index.is_none_or(|index| index >= 1), "positions count from 1"),
        }
    }
    assert!(reply.entry(reply.len()).is_err(), "there is nothing behind the last entry");
}

/// What another tab wants to be sent is sent as it was meant, and with this tab's keys.
fn relayed(data: &NativeJson) {
    let Some(relayed) = Relayed::read(data) else { return };
    let Some(operation) = relayed.operation() else { return };
    let keys = Keys { secure_key: format!("{MARK}key0"), ..Keys::default() };
    let sent = operation.data(&keys);
    for name in ["operation", "message", "pushUrl", "messageId"] {
        let (sent, wanted) = (&sent.tree()[name], &data.tree()[name]);
        assert!(sent.is_null() || !wanted.is_string() || sent == wanted, "{name} is passed on as it came");
    }
    assert_eq!(
        sent.tree()["secureKey"],
        keys.secure_key.as_str(),
        "with the keys of the tab that holds the connection"
    );
}
