//! What a browser loads for an ES module: its imports, theirs, and the files that they name by
//! `new URL("…", import.meta.url)`, such as the wasm. Read from the modules themselves, not from a list.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::files;

/// What a module loads.
#[derive(Debug, Default)]
pub struct Loads {
    /// What importing it loads, in the order of discovery, itself first.
    pub at_once: Vec<PathBuf>,
    /// What it or another of these loads by `import("…")`, and what that loads: only when something asks for it.
    pub on_demand: Vec<PathBuf>,
}

/// Everything that importing `entry` loads, or may load.
pub fn loads(entry: &Path) -> Result<Loads> {
    let mut loads = Loads::default();
    let mut later = Vec::new();
    follow(vec![entry.to_path_buf()], &mut loads.at_once, &[], &mut later)?;
    while let Some(entry) = later.pop() {
        follow(vec![entry], &mut loads.on_demand, &loads.at_once, &mut later)?;
    }
    Ok(loads)
}

/// Adds to `found` what is loaded with the files of `entries`; to `later` what these load on demand.
fn follow(
    entries: Vec<PathBuf>,
    found: &mut Vec<PathBuf>,
    elsewhere: &[PathBuf],
    later: &mut Vec<PathBuf>,
) -> Result<()> {
    let mut waiting = entries;
    while let Some(file) = (!waiting.is_empty()).then(|| waiting.remove(0)) {
        if found.contains(&file) || elsewhere.contains(&file) {
            continue;
        }
        found.push(file.clone());
        if file.extension().is_none_or(|extension| extension != "js" && extension != "mjs") {
            continue;
        }
        for (specifier, when) in references(&files::read_text(&file)?) {
            let path = resolve(&file, &specifier)?;
            match when {
                When::AtOnce => waiting.push(path),
                When::OnDemand => later.push(path),
            }
        }
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    AtOnce,
    OnDemand,
}

fn resolve(importer: &Path, specifier: &str) -> Result<PathBuf> {
    let mut path = importer.parent().map(Path::to_path_buf).unwrap_or_default();
    if specifier.contains(':') || specifier.starts_with('/') {
        bail!("{} loads `{specifier}`, which is outside the package", importer.display());
    }
    for part in specifier.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(path.pop()),
            name => path.push(name),
        }
    }
    if !path.is_file() {
        bail!("{} loads `{specifier}`, but there is no {}", importer.display(), path.display());
    }
    Ok(path)
}

/// The specifiers of a module: `import` and `export … from`, `import("…")`, `new URL("…", import.meta.url)`.
fn references(source: &str) -> Vec<(String, When)> {
    let tokens = tokens(source);
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        let rest = tokens.get(at..).unwrap_or_default();
        let after_dot = at > 0 && tokens.get(at - 1).is_some_and(|token| *token == Token::Sign('.'));
        let specifier = match rest {
            _ if after_dot => None,
            [Token::Word("import"), Token::Text(text), ..] => Some(*text),
            [Token::Word("import"), Token::Sign('('), Token::Text(text), Token::Sign(')' | ','), ..] => {
                found.push(((*text).to_owned(), When::OnDemand));
                None
            }
            [Token::Word("import"), Token::Sign('.' | '('), ..] => None,
            [Token::Word("import"), clause @ ..] => from_clause(clause),
            [Token::Word("export"), Token::Sign('{' | '*'), ..] => from_clause(rest.get(1..).unwrap_or_default()),
            [
                Token::Word("new"),
                Token::Word("URL"),
                Token::Sign('('),
                Token::Text(text),
                Token::Sign(','),
                Token::Word("import"),
                Token::Sign('.'),
                Token::Word("meta"),
                Token::Sign('.'),
                Token::Word("url"),
                ..,
            ] => Some(*text),
            _ => None,
        };
        found.extend(specifier.map(|specifier| (specifier.to_owned(), When::AtOnce)));
    }
    found
}

/// The specifier at the end of an import's or export's clause: names, commas, braces, a star, then `from "…"`.
fn from_clause<'a>(clause: &[Token<'a>]) -> Option<&'a str> {
    let mut open = false;
    for pair in clause.windows(2) {
        match pair {
            [Token::Word("from"), Token::Text(text)] if !open => return Some(text),
            [Token::Sign('{'), _] => open = true,
            [Token::Sign('}'), next] => {
                open = false;
                if *next != Token::Word("from") {
                    return None;
                }
            }
            [Token::Word(_) | Token::Text(_) | Token::Sign(',' | '*'), _] => {}
            _ => return None,
        }
    }
    None
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Text(&'a str),
    Sign(char),
}

