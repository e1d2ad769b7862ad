//! The readers that need no server: the configuration, forms, and raw JSON.

use causerie_server::bayeux::split;
use causerie_server::config::Config;
use causerie_server::form;
use causerie_server::json::{Raw, too_deep};
use serde_json::Value;
use serde_json::value::RawValue;

/// The target `server_config`: a configuration file.
pub fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Config::parse(text, "test") {
        Err(error) => {
            let error = error.to_string();
            assert!(error.starts_with("test"), "an error names the file: {error}");
            assert!(!error.contains('\n'), "an error is one line: {error}");
        }
        Ok(config) => {
            assert!(!config.channels.is_empty());
            for channel in &config.channels {
                assert!(config.channel(&channel.name).is_some_and(|found| std::ptr::eq(found, channel)));
                let forms = [&channel.pre_chat, &channel.post_chat, &channel.offline];
                for form in forms.into_iter().flatten() {
                    let filled = form.fields.iter().map(|field| (field.name.clone(), field.label.clone())).collect();
                    if let Err(wrong) = form.validate(filled) {
                        assert!(!wrong.is_empty(), "a refusal says what is wrong");
                    }
                }
            }
        }
    }
}

/// The target `server_form`: a body, as a form and as an envelope, and as a JSON text.
pub fn form(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(members) = form::read(text) {
        let json = Value::Object(members).to_string();
        assert!(!too_deep(&json), "a form is not deep");
        assert!(serde_json::from_str::<Value>(&json).is_ok(), "a form is JSON");
    }
    if let Ok(messages) = split(text) {
        assert!(messages.iter().all(|message| serde_json::from_str::<&RawValue>(message.get()).is_ok()));
    }
    if !too_deep(text)
        && let Ok(raw) = serde_json::from_str::<Raw>(text)
        && raw.get().starts_with('"')
    {
        assert!(raw.chars() < raw.get().len(), "characters are not more than bytes");
        for (first, second) in [(&raw, &Raw::string("b")), (&Raw::string("a"), &raw), (&raw, &raw)] {
            let joined = Raw::joined(first, second);
            assert!(serde_json::from_str::<Raw>(joined.get()).is_ok(), "two strings are one: {}", joined.get());
        }
    }
}
