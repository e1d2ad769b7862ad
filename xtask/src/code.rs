//! The code of a function, read as far as is needed to tell where it names its locals.

use anyhow::{Result, bail};

use crate::module::Reader;

/// A function's code.
pub struct Code<'a> {
    /// Its locals but for its parameters: how many in a row have which type.
    pub locals: Vec<(usize, u8)>,
    pub instructions: &'a [u8],
    /// Where in the instructions the number of a local is, and which.
    pub uses: Vec<(usize, usize)>,
}

impl<'a> Code<'a> {
    /// Reads a function's body.
    ///
    /// # Errors
    /// When it is cut off, or has an instruction that is not known here.
    pub fn read(body: &'a [u8]) -> Result<Self> {
        let mut rest = Reader(body);
        let mut locals = Vec::new();
        for _ in 0..rest.number()? {
            locals.push((rest.number()?, rest.byte()?));
        }
        let instructions = rest.0;
        let mut uses = Vec::new();
        while !rest.0.is_empty() {
            if let Some(local) = instruction(&mut rest)? {
                let before = instructions.len() - rest.0.len();
                uses.push((before - width(local), local));
            }
        }
        Ok(Self { locals, instructions, uses })
    }
}

/// How many bytes a number takes.
fn width(number: usize) -> usize {
    if number < 128 { 1 } else { 1 + width(number >> 7) }
}

/// Reads an instruction; returns the local that it is about, if any.
fn instruction(rest: &mut Reader) -> Result<Option<usize>> {
    let code = rest.byte()?;
    let numbers = match code {
        // local.get, local.set, local.tee
        0x20..=0x22 => return rest.number().map(Some),
        // unreachable, nop, else, end, return, drop, select; comparisons and arithmetic; ref.is_null
        0x00 | 0x01 | 0x05 | 0x0b | 0x0f | 0x1a | 0x1b | 0x45..=0xc4 | 0xd1 => 0,
        // block, loop, if with their types; br, br_if, call; globals and tables; memory.size, memory.grow; ref.null, ref.func
        0x02..=0x04 | 0x0c | 0x0d | 0x10 | 0x23..=0x26 | 0x3f | 0x40 | 0xd0 | 0xd2 => 1,
        // call_indirect; loads and stores
        0x11 | 0x28..=0x3e => 2,
        // br_table, which has one more; select with types
        0x0e => rest.number()? + 1,
        0x1c => rest.number()?,
        // i32.const, i64.const
        0x41 | 0x42 => {
            while rest.byte()? >= 128 {}
            0
        }
        // f32.const, f64.const
        0x43 => rest.take(4).map(|_| 0)?,
        0x44 => rest.take(8).map(|_| 0)?,
        0xfc => match rest.number()? {
            // What floating-point numbers become integers with.
            0..=7 => 0,
            // data.drop, memory.fill, elem.drop, table.grow, table.size, table.fill
            9 | 11 | 13 | 15..=17 => 1,
            // memory.init, memory.copy, table.init, table.copy
            8 | 10 | 12 | 14 => 2,
            unknown => bail!("the instruction 0xfc {unknown} is not known here: add it to xtask/src/code.rs"),
        },
        unknown => bail!("the instruction {unknown:#x} is not known here: add it to xtask/src/code.rs"),
    };
    for _ in 0..numbers {
        rest.number()?;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn the_uses_of_locals_are_told_from_what_looks_like_them() {
        let instructions = [
            &[0x20, 1, 0x41, 0x20, 0x42, 0xa0, 0x20, 0x44][..],
            &[0x20; 8],
            &[0x28, 0x20, 0x20, 0x10, 0x20, 0x11, 0x20, 0x20, 0x02, 0x40, 0x0e, 2, 0x20, 0x21, 0x22, 0x0b],
            &[0xfc, 10, 0x20, 0x20, 0x6a, 0x21, 0x81, 1, 0x22, 3, 0x0b],
        ]
        .concat();
        let body = [&[2, 3, 0x7f, 1, 0x7e], &instructions[..]].concat();
        let code = Code::read(&body).unwrap();
        assert_eq!(code.locals, [(3, 0x7f), (1, 0x7e)]);
        assert_eq!(code.instructions, instructions);
        assert_eq!(code.uses, [(1, 1), (38, 129), (41, 3)]);
        assert!(Code::read(&body[..body.len() - 2]).is_err(), "it ends too early");
        assert!(Code::read(&[0, 0xfd, 0, 0x0b]).is_err(), "not known");
    }
}
