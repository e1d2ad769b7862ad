//! The numbers of the locals, so that compression finds more: they are free to be chosen, and code that does the same with
//! locals of other numbers is other code to it. Of each type a function has 4 locals, 8, 16 or 32, used or not.

use std::cmp::Reverse;

use anyhow::Result;

use crate::code::Code;
use crate::module::{Module, number};

/// So many bytes in a row that functions have in common make them alike.
const GRAM: usize = 6;
/// How many locals of a type a function has at least, when it has any.
const LEAST: usize = 4;
/// How often the functions are gone through; then little changes.
const ROUNDS: usize = 6;

/// The size of the table of what is known, as a power of two: so large that few have the same place in it.
const TABLE: u32 = 22;

/// The module with the locals of its functions numbered so that the functions are more alike.
///
/// # Errors
/// When it is no module, or has an instruction that is not known here.
pub fn alike(bytes: &[u8]) -> Result<Vec<u8>> {
    let module = Module::read(bytes)?;
    let mut functions = Vec::new();
    for function in &module.functions {
        functions.push(Renamed::new(function.body, module.parameters_of(function)?)?);
    }
    let mut largest: Vec<usize> = (0..functions.len()).collect();
    largest.sort_by_key(|function| functions.get(*function).map(|it| Reverse(it.body.len())));
    let mut known = Known(vec![0; 1 << TABLE]);
    for round in 0..ROUNDS {
        let mut is_settled = true;
        for place in &largest {
            if let Some(function) = functions.get_mut(*place) {
                // At first each is like those before it, for those after it have no names yet.
                if round > 0 {
                    known.forget(&function.body);
                }
                is_settled &= !function.rename(&known);
                known.learn(&function.body);
            }
        }
        if is_settled {
            break;
        }
    }
    let bodies: Vec<_> = functions.into_iter().map(|function| function.body).collect();
    Ok(module.with_bodies(&bodies))
}

/// What is in the functions, and how often: counts, by the hashes of grams. It is asked millions of times.
struct Known(Vec<u32>);

impl Known {
    fn learn(&mut self, body: &[u8]) {
        for place in places(body) {
            if let Some(count) = self.0.get_mut(place) {
                *count += 1;
            }
        }
    }

    fn forget(&mut self, body: &[u8]) {
        for place in places(body) {
            if let Some(count) = self.0.get_mut(place) {
                *count = count.saturating_sub(1);
            }
        }
    }

    /// How much of what is around these places of the body is known.
    fn likeness(&self, body: &[u8], uses: &[usize]) -> f64 {
        let (mut likeness, mut next) = (0.0, 0);
        for place in uses {
            let from = (place + 1).saturating_sub(GRAM).max(next);
            next = place + 1;
            for known in body.get(from..body.len().min(place + GRAM)).into_iter().flat_map(places) {
                match self.0.get(known) {
                    None | Some(0) => {}
                    Some(count) => likeness += f64::from(1 + count).ln(),
                }
            }
        }
        likeness
    }
}

/// Where the body's grams are in the table.
fn places(body: &[u8]) -> impl Iterator<Item = usize> {
    let mut gram = 0;
    let places = body.iter().map(move |byte| {
        gram = (gram << 8 | u64::from(*byte)) & ((1 << (8 * GRAM)) - 1);
        (gram.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - TABLE)) as usize
    });
    places.skip(GRAM - 1)
}

/// A function whose locals can have other numbers.
struct Renamed {
    body: Vec<u8>,
    /// Where its locals are used in the body, by their number; with their types. Those that cannot have another have no type.
    locals: Vec<(Option<u8>, Vec<usize>)>,
}

impl Renamed {
    fn new(body: &[u8], parameters: usize) -> Result<Self> {
        let code = Code::read(body)?;
        let mut locals = vec![(None, Vec::new()); parameters];
        let mut declared = Vec::new();
        number(&mut declared, code.locals.len());
        // The new number of each, for there are more of those before it.
        let mut numbers: Vec<usize> = (0..parameters).collect();
        for (count, kind) in code.locals {
            let rounded = count.next_power_of_two().max(LEAST);
            number(&mut declared, rounded);
            declared.push(kind);
            numbers.extend(locals.len()..locals.len() + count);
            locals.resize(locals.len() + rounded, (Some(kind), Vec::new()));
        }
        // Those with larger numbers would have other sizes.
        if locals.len() > 128 {
            return Ok(Self { body: body.to_vec(), locals: Vec::new() });
        }
        let start = declared.len();
        let mut body = declared;
        body.extend(code.instructions);
        for (place, local) in code.uses {
            let place = start + place;
            let number = numbers.get(local).copied().unwrap_or_default();
            if let (Some(byte), Some((_, uses))) = (body.get_mut(place), locals.get_mut(number)) {
                *byte = number as u8;
                uses.push(place);
            }
        }
        Ok(Self { body, locals })
    }