/// Splits JavaScript into words, string literals and signs. Comments, regular expressions and the text of templates
/// are dropped.
fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut templates = Vec::new(); // the depth of braces at which each open `${` began
    let mut depth = 0_usize;
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let length = if first.is_whitespace() {
            first.len_utf8()
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |at| at + 2)
        } else if first == '"' || first == '\'' {
            let length = quoted(rest, first);
            tokens.push(Token::Text(rest.get(1..length.saturating_sub(1)).unwrap_or_default()));
            length
        } else if first == '`' || (first == '}' && templates.last() == Some(&depth)) {
            if first == '}' {
                templates.pop();
            }
            let (length, opens) = template(rest);
            if opens {
                templates.push(depth);
            } else {
                tokens.push(Token::Sign('`'));
            }
            length
        } else if first == '/' && regex_may_follow(tokens.last()) {
            tokens.push(Token::Sign('r'));
            regex(rest)
        } else if is_word(first) {
            let length = rest.find(|character| !is_word(character)).unwrap_or(rest.len());
            tokens.push(Token::Word(rest.get(..length).unwrap_or_default()));
            length
        } else {
            match first {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            tokens.push(Token::Sign(first));
            first.len_utf8()
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    tokens
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '$'
}

/// Whether a slash after this token begins a regular expression rather than divides.
fn regex_may_follow(token: Option<&Token<'_>>) -> bool {
    match token {
        Some(Token::Word(word)) => matches!(*word, "return" | "typeof" | "case" | "in" | "of" | "do" | "else" | "void"),
        Some(Token::Sign(sign)) => !matches!(sign, ')' | ']' | '}' | '`' | 'r'),
        Some(Token::Text(_)) => false,
        None => true,
    }
}

/// The length of a string literal, quotes included.
fn quoted(source: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in source.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return at + 1,
            _ => {}
        }
    }
    source.len()
}

/// The length of a piece of a template, up to its end or to a `${`, and whether it was the latter.
fn template(source: &str) -> (usize, bool) {
    let mut escaped = false;
    for (at, character) in source.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '`' => return (at + 1, false),
            '$' if source.get(at + 1..).is_some_and(|rest| rest.starts_with('{')) => {
                return (at + 2, true);
            }
            _ => {}
        }
    }
    (source.len(), false)
}

/// The length of a regular expression literal, slashes included.
fn regex(source: &str) -> usize {
    let (mut escaped, mut class) = (false, false);
    for (at, character) in source.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            '/' if !class => return at + 1,
            '\n' => return at,
            _ => {}
        }
    }
    source.len()
}

#[cfg(test)]
mod tests {
    use super::When;

    fn references(source: &str) -> Vec<String> {
        super::references(source).into_iter().map(|(specifier, _)| specifier).collect()
    }

    #[test]
    fn what_is_loaded_on_demand_is_told_apart() {
        let found = super::references(r#"import a from "./a.js"; const b = () => import("./b.js");"#);
        assert_eq!(found, [("./a.js".to_owned(), When::AtOnce), ("./b.js".to_owned(), When::OnDemand)]);
    }

    #[test]
    fn every_form_of_import_is_seen() {
        let source = r#"
            import "./a.js"; import b from './b.js'; import * as c from "./c.js";
            import d, { e as f } from "./d.js"
            export { g } from "./g.js"; export * from "./h.js"; export * as i from "./i.js";
            const j = await import("./j.js");
            fetch(new URL("k.wasm", import.meta.url));
        "#;
        let expected = ["./a.js", "./b.js", "./c.js", "./d.js", "./g.js", "./h.js", "./i.js", "./j.js", "k.wasm"];
        assert_eq!(references(source), expected);
    }

    #[test]
    fn minified_code_is_read_alike() {
        let source =
            r#"import{a as b}from"./a.js";import c from"./c.js";let d=1;export{d as e,b};export{c}from"./f.js";"#;
        assert_eq!(references(source), ["./a.js", "./c.js", "./f.js"]);
    }

    #[test]
    fn what_only_looks_like_an_import_is_not_one() {
        let source = r#"
            // import "./no1.js"
            /* import "./no2.js" */
            const a = 'import "./no3.js"', b = `import "./no4.js" ${x ? `import "./no5.js"` : { y: "z" }} from "./no6.js"`;
            const r = /import "\/[/"]/.test(a) / 2; object.import("./no7.js"); import.meta.url;
            export const from = "./no8.js"; export { a }; const s = "./no9.js"; import(name);
            new URL("./no10.js", location.href);
            import "./yes.js";
        "#;
        assert_eq!(references(source), ["./yes.js"]);
    }
}
