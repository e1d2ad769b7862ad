//! Form-encoded bodies as JSON: `a=1&userData[k]=v` is `{"a":"1","userData":{"k":"v"}}`.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// How deep `a[b][c]` may go.
const DEPTH: usize = 8;

/// Reads a form.
///
/// # Errors
/// When it is none: what was expected. Never with its content.
pub fn read(body: &str) -> Result<Map<String, Value>, &'static str> {
    let mut members = Map::new();
    for pair in body.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name)?, decode(value)?);
        insert(&mut members, &path(&name)?, value)?;
    }
    Ok(members)
}

fn decode(text: &str) -> Result<String, &'static str> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| "the form: percent-encoded UTF-8 is expected")
}

/// The steps of `a[b][c]`.
fn path(name: &str) -> Result<Vec<&str>, &'static str> {
    let Some((first, rest)) = name.split_once('[') else { return Ok(vec![name]) };
    let inner = rest.strip_suffix(']').ok_or("the form: a name in brackets needs its closing bracket")?;
    let mut steps = vec![first];
    steps.extend(inner.split("]["));
    if steps.len() > DEPTH {
        return Err("the form: names are nested too deep");
    }
    Ok(steps)
}

fn insert(members: &mut Map<String, Value>, path: &[&str], value: String) -> Result<(), &'static str> {
    const TWICE: &str = "the form: each member once is expected";
    match path {
        [] => Ok(()),
        [name] => match members.insert((*name).to_owned(), Value::String(value)) {
            None => Ok(()),
            Some(_) => Err(TWICE),
        },
        [name, rest @ ..] => {
            match members.entry((*name).to_owned()).or_insert_with(|| Value::Object(Map::new())).as_object_mut() {
                Some(inner) => insert(inner, rest, value),
                None => Err(TWICE),
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_in_brackets_are_objects() {
        let form = read("nickname=Ann+B&userData[a]=1&userData%5Bb%5D%5Bc%5D=%C3%A9&empty&").unwrap();
        assert_eq!(
            Value::Object(form),
            json!({"nickname": "Ann B", "userData": {"a": "1", "b": {"c": "é"}}, "empty": ""})
        );
    }

    #[test]
    fn what_is_no_form_is_refused() {
        for body in ["a=%ff", "a=1&a=2", "a=1&a[b]=2", "a[b=1", "a[b][c][d][e][f][g][h][i]=1"] {
            assert!(read(body).is_err(), "{body}");
        }
    }
}