    /// Has locals change their numbers with each other as long as that makes the function more like what is known. Whether
    /// any has.
    fn rename(&mut self, known: &Known) -> bool {
        let mut is_other = false;
        loop {
            let mut is_better = false;
            for one in 0..self.locals.len() {
                for other in one + 1..self.locals.len() {
                    is_better |= self.try_to_swap(one, other, known);
                }
            }
            if !is_better {
                return is_other;
            }
            is_other = true;
        }
    }

    fn try_to_swap(&mut self, one: usize, other: usize, known: &Known) -> bool {
        let (Some((kind, ones)), Some((other_kind, others))) = (self.locals.get(one), self.locals.get(other)) else {
            return false;
        };
        if kind.is_none() || kind != other_kind || (ones.is_empty() && others.is_empty()) {
            return false;
        }
        let mut places = [&ones[..], &others[..]].concat();
        places.sort_unstable();
        let before = known.likeness(&self.body, &places);
        swap(&mut self.body, &places, one, other);
        if known.likeness(&self.body, &places) > before + 1e-9 {
            self.locals.swap(one, other);
            return true;
        }
        swap(&mut self.body, &places, one, other);
        false
    }
}

/// Changes two locals with each other where they are used.
fn swap(body: &mut [u8], places: &[usize], one: usize, other: usize) {
    for place in places {
        if let Some(byte) = body.get_mut(*place) {
            *byte = if usize::from(*byte) == one { other as u8 } else { one as u8 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::alike;
    use crate::module::Module;

    const I32: u8 = 0x7f;
    const I64: u8 = 0x7e;

    /// A module of one type with two parameters, and functions of these bodies.
    fn module(bodies: &[&[u8]]) -> Vec<u8> {
        let kinds = [&[3, 1 + bodies.len() as u8, bodies.len() as u8][..], &vec![0; bodies.len()]].concat();
        let code: Vec<u8> = bodies.iter().flat_map(|body| [&[body.len() as u8], *body].concat()).collect();
        let code = [&[10, 1 + code.len() as u8, bodies.len() as u8][..], &code].concat();
        let rest = b"\x0b\x01\x00";
        [b"\0asm\x01\0\0\0", &[1, 6, 1, 0x60, 2, I32, I32, 0][..], &kinds, &code, rest].concat()
    }

    fn renamed(bodies: &[&[u8]]) -> Vec<Vec<u8>> {
        let bytes = alike(&module(bodies)).unwrap();
        assert_eq!(bytes[bytes.len() - 3..], *b"\x0b\x01\x00", "what is after the code stays");
        Module::read(&bytes).unwrap().functions.into_iter().map(|function| function.body.to_vec()).collect()
    }

    #[test]
    fn locals_of_one_type_change_with_each_other_and_parameters_stay() {
        let long = [1, 2, I32, 0x41, 9, 0x21, 2, 0x20, 2, 0x20, 0, 0x6a, 0x21, 3, 0x20, 3, 0x1a, 0x20, 2, 0x1a, 0x0b];
        let other = [1, 2, I32, 0x41, 9, 0x21, 3, 0x20, 3, 0x20, 0, 0x6a, 0x21, 2, 0x20, 2, 0x1a, 0x0b];
        let renamed = renamed(&[&other, &long]);
        assert_eq!(renamed[1], [&[1, 4], &long[2..]].concat(), "the largest is first");
        assert_eq!(renamed[0], [&[1, 4], &long[2..17], &[0x0b]].concat());
    }

    #[test]
    fn each_type_has_its_locals_rounded_up_and_those_after_it_follow() {
        let body = [2, 1, I32, 5, I64, 0x20, 0, 0x1a, 0x20, 2, 0x1a, 0x20, 3, 0x1a, 0x20, 7, 0x1a, 0x0b];
        let expected = [2, 4, I32, 8, I64, 0x20, 0, 0x1a, 0x20, 2, 0x1a, 0x20, 6, 0x1a, 0x20, 10, 0x1a, 0x0b];
        assert_eq!(renamed(&[&body]), [expected]);
    }

    #[test]
    fn functions_without_locals_or_with_too_many_stay_as_they_are() {
        let bodies: [&[u8]; 2] = [&[0, 0x20, 1, 0x1a, 0x0b], &[1, 65, I32, 0x20, 2, 0x1a, 0x0b]];
        assert_eq!(renamed(&bodies), bodies);
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        assert!(alike(&module(&[&[0, 0xfd, 0x0b]])).is_err());
    }
}
