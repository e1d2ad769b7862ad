//! What is in the wasm: its functions by where they come from, each origin with its raw size and with what the package
//! would be smaller without it, compressed. From the names that the build keeps until the last step; for the manual's table.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};

use crate::place::Place;
use crate::size::brotli;
use crate::{files, package};

/// How many single functions are listed.
const LISTED: usize = 15;

pub fn verb(place: &Place) -> Result<()> {
    let bytes = files::read(&package::named(place)?)?;
    let module = Module::read(&bytes).context("reading the optimised wasm")?;
    if module.functions.is_empty() || module.functions.iter().all(|function| function.name.is_empty()) {
        bail!("the optimised wasm has no names of functions");
    }
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

struct Function<'a> {
    name: String,
    body: &'a [u8],
}

/// As much of a module as is needed to tell its functions apart.
struct Module<'a> {
    functions: Vec<Function<'a>>,
    /// The contents of the data section.
    data: &'a [u8],
    /// All sections but the code and what is custom.
    others: Vec<&'a [u8]>,
}

impl<'a> Module<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self> {
        let mut rest = Reader(bytes.get(8..).context("too short for a module")?);
        let (mut bodies, mut names, mut data, mut others) = (Vec::new(), HashMap::new(), &[][..], Vec::new());
        let mut imported = 0;
        while !rest.0.is_empty() {
            let kind = rest.byte()?;
            let size = rest.number()?;
            let section = rest.take(size)?;
            match kind {
                0 => read_names(section, &mut names)?,
                10 => {
                    let mut code = Reader(section);
                    for _ in 0..code.number()? {
                        let size = code.number()?;
                        bodies.push(code.take(size)?);
                    }
                }
                _ => others.push(section),
            }
            match kind {
                2 => imported = imported_functions(section)?,
                11 => data = section,
                _ => {}
            }
        }
        let name = |at: usize| names.get(&(at + imported)).cloned().unwrap_or_default();
        let functions = bodies.into_iter().enumerate().map(|(at, body)| Function { name: name(at), body }).collect();
        Ok(Self { functions, data, others })
    }

    /// The bytes without the functions that are left out.
    fn without(&self, left_out: &dyn Fn(&Function) -> bool) -> Vec<u8> {
        let kept = self.functions.iter().filter(|function| !left_out(function)).map(|function| function.body);
        self.others.iter().copied().chain(kept).flatten().copied().collect()
    }
}

/// The functions' names, when the custom section is the one that has them.
fn read_names(section: &[u8], names: &mut HashMap<usize, String>) -> Result<()> {
    let mut section = Reader(section);
    if section.text()? != "name" {
        return Ok(());
    }
    while !section.0.is_empty() {
        let kind = section.byte()?;
        let size = section.number()?;
        let mut part = Reader(section.take(size)?);
        if kind == 1 {
            for _ in 0..part.number()? {
                let function = part.number()?;
                names.insert(function, part.text()?);
            }
        }
    }
    Ok(())
}

fn imported_functions(section: &[u8]) -> Result<usize> {
    let mut section = Reader(section);
    let count = section.number()?;
    for _ in 0..count {
        section.text()?;
        section.text()?;
        if section.byte()? != 0 {
            bail!("the module imports something that is no function");
        }
        section.number()?;
    }
    Ok(count)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count).context("it ends too early")?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8> {
        self.take(1)?.first().copied().context("it ends too early")
    }

    /// An unsigned number, LEB128.
    fn number(&mut self) -> Result<usize> {
        let mut number = 0;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            number |= usize::from(byte & 127) << shift;
            if byte < 128 {
                return Ok(number);
            }
        }
        bail!("a number has no end")
    }

    fn text(&mut self) -> Result<String> {
        let size = self.number()?;
        Ok(String::from_utf8_lossy(self.take(size)?).into_owned())
    }
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
    use super::{Module, origin, plain};

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

    #[test]
    fn a_module_is_read() {
        let import = [2, 7, 1, 1, b'a', 1, b'b', 0, 0];
        let code = [10, 6, 1, 4, 0, 65, 1, 11];
        let name = [0, 12, 4, b'n', b'a', b'm', b'e', 1, 5, 1, 1, 2, b'f', b'n'];
        let bytes = [&b"\0asm\x01\0\0\0"[..], &import, &code, &name].concat();
        let module = Module::read(&bytes).unwrap();
        assert_eq!(module.functions.len(), 1);
        assert_eq!(module.functions[0].name, "fn", "after the one that is imported");
        assert_eq!(module.functions[0].body, [0, 65, 1, 11]);
        assert_eq!(module.without(&|_| true), import[2..]);
        assert!(Module::read(&bytes[..bytes.len() - 3]).is_err(), "it ends too early");
    }
}
