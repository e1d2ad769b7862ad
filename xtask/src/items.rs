//! What is in the wasm: its functions by where they come from, each origin with its raw size and with what the package
//! would be smaller without it, compressed. From the names that the build keeps until the last step; for the manual's table.

use anyhow::{Context, Result, bail};

use crate::module::Module;
use crate::place::Place;
use crate::size::brotli;
use crate::{files, locals, order, package};

/// How many single functions are listed.
const LISTED: usize = 15;

pub fn verb(place: &Place) -> Result<()> {
    // As they are shipped.
    let bytes = locals::alike(&files::read(&package::named(place)?)?)?;
    let module = Module::read(&bytes).context("reading the optimised wasm")?;
    if module.functions.is_empty() || module.functions.iter().all(|function| function.name.is_empty()) {
        bail!("the optimised wasm has no names of functions");
    }
    let order = order::by_likeness(&module.functions);
    let module = module.in_order(&order);
    let all = brotli(&module.without(&|_| false))?;
    let mut origins: Vec<(String, usize, usize)> = Vec::new();
    for function in &module.functions {
        let origin = origin(&function.name);
        match origins.iter_mut().find(|(known, ..)| *known == origin) {
            Some((_, count, size)) => {
                *count += 1;
                *size += function.body.len();
            }
            None => origins.push((origin, 1, function.body.len())),
        }
    }
    let mut rows = Vec::new();
    for (name, count, size) in origins {
        let saved = all.saturating_sub(brotli(&module.without(&|function| origin(&function.name) == name))?);
        rows.push((name, count, size, saved));
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.3));
    println!("\n| where it comes from | functions | raw | brotli |\n|---|---|---|---|");
    for (name, count, size, saved) in rows.iter().filter(|row| row.2 >= 400) {
        println!("| `{name}` | {count} | {size} | {saved} |");
    }
    println!("| constants and strings | | {} | {} |", module.data.len(), brotli(module.data)?);
    println!("\n| function | raw |\n|---|---|");
    let mut functions: Vec<_> = module.functions.iter().collect();
    functions.sort_by_key(|function| std::cmp::Reverse(function.body.len()));
    for function in functions.iter().take(LISTED) {
        println!("| `{}` | {} |", plain(&function.name), function.body.len());
    }
    println!("\n{} functions; with their names, {all} bytes by brotli", module.functions.len());
    Ok(())
}

/// A name without the hashes that compilers give.
fn plain(name: &str) -> String {
    let mut plain = String::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('[') {
        plain.push_str(before);
        match after.split_once(']') {
            Some((hash, after)) if hash.len() >= 12 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                rest = after
            }
            _ => {
                plain.push('[');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    match plain.rsplit_once("::h") {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => name.to_owned(),
        _ => plain,
    }
}

/// Where a function comes from: the module of our own, the crate of others.
fn origin(name: &str) -> String {
    let name = plain(name);
    if name.contains("drop_in_place") || name.contains("drop_slow") {
        return "letting go of values".to_owned();
    }
    let path = name.trim_start_matches(['<', '&', '(', '*']).trim_start_matches("dyn ");
    let path = path.split(['<', ' ', '(', '>']).next().unwrap_or_default();
    let mut parts = path.trim_end_matches(':').split("::");
    match (parts.next(), parts.next()) {
        (Some("causerie"), Some(module)) => match (module, parts.next()) {
            ("session" | "web", Some(part)) if part.starts_with(|sign: char| sign.is_lowercase()) => {
                format!("causerie::{module}::{part}")
            }
            _ => format!("causerie::{module}"),
        },
        (Some(library @ ("core" | "alloc" | "std")), Some(module)) => format!("{library}::{module}"),
        (Some(library), Some(_)) => library.to_owned(),
        _ => "the boundary with JavaScript".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{origin, plain};

    #[test]
    fn names_lose_their_hashes() {
        assert_eq!(plain("core[5930c85a12de822]::fmt::write"), "core::fmt::write");
        assert_eq!(plain("causerie::web::page::tell::h0401da1fb8e44a1f"), "causerie::web::page::tell");
        assert_eq!(plain("<[T] as core::fmt::Debug>::fmt"), "<[T] as core::fmt::Debug>::fmt");
    }

    #[test]
    fn functions_are_told_apart_by_their_origin() {
        let cases = [
            (
                "causerie::session::launch::<impl causerie::session::Session<J>>::begin::h0401da1fb8e44a1f",
                "causerie::session::launch",
            ),
            ("causerie::session::Session<J>::command", "causerie::session"),
            ("<causerie::bayeux::client::Client<J> as causerie::protocol::Protocol<J>>::send", "causerie::bayeux"),
            ("<alloc[3ca501edff3f0c7c]::string::String as core::fmt::Write>::write_str", "alloc::string"),
            ("talc::base::Talc<S,B>::claim", "talc"),
            ("core::ptr::drop_in_place<causerie::session::State>", "letting go of values"),
            ("engine_command externref shim", "the boundary with JavaScript"),
            ("", "the boundary with JavaScript"),
        ];
        for (name, expected) in cases {
            assert_eq!(origin(name), expected, "{name}");
        }
    }
}
