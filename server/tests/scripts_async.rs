//! Scripts with async hooks and promises: they are waited for, and what goes wrong in them is not lost.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Folder, heard, logged, reading, said, say, scripted, statuses};

const ASYNC: &str = r#"
var id = () => getEventData().getInputValue("chatSession.id");
async function later(text) { await null; return text; }
bind("sessionCreated", async function () { addChatMessage(id(), await later("Hello"), 1); });
bind("preProcess", async function () { await later(); log("before"); });
bind("messageReceived", async function () {
    switch ($request.query) {
        case "throw": await later(); throw new TypeError("of " + $request.query);
        case "never": await new Promise(function () {}); break;
        case "circle": for (;;) await later();
        case "loop": await later(); for (;;) {}
        case "alone": later().then(function () { throw new Error("nobody looks"); }); break;
        case "caught": await later().then(function () { throw new Error("somebody looks"); }).catch(function () {}); break;
        case "new": await later(); $reactions.newSession({ message: "anew" });
    }
    addChatMessage(id(), await later("done: " + $request.query), 1);
});
bind("postProcess", function ($context) {
    $context.session.times = ($context.session.times || 0) + 1;
    Promise.resolve().then(function () { log("after", $context.session.times); });
});
"#;

#[tokio::test(start_paused = true)]
async fn an_async_hook_is_waited_for() {
    let folder = Folder::new();
    let (ann, _, chat) = reading(&scripted(&folder, ASYNC, "")).await;
    assert_eq!(said(&heard(&ann).await), ["Robin: Hello"]);
    for (word, times) in [("one", 1), ("caught", 2)] {
        say(&ann, &chat, word).await;
        let came = heard(&ann).await;
        assert_eq!(said(&came), [format!("Robin: done: {word}")]);
        assert_eq!(logged(&came), ["before".to_owned(), format!("after {times}")], "each hook after the other");
    }
    say(&ann, &chat, "new").await;
    let came = heard(&ann).await;
    assert!(came.iter().any(|data| data.to_string().contains("renewed")), "{came:?}");
    assert_eq!(said(&came), ["Ann: anew", "Robin: Hello", "Robin: done: anew"]);
}

#[tokio::test(start_paused = true)]
async fn an_async_hook_that_fails_hands_its_session_over() {
    let folder = Folder::new();
    let app = scripted(&folder, ASYNC, "");
    for (word, reason) in [
        ("throw", "bot.js, line 8: it threw a TypeError"),
        ("never", "bot.js: it waits for a promise that nothing settles"),
        ("circle", "bot.js: it took too long"),
        ("loop", "bot.js: it took too long"),
        ("alone", "bot.js: a promise of it failed, and nothing waits for that: `await` it"),
    ] {
        let (ann, _, chat) = reading(&app).await;
        assert_eq!(said(&heard(&ann).await), ["Robin: Hello"]);
        say(&ann, &chat, word).await;
        let came = heard(&ann).await;
        let all: Vec<_> = came.iter().flat_map(statuses).collect();
        assert_eq!(all, ["5 4 hand-off"], "{word}: {came:?}");
        assert!(said(&came).is_empty(), "{word}: nothing is half done");
        assert_eq!(logged(&came), [reason], "{word}");
        ann.chat(&chat.fill(r#"{"operation":"disconnect","secureKey":"$key"}"#)).await;
    }
}
