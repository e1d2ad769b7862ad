//! The order of the functions in the wasm: each beside those that are most like it, for compression finds what was there
//! not long ago. Those that are imported are ordered by their types. wasm-opt orders functions by their names; so they are
//! named by the places that they are to have.

use std::collections::HashMap;

use anyhow::Result;

use crate::module::{Function, Module, number};

/// So many bytes in a row that two functions have in common make them alike.
const GRAM: usize = 4;
/// What the type is between, when functions are compared as if it stood before their bodies.
const HEAD: &[u8] = &[251, 252];
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
    let mut imported: Vec<usize> = (0..module.imported.len()).collect();
    imported.sort_by_key(|function| module.imported.get(*function));
    let order = by_likeness(&module.functions).into_iter().map(|function| imported.len() + function);
    let mut places: Vec<_> = imported.iter().copied().chain(order).enumerate().collect();
    places.sort_by_key(|(_, function)| *function);
    let mut names = Vec::new();
    number(&mut names, places.len());
    for (place, function) in places {
        number(&mut names, function);
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
struct Candidate {
    grams: Vec<[u8; GRAM]>,
    size: f64,
    /// What it has in common with those that have their places, the last of them most.
    likeness: f64,
    is_placed: bool,
}

impl Candidate {
    fn new(function: &Function) -> Self {
        let mut bytes = HEAD.to_vec();
        number(&mut bytes, function.kind);
        bytes.extend(HEAD);
        bytes.extend(function.body);
        let mut grams: Vec<[u8; GRAM]> = bytes.windows(GRAM).filter_map(|gram| gram.try_into().ok()).collect();
        grams.sort_unstable();
        grams.dedup();
        Self { size: grams.len().max(1) as f64, grams, likeness: 0.0, is_placed: false }
    }
}

/// The functions so that each comes after those that it has most in common with, for its size.
pub fn by_likeness(functions: &[Function]) -> Vec<usize> {
    let mut candidates: Vec<Candidate> = functions.iter().map(Candidate::new).collect();
    let mut owners: HashMap<[u8; GRAM], Vec<usize>> = HashMap::new();
    for (function, candidate) in candidates.iter().enumerate() {
        candidate.grams.iter().for_each(|gram| owners.entry(*gram).or_default().push(function));
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

fn text(bytes: &mut Vec<u8>, text: &str) {
    number(bytes, text.len());
    bytes.extend(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::{by_likeness, named};
    use crate::module::{Function, Module};

    fn order(functions: &[(usize, &'static str)]) -> Vec<usize> {
        let function =
            |(kind, body): &(usize, &'static str)| Function { name: String::new(), kind: *kind, body: body.as_bytes() };
        by_likeness(&functions.iter().map(function).collect::<Vec<_>>())
    }

    #[test]
    fn functions_that_are_alike_are_neighbours() {
        let functions =
            [(0, "one thing"), (1, "another matter"), (2, "the same thing"), (3, "that other matter"), (4, "nothing")];
        assert_eq!(order(&functions), [0, 2, 4, 1, 3]);
    }

    #[test]
    fn functions_of_one_type_are_alike() {
        assert_eq!(order(&[(7, "abcde"), (8, "fghij"), (9, "klmno"), (7, "pqrst")]), [0, 3, 1, 2]);
    }

    #[test]
    fn every_function_has_a_place_of_its_own_and_imports_are_ordered_by_their_types() {
        let types = [1, 7, 2, 96, 0, 0, 96, 0, 0];
        let imports = [2, 13, 2, 1, b'a', 1, b'b', 0, 1, 1, b'a', 1, b'c', 0, 0];
        let kinds = [3, 4, 3, 0, 0, 0];
        let code = [10, 13, 3, 3, 0, 65, 1, 3, 0, 65, 2, 3, 0, 65, 1];
        let module = [&b"\0asm\x01\0\0\0"[..], &types, &imports, &kinds, &code].concat();
        let named = named(&module).unwrap();
        let mut names: Vec<_> = Module::read(&named).unwrap().functions.into_iter().map(|it| it.name).collect();
        names.sort();
        assert_eq!(names, ["000002", "000003", "000004"]);
        let section = named.strip_prefix(&module[..]).unwrap();
        assert_eq!(&section[10..26], b"\0\x06000001\x01\x06000000");
    }
}
