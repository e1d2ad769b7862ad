//! A wasm module, read as far as is needed to tell its functions apart.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};

/// A function.
pub struct Function<'a> {
    /// What the names' section calls it; else empty.
    pub name: String,
    /// Its locals and its code.
    pub body: &'a [u8],
}

/// As much of a module as is needed to tell its functions apart.
pub struct Module<'a> {
    /// Those that are not imported, in their order.
    pub functions: Vec<Function<'a>>,
    /// The contents of the data section.
    pub data: &'a [u8],
    /// How many functions are imported: they are numbered first.
    pub imported: usize,
    /// All sections but the code and what is custom.
    others: Vec<&'a [u8]>,
}

impl<'a> Module<'a> {
    /// Reads a module.
    ///
    /// # Errors
    /// When it is cut off, or imports something else than functions.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
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
        Ok(Self { functions, data, imported, others })
    }

    /// The same with its functions in another order.
    pub fn in_order(self, order: &[usize]) -> Self {
        let mut left: Vec<_> = self.functions.into_iter().map(Some).collect();
        let functions = order.iter().filter_map(|place| left.get_mut(*place)?.take()).collect();
        Self { functions, ..self }
    }

    /// The bytes without the functions that are left out.
    pub fn without(&self, left_out: &dyn Fn(&Function) -> bool) -> Vec<u8> {
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

#[cfg(test)]
mod tests {
    use super::Module;

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
