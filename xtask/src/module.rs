//! A wasm module, read as far as is needed to tell its functions apart.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};

/// A function.
pub struct Function<'a> {
    /// What the names' section calls it; else empty.
    pub name: String,
    /// The number of its type.
    pub kind: usize,
    /// Its locals and its code.
    pub body: &'a [u8],
}

/// As much of a module as is needed to tell its functions apart.
pub struct Module<'a> {
    /// Those that are not imported, in their order.
    pub functions: Vec<Function<'a>>,
    /// The contents of the data section.
    pub data: &'a [u8],
    /// The numbers of the types of the functions that are imported: they are numbered before the others.
    pub imported: Vec<usize>,
    /// How many parameters the functions of each type have.
    parameters: Vec<usize>,
    /// What is before and after the section of the code.
    around: (&'a [u8], &'a [u8]),
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
        let (mut imported, mut kinds) = (Vec::new(), Vec::new());
        let (mut parameters, mut around) = (Vec::new(), (bytes, &[][..]));
        while !rest.0.is_empty() {
            let before = bytes.len() - rest.0.len();
            let kind = rest.byte()?;
            let size = rest.number()?;
            let section = rest.take(size)?;
            match kind {
                0 => read_names(section, &mut names)?,
                10 => {
                    around = (bytes.get(..before).unwrap_or_default(), rest.0);
                    let mut code = Reader(section);
                    for _ in 0..code.number()? {
                        let size = code.number()?;
                        bodies.push(code.take(size)?);
                    }
                }
                _ => others.push(section),
            }
            match kind {
                1 => parameters = parameters_of_types(section)?,
                2 => imported = imported_functions(section)?,
                3 => kinds = Reader(section).numbers()?,
                11 => data = section,
                _ => {}
            }
        }
        if kinds.len() != bodies.len() {
            bail!("{} functions have a type, {} have code", kinds.len(), bodies.len());
        }
        let mut name = |at: usize| names.remove(&(at + imported.len())).unwrap_or_default();
        let functions = bodies.into_iter().zip(kinds).enumerate();
        let functions = functions.map(|(at, (body, kind))| Function { name: name(at), kind, body }).collect();
        Ok(Self { functions, data, imported, parameters, around, others })
    }

    /// The same with its functions in another order.
    pub fn in_order(self, order: &[usize]) -> Self {
        let mut left: Vec<_> = self.functions.into_iter().map(Some).collect();
        let functions = order.iter().filter_map(|place| left.get_mut(*place)?.take()).collect();
        Self { functions, ..self }
    }

    /// How many parameters a function has.
    ///
    /// # Errors
    /// When its type is not one of the module.
    pub fn parameters_of(&self, function: &Function) -> Result<usize> {
        self.parameters.get(function.kind).copied().with_context(|| format!("there is no type {}", function.kind))
    }

    /// The module's bytes, with other bodies for its functions.
    pub fn with_bodies(&self, bodies: &[Vec<u8>]) -> Vec<u8> {
        let mut code = Vec::new();
        number(&mut code, bodies.len());
        for body in bodies {
            number(&mut code, body.len());
            code.extend(body);
        }
        let (before, after) = self.around;
        let mut bytes = before.to_vec();
        bytes.push(10);
        number(&mut bytes, code.len());
        [bytes, code, after.to_vec()].concat()
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

/// How many parameters the functions of each type have.
fn parameters_of_types(section: &[u8]) -> Result<Vec<usize>> {
    let mut section = Reader(section);
    let mut parameters = Vec::new();
    for _ in 0..section.number()? {
        if section.byte()? != 0x60 {
            bail!("the module has a type that is no function's");
        }
        let count = section.number()?;
        section.take(count)?;
        parameters.push(count);
        let results = section.number()?;
        section.take(results)?;
    }
    Ok(parameters)
}

/// The numbers of the types of the functions that are imported.
fn imported_functions(section: &[u8]) -> Result<Vec<usize>> {
    let mut section = Reader(section);
    let mut kinds = Vec::new();
    for _ in 0..section.number()? {
        section.text()?;
        section.text()?;
        if section.byte()? != 0 {
            bail!("the module imports something that is no function");
        }
        kinds.push(section.number()?);
    }
    Ok(kinds)
}

/// What is left to be read.
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count).context("it ends too early")?;
        self.0 = rest;
        Ok(taken)
    }

    pub fn byte(&mut self) -> Result<u8> {
        self.take(1)?.first().copied().context("it ends too early")
    }

    /// An unsigned number, LEB128.
    pub fn number(&mut self) -> Result<usize> {
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

    /// So many numbers as the first says.
    fn numbers(&mut self) -> Result<Vec<usize>> {
        (0..self.number()?).map(|_| self.number()).collect()
    }

    fn text(&mut self) -> Result<String> {
        let size = self.number()?;
        Ok(String::from_utf8_lossy(self.take(size)?).into_owned())
    }
}

/// Writes an unsigned number, LEB128.
pub fn number(bytes: &mut Vec<u8>, mut number: usize) {
    while number > 127 {
        bytes.push((number & 127) as u8 | 128);
        number >>= 7;
    }
    bytes.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::Module;

    #[test]
    fn a_module_is_read() {
        let import = [2, 7, 1, 1, b'a', 1, b'b', 0, 5];
        let kinds = [3, 2, 1, 6];
        let code = [10, 6, 1, 4, 0, 65, 1, 11];
        let name = [0, 12, 4, b'n', b'a', b'm', b'e', 1, 5, 1, 1, 2, b'f', b'n'];
        let bytes = [&b"\0asm\x01\0\0\0"[..], &import, &kinds, &code, &name].concat();
        let module = Module::read(&bytes).unwrap();
        assert_eq!(module.functions.len(), 1);
        assert_eq!(module.functions[0].name, "fn", "after the one that is imported");
        assert_eq!(module.functions[0].body, [0, 65, 1, 11]);
        assert_eq!((&module.imported[..], module.functions[0].kind), (&[5][..], 6));
        assert_eq!(module.without(&|_| true), [&import[2..], &kinds[2..]].concat());
        assert!(Module::read(&bytes[..bytes.len() - 3]).is_err(), "it ends too early");
    }
}
