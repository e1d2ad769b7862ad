//! The order of the functions in the wasm: each beside those that are most like it, for compression finds what was there
//! not long ago. wasm-opt orders functions by their names; so they are named by the places that they are to have.

use std::collections::HashMap;

use anyhow::Result;

use crate::module::Module;

/// So many bytes in a row that two functions have in common make them alike.
const GRAM: usize = 4;
/// What more functions than this have in common says nothing.
const COMMON: usize = 400;
/// How much of what was like the functions before still counts for the next one.
const MEMORY: f64 = 0.8;

/// The module, which has no names, with names by which its functions are to be ordered.
///
/// # Errors
/// When it is no module.
pub fn named(bytes: &[u8]) -> Result<Vec<u8>> {
    let module = Module::read(bytes)?;
    let bodies: Vec<&[u8]> = module.functions.iter().map(|function| function.body).collect();
    let mut places = vec![0; bodies.len()];
    for (place, function) in by_likeness(&bodies).into_iter().enumerate() {
        if let Some(known) = places.get_mut(function) {
            *known = place;
        }
    }
    let mut names = Vec::new();
    number(&mut names, places.len());
    for (function, place) in places.iter().enumerate() {
        number(&mut names, module.imported + function);
        text(&mut names, &format!("{place:06}"));
    }
    let mut section = Vec::new();
    text(&mut section, "name");
    // The part of the section that names functions.
    section.push(1);
    number(&mut section, names.len());
    section.append(&mut names);
    let mut named = bytes.to_vec();
    // A section of the kind that is custom.
    named.push(0);
    number(&mut named, section.len());
    named.append(&mut section);
    Ok(named)
}

/// A function that may be the next.
struct Candidate<'a> {
    grams: Vec<&'a [u8]>,
    size: f64,
    /// What it has in common with those that have their places, the last of them most.
    likeness: f64,
    is_placed: bool,
}

impl<'a> Candidate<'a> {
    fn new(body: &'a [u8]) -> Self {
        let mut grams: Vec<&[u8]> = body.windows(GRAM).collect();
        grams.sort_unstable();
        grams.dedup();
        Self { size: grams.len().max(1) as f64, grams, likeness: 0.0, is_placed: false }
    }
}

/// The functions so that each comes after those that it has most in common with, for its size.
pub fn by_likeness(bodies: &[&[u8]]) -> Vec<usize> {
    let mut candidates: Vec<Candidate> = bodies.iter().map(|body| Candidate::new(body)).collect();
    let mut owners: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for (function, candidate) in candidates.iter().enumerate() {
        candidate.grams.iter().for_each(|gram| owners.entry(gram).or_default().push(function));
    }
    let mut order = Vec::new();
    loop {
        let value = |candidate: &Candidate| candidate.likeness / candidate.size;
        // Of equals the first.
        let left = candidates.iter().enumerate().rev().filter(|(_, it)| !it.is_placed);
        let best =
            left.max_by(|(_, one), (_, other)| value(one).total_cmp(&value(other))).map(|(function, _)| function);
        let Some((function, chosen)) = best.and_then(|best| Some((best, candidates.get_mut(best)?))) else {
            return order;
        };
        chosen.is_placed = true;
        order.push(function);
        let grams = std::mem::take(&mut chosen.grams);
        candidates.iter_mut().for_each(|candidate| candidate.likeness *= MEMORY);
        for owners in grams.iter().filter_map(|gram| owners.get(gram)).filter(|it| (2..COMMON).contains(&it.len())) {
            let rare = 1.0 / ((1 + owners.len()) as f64).log2();
            for function in owners {
                if let Some(candidate) = candidates.get_mut(*function) {
                    candidate.likeness += rare;
                }
            }
        }
    }
}

/// An unsigned number, LEB128.
fn number(bytes: &mut Vec<u8>, mut number: usize) {
    while number > 127 {
        bytes.push((number & 127) as u8 | 128);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    number(bytes, text.len());
    bytes.extend(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::{by_likeness, named};
    use crate::module::Module;

    #[test]
    fn functions_that_are_alike_are_neighbours() {
        let bodies: [&[u8]; 5] = [b"one thing", b"another matter", b"the same thing", b"that other matter", b"nothing"];
        assert_eq!(by_likeness(&bodies), [0, 4, 2, 1, 3]);
    }

    #[test]
    fn every_function_has_a_place_of_its_own() {
        let code = [10, 13, 3, 3, 0, 65, 1, 3, 0, 65, 2, 3, 0, 65, 1];
        let module = [&b"\0asm\x01\0\0\0"[..], &code].concat();
        let named = named(&module).unwrap();
        let mut names: Vec<_> = Module::read(&named).unwrap().functions.into_iter().map(|it| it.name).collect();
        names.sort();
        assert_eq!(names, ["000000", "000001", "000002"]);
        assert_eq!(named[..module.len()], module);
    }
}
