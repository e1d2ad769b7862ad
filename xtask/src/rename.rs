//! The glue made small. wasm-bindgen's names of what the wasm imports and exports carry hashes, which no compression
//! shortens; wasm-opt replaces them and prints what by what, and the glue has to follow. And its getters are made safe.

use anyhow::{Context, Result, bail};

/// What wasm-opt prints when it renames: `["module", "old", "new"]` for each import, `["old", "new"]` for each export.
pub struct Names<'a> {
    modules: Vec<&'a str>,
    imports: Vec<(&'a str, &'a str)>,
    exports: Vec<(&'a str, &'a str)>,
}

/// What wasm-opt calls the one module that all imports are then from.
const MODULE: &str = "a";

impl<'a> Names<'a> {
    /// Reads what wasm-opt printed.
    pub fn read(printed: &'a str) -> Result<Self> {
        let mut names = Self { modules: Vec::new(), imports: Vec::new(), exports: Vec::new() };
        for line in printed.lines() {
            let Some(row) = line.trim().strip_prefix("[\"") else { continue };
            let row = row.trim_end_matches(',').strip_suffix("\"]").with_context(|| format!("not a name: {line}"))?;
            match row.split("\", \"").collect::<Vec<_>>().as_slice() {
                [module, old, new] => {
                    names.imports.push((old, new));
                    if !names.modules.contains(module) {
                        names.modules.push(module);
                    }
                }
                [old, new] => names.exports.push((old, new)),
                _ => bail!("not a name: {line}"),
            }
        }
        if names.imports.is_empty() || names.exports.is_empty() {
            bail!("wasm-opt named no imports or no exports");
        }
        Ok(names)
    }

    /// The glue with the new names. Every name must be found: a glue of another form than is known here fails the build.
    pub fn apply(&self, glue: &str) -> Result<String> {
        let [module] = self.modules.as_slice() else {
            bail!("the imports come from several modules, of which wasm-opt makes one: {:?}", self.modules);
        };
        let mut glue = once(glue, &format!("\"{module}\": import"), &format!("\"{MODULE}\": import"))?;
        for (old, new) in &self.imports {
            glue = once(&glue, &format!("\n        {old}: function("), &format!("\n        {new}: function("))?;
        }
        self.apply_exports(&safe(&glue)?)
    }

    /// The exports are the members of `wasm`.
    fn apply_exports(&self, glue: &str) -> Result<String> {
        const OBJECT: &str = "wasm.";
        let mut renamed = String::new();
        let mut rest = glue;
        while let Some(at) = rest.find(OBJECT) {
            let (before, found) = rest.split_at(at);
            let found = found.get(OBJECT.len()..).unwrap_or_default();
            renamed.push_str(before);
            renamed.push_str(OBJECT);
            rest = found;
            let quoted = found.starts_with('\''); // the end of a file's name
            if before.ends_with(is_word) || quoted {
                continue;
            }
            let name = found.split(|sign| !is_word(sign)).next().unwrap_or_default();
            let Some((_, new)) = self.exports.iter().find(|(old, _)| *old == name) else {
                bail!("the glue uses `wasm.{name}`, which the wasm does not export");
            };
            renamed.push_str(new);
            rest = found.get(name.len()..).unwrap_or_default();
        }
        renamed.push_str(rest);
        Ok(renamed)
    }
}

/// What the glue has for callers and browsers of the past: ways to call it that nothing here uses, a warning in many words, and
/// what is done where something is missing that each browser of the package's level of JavaScript has.
pub fn without_past(glue: &str) -> Result<String> {
    let mut glue = glue.to_owned();
    for (begin, end, now) in PAST {
        let (Some(from), true) = (glue.find(begin), glue.matches(begin).count() == 1) else {
            bail!("the glue does not have `{begin}` once");
        };
        let length =
            glue.get(from..).and_then(|rest| rest.find(end)).with_context(|| format!("`{begin}` has no end"))?;
        glue.replace_range(from..from + length + end.len(), now);
    }
    Ok(glue)
}

/// Where each begins, with what it ends, and what stands in its place.
const PAST: &[(&str, &str, &str)] = &[
    ("    if (module_or_path !== undefined) {\n        if (Object.getPrototypeOf(module_or_path)", "\n    }\n", ""),
    // It is given a function that gets the module's address, and says where the module comes from.
    (
        "    if (module_or_path === undefined) {\n        module_or_path = new URL",
        "import.meta.url);\n    }\n",
        "    module_or_path = await module_or_path(new URL('causerie_bg.wasm', import.meta.url));\n",
    ),
    ("if (!('encodeInto' in cachedTextEncoder)) {", "\n}\n", ""),
    (
        "`WebAssembly.instantiateStreaming` failed because",
        "Original error:\\n",
        "The wasm should be served as application/wasm: ",
    ),
    ("    if (realloc === undefined) {\n        const buf", "        return ptr;\n    }\n", ""),
    ("const EngineFinalization = (typeof", "\n    : ", "const EngineFinalization = "),
    ("const CLOSURE_DTORS = (typeof", "\n    : ", "const CLOSURE_DTORS = "),
    ("if (Symbol.dispose) Engine", "\n", ""),
    ("cachedDataViewMemory0.buffer.detached === true", "))", "cachedDataViewMemory0.buffer.byteLength === 0)"),
    (
        "function handleError(f, args)",
        "f.apply(this, args)",
        "function handleError(f) {\n    try {\n        return f()",
    ),
];

