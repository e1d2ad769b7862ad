//! What clients send: Bayeux envelopes, the operations of visitors and agents, and requests of chat v2 by REST.

use serde_json::{Value, json};

use super::bench::{Bench, run};
use super::script::{Step, steps};

/// The target `server_bayeux`: in each line who speaks, and the body of a request to `/cometd`; or `w` and milliseconds.
pub fn bayeux(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    run(async move {
        let bench = Bench::with(speakers(&text)).await;
        for step in steps(&text) {
            if waited(&bench, step).await {
                continue;
            }
            let body = bench.fill(step.letter, step.rest);
            let (status, answers) = bench.post(Some(step.letter), "/cometd", "application/json", &body).await;
            assert!(matches!(status, 200 | 400 | 413), "a status of the protocol: {status}");
            assert!(answers.is_array() || answers.is_null(), "an envelope: {answers}");
            for answer in answers.as_array().into_iter().flatten() {
                let is_event = answer["data"].is_object() && answer["channel"].is_string();
                assert!(is_event || answer["successful"].is_boolean(), "an event or an answer: {answer}");
                assert!(answer["successful"] != false || answer["error"].is_string(), "a refusal says why: {answer}");
                if is_event {
                    check(&answer["data"]);
                }
            }
        }
    });
}

/// The target `server_operations`: in each line who speaks, and the data of an operation.
pub fn operations(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    run(async move {
        let bench = Bench::with(speakers(&text)).await;
        for step in steps(&text) {
            if waited(&bench, step).await || bench.person(step.letter).is_none() {
                continue;
            }
            let Ok(data) = serde_json::from_str::<Value>(&bench.fill(step.letter, step.rest)) else { continue };
            if let Some(answer) = bench.publish(step.letter, data).await {
                check(&answer);
            }
        }
        for who in ['v', 'f'] {
            complete(&bench, who).await;
        }
    });
}

/// The target `server_rest`: in each line `f` (a form), `j` (JSON) or `x` (neither), a path below `/2/chat/`, and a body.
pub fn rest(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    run(async move {
        let bench = Bench::with(['r'].into_iter()).await;
        for step in steps(&text) {
            if waited(&bench, step).await {
                continue;
            }
            let kind = match step.letter {
                'f' => "application/x-www-form-urlencoded; charset=UTF-8",
                'j' => "application/json",
                'x' => "text/plain",
                _ => continue,
            };
            let filled = bench.fill('r', step.rest);
            let (path, body) = filled.split_once(' ').unwrap_or((&filled, ""));
            let (status, answer) = bench.post(None, &format!("/2/chat/{path}"), kind, body).await;
            match status {
                // It is no path at all.
                0 => {}
                200 => check(&answer),
                _ => {
                    check(&answer);
                    assert!(answer.is_null() || answer["statusCode"] == 1, "what is no chat v2 is refused as such");
                }
            }
        }
        complete(&bench, 'r').await;
    });
}

/// Who speaks in a script; and the visitor, whom the agents serve.
fn speakers(script: &str) -> impl Iterator<Item = char> {
    steps(script).map(|step| step.letter).chain(['v'])
}

async fn waited(bench: &Bench, step: Step<'_>) -> bool {
    if step.letter == 'w' {
        bench.wait(step.up_to(1_000_000)).await;
    }
    step.letter == 'w'
}

/// The shape of every answer and of every push, to visitors and to agents.
fn check(data: &Value) {
    if data.is_null() {
        return;
    }
    let status = data["statusCode"].as_u64();
    assert!(status.is_some_and(|status| status <= 2), "a status: {data}");
    if status > Some(0) {
        let errors = data["errors"].as_array();
        let told = errors.is_some_and(|errors| {
            !errors.is_empty() && errors.iter().all(|error| error["code"].is_u64() && error["advice"].is_string())
        });
        assert!(told, "a refusal says why: {data}");
    }
    let mut last: Option<(&Value, u64)> = None;
    for entry in data["messages"].as_array().into_iter().flatten() {
        assert!(entry["type"].is_string() && entry["utcTime"].is_u64(), "an entry: {entry}");
        assert!(entry["from"]["participantId"].is_u64(), "an entry is somebody's: {entry}");
        if entry["type"] == "Notice" && entry["text"] == "renewed" {
            last = None;
        }
        let Some(index) = entry["index"].as_u64() else { continue };
        let chat = &entry["chatId"];
        assert!(last.is_none_or(|(of, last)| of != chat || last < index), "entries come in order: {data}");
        last = Some((chat, index));
    }
}

/// The transcript has each entry once, from the first to the last.
async fn complete(bench: &Bench, who: char) {
    let Some(person) = bench.person(who) else { return };
    let asked = json!({
        "operation": "requestNotifications", "secureKey": person.key, "transcriptPosition": 1, "notices": 1,
    });
    let answer = if who == 'r' {
        let path = format!("/2/chat/default/{}/refresh", person.chat);
        Some(bench.post(None, &path, "application/json", &asked.to_string()).await.1)
    } else {
        bench.publish(who, asked).await
    };
    let Some(answer) = answer.filter(|answer| answer["statusCode"] == 0) else { return };
    check(&answer);
    let mut next = 1;
    for entry in answer["messages"].as_array().into_iter().flatten() {
        if entry["type"] == "Notice" && entry["text"] == "renewed" {
            next = 1;
        }
        if let Some(index) = entry["index"].as_u64() {
            assert_eq!(index, next, "each entry is there: {answer}");
            next += 1;
        }
    }
    assert_eq!(answer["nextPosition"], next, "and no more: {answer}");
}
