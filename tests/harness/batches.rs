//! The acknowledgement extension of CometD, the server's side: what goes out with the answer to a connect is a batch, and is kept
//! until a later connect says that it came; what did not come goes out again.

use serde_json::{Value, json};

/// The batches of one client.
#[derive(Debug, Default)]
pub struct Batches {
    last: u64,
    kept: Vec<(u64, Value)>,
}

impl Batches {
    /// Events go out with a reply.
    pub fn send(&mut self, events: &[Value], reply: &mut Value) {
        self.last += u64::from(!events.is_empty());
        self.kept.extend(events.iter().map(|event| (self.last, event.clone())));
        reply["ext"] = json!({ "ack": self.last });
    }

    /// A connect says which batch came last: what is to go out again.
    pub fn came(&mut self, connect: &Value) -> Vec<Value> {
        let batch = connect["ext"]["ack"].as_u64().expect("a connect names the last batch");
        assert!(batch <= self.last, "the batch {batch} came, of {}", self.last);
        let again = self.kept.split_off(self.kept.partition_point(|(of, _)| *of <= batch));
        self.kept.clear();
        again.into_iter().map(|(_, event)| event).collect()
    }

    /// The server does not know what came: all that it has goes out again, with the next connect.
    pub fn doubt(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.kept).into_iter().map(|(_, event)| event).collect()
    }
}