/// The getters with `?.`: of null and undefined they read undefined, so that the wasm need not ask before. Functions
/// become arrows, which are shorter; none of them has a `this`.
fn safe(glue: &str) -> Result<String> {
    const GETTER: &str = "            const ret = arg0.";
    let mut getters = 0;
    let lines: Vec<String> = glue
        .lines()
        .map(|line| match (line.strip_prefix(GETTER), line.split_once(": function(")) {
            (Some(name), _) if name.strip_suffix(';').is_some_and(|name| name.chars().all(is_word)) => {
                getters += 1;
                format!("            const ret = arg0?.{name}")
            }
            (_, Some((name, rest))) if name.starts_with("        ") => {
                let caught = rest.strip_prefix(") { return handleError(function (");
                match (caught, caught.unwrap_or(rest).strip_suffix(") {")) {
                    (Some(_), Some(parameters)) => format!("{name}: ({parameters}) => handleError(() => {{"),
                    (None, Some(parameters)) => format!("{name}: ({parameters}) => {{"),
                    _ => line.to_owned(),
                }
            }
            _ if line == "        }, arguments); }," => "        }),".to_owned(),
            _ => line.to_owned(),
        })
        .collect();
    if getters == 0 {
        bail!("the glue has no getter of the form that is known here, `{}…;`", GETTER.trim());
    }
    Ok(lines.join("\n") + "\n")
}

fn is_word(sign: char) -> bool {
    sign.is_ascii_alphanumeric() || sign == '_' || sign == '$'
}

/// Replaces what must be there exactly once.
pub fn once(text: &str, old: &str, new: &str) -> Result<String> {
    match text.matches(old).count() {
        1 => Ok(text.replacen(old, new, 1)),
        count => bail!("the glue has `{}` {count} times, not once", old.trim()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Names, PAST, without_past};

    const PRINTED: &str = r#"
{
 "imports": [
  ["./x_bg.js", "__wbg_get_1a", "a"],
  ["./x_bg.js", "__wbg_get_1ab", "b"],
  ["./x_bg.js", "__wbg_get_1abc", "f"],
  ["./x_bg.js", "__wbg_send_2a", "g"]
 ],
 "exports": [
  ["memory", "c"],
  ["engine_id", "d"],
  ["engine_id_2", "e"]
 ]
}
"#;

    const GLUE: &str = r#"
function __wbg_get_imports() {
    const import0 = {
        __proto__: null,
        __wbg_get_1a: function(arg0) {
            wasm.engine_id(arg0.length, wasm.engine_id_2);
        },
        __wbg_get_1ab: function() { return wasm.memory.buffer; },
        __wbg_get_1abc: function(arg0) {
            const ret = arg0.channel;
            return ret;
        },
        __wbg_send_2a: function() { return handleError(function (arg0, arg1) {
            arg0.send(arg1);
        }, arguments); },
    };
    return { "./x_bg.js": import0 };
}
const path = new URL('x_bg.wasm', import.meta.url);
"#;

    #[test]
    fn the_glue_follows_the_names_of_the_wasm() {
        let renamed = Names::read(PRINTED).unwrap().apply(GLUE).unwrap();
        let expected = GLUE
            .replace("__wbg_get_1abc: function(arg0)", "f: (arg0) =>")
            .replace(
                "__wbg_send_2a: function() { return handleError(function (arg0, arg1)",
                "g: (arg0, arg1) => handleError(() =>",
            )
            .replace("        }, arguments); },", "        }),")
            .replace("__wbg_get_1ab:", "b:")
            .replace("__wbg_get_1a: function(arg0)", "a: (arg0) =>")
            .replace("arg0.channel", "arg0?.channel")
            .replace("wasm.engine_id_2", "wasm.e")
            .replace("wasm.engine_id(", "wasm.d(")
            .replace("wasm.memory", "wasm.c")
            .replace("\"./x_bg.js\"", "\"a\"");
        assert_eq!(renamed, expected);
    }

    #[test]
    fn what_is_for_the_past_is_left_out() {
        let of = |part: fn(&(&str, &str, &str)) -> String| PAST.iter().map(part).collect::<String>();
        let glue = of(|(begin, end, _)| format!("before {begin} of old {end} after\n"));
        let expected = of(|(.., now)| format!("before {now} after\n"));
        assert_eq!(without_past(&glue).unwrap(), expected);
        assert!(without_past(&expected).is_err(), "nothing of it is there: the glue has another form");
    }

    #[test]
    fn a_name_that_is_not_found_fails_the_build() {
        let names = Names::read(PRINTED).unwrap();
        assert!(names.apply(&GLUE.replace("__wbg_get_1ab:", "__wbg_other:")).is_err(), "an import is missing");
        assert!(names.apply(&GLUE.replace("memory", "other")).is_err(), "an export is unknown");
        assert!(names.apply(&GLUE.replace("./x_bg.js", "./y_bg.js")).is_err(), "the module is another");
        assert!(names.apply(&GLUE.replace("const ret", "let ret")).is_err(), "the getters have another form");
        assert!(Names::read("").is_err(), "nothing was printed");
    }

    #[test]
    fn a_file_name_that_ends_like_the_exports_is_left_alone() {
        let renamed = Names::read(PRINTED).unwrap().apply(&format!("{GLUE} fetch('wasm.'); xwasm.id;")).unwrap();
        assert!(renamed.ends_with("fetch('wasm.'); xwasm.id;\n"));
    }
}
