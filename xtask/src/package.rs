//! The npm package: wasm from cargo, glue from wasm-bindgen, both made small, the hand-written entries beside them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::files::{self, Stamp};
use crate::place::Place;

use crate::rename::{self, Names};
use crate::{locals, order, run, setup};

/// Functions are inlined only when they are small: the repetition that stays compresses better than the calls that are
/// saved. How far addresses are aligned is a hint that no machine of today needs. The first kilobyte of the memory and the memory's zeroes are as Rust's linker lays them out.
const WASM_OPT: &[&str] = &[
    "-Oz",
    "--one-caller-inline-max-function-size=20",
    "--always-inline-max-function-size=4",
    "--flexible-inline-max-function-size=4",
    "--converge",
    "--low-memory-unused",
    "--zero-filled-memory",
    "--skip-pass=local-cse",
    "--skip-pass=simplify-locals",
    "--dealign",
];
const WASM_STRIP: &[&str] = &["--strip-debug", "--strip-producers"];
/// A run of its own, for `--converge` would rename again and again; the functions have the names of [`order`]. The features
/// are stripped last: all runs read them.
const WASM_RENAME: &[&str] = &[
    "--reorder-functions-by-name",
    "--strip-debug",
    "--minify-imports-and-exports-and-modules",
    "--strip-target-features",
];
const ESBUILD: &[&str] = &[
    "--bundle",
    "--minify",
    "--format=esm",
    "--target=es2022",
    "--legal-comments=none",
    "--log-level=warning",
    "--charset=utf8",
    "--allow-overwrite",
    "--loader:.css=text",
    "--external:react",
];
/// What is bundled is made smaller once more: 220 bytes of the package. What puts code into other places would be 60 more, and
/// makes the reading of messages a tenth slower.
const TERSER: &[&str] = &[
    "--module",
    "--ecma=2022",
    "--compress=passes=3,hoist_funs,inline=false,reduce_funcs=false,collapse_vars=false",
    "--mangle=toplevel",
    "--comments=false",
];
/// The wasm, of which there are two: few pages speak REST, and all others load the one without it.
struct Wasm {
    /// Its file.
    file: &'static str,
    /// How cargo is told what is in it.
    features: &'static [&'static str],
}
const LEAN: Wasm = Wasm { file: "causerie_bg.wasm", features: &["--no-default-features"] };
const FULL: Wasm = Wasm { file: "causerie_full.wasm", features: &[] };
/// The glue, as the modules of `lib` import it; the bundler leaves out what they do not use.
const GLUE: &str = "glue.js";
/// What the engine calls `reader` (`src/web/json.rs`).
const READER: &str = "import * as reader from \"./reader.js\";\n";

/// The package's entries. Each becomes one file: the modules that it imports are bundled into it; the other entries
/// stay imports.
const ENTRIES: &[&str] = &[
    "index.js",
    REST,
    "transport.js",
    "cache.js",
    "forms.js",
    "storages.js",
    "events.js",
    "node.js",
    "testing.js",
    "widget.js",
    "react.js",
];
/// The entry before the full wasm; all others are before the lean one.
const REST: &str = "rest.js";
/// The entries that are one file with nothing beside it but the full wasm, if that: what others load on demand is
/// inside. Each with what makes it what it is.
const WHOLE: &[(&str, &[&str])] = &[
    (
        "inline.js",
        &[
            "--loader:.wasm=base64",
            "--define:fetch=withCookies",
            "--inject:./lib/cookies.js",
            // Nor does it read anything in Node.
            "--define:globalThis.process=undefined",
        ],
    ),
    // It has no `import.meta`: its address is what the injected module found out.
    ("causerie.global.js", &["--format=iife", "--define:import.meta.url=here", "--inject:./lib/here.js"]),
];
const INLINE: &str = "inline.js";
/// The wasm as wasm-bindgen names it.
const BOUND: &str = "causerie_bg.wasm";
/// What the glue has in place of a wasm's address when that wasm is inside.
const BYTES: (&str, &str) = ("import { bytes } from \"./bytes.js\";\n", "bytes()");
/// The folders of modules that are bundled into the entries, and not in the package.
const MODULES: &[&str] = &["lib", "testing", "widget", "react"];
const WASM: &str = "wasm";

const LICENCES: &[&str] = &["LICENSE-MIT", "LICENSE-APACHE"];

/// Builds the package into `pkg/`.
pub fn build(place: &Place) -> Result<()> {
    let template = place.root.join("pkg-template");
    let version = template_version(&template)?;
    setup::npm(place)?;
    let compiler = setup::wasm(place)?;
    for wasm in [&LEAN, &FULL] {
        make(place, compiler, wasm)?;
    }
    if LEAN.code(place)? != FULL.code(place)? {
        bail!(
            "{} and {} differ in what they import or export: a page may give `init` either, so one glue is to fit both",
            LEAN.file,
            FULL.file
        );
    }
    run::step(&format!("package: pkg/ (causerie {version})"), || assemble(place, &template))
}

/// Makes a wasm and its glue.
fn make(place: &Place, compiler: setup::Wasm, wasm: &Wasm) -> Result<()> {
    let step = |name: &str| format!("{}: {name}", wasm.file);
    let compiled = run::step(&step("compile"), || compile(place, compiler, wasm))?;
    let stamp = optimised_from(place, &compiled, wasm)?;
    if stamp.holds() {
        eprintln!("\n── {}", step("unchanged since it was last optimised"));
        return Ok(());
    }
    let work = wasm.work(place);
    files::fresh_directory(&work)?;
    run::step(&step("bindings"), || bind(place, &compiled, &work))?;
    run::step(&step("optimise"), || optimise(place, wasm))?;
    stamp.set()
}

impl Wasm {
    /// Where it is made small.
    fn work(&self, place: &Place) -> PathBuf {
        place.target.join("package").join(self.file.trim_end_matches(".wasm"))
    }

    /// Where its glue has its address.
    fn address(&self) -> String {
        format!("new URL('{WASM}/{}', import.meta.url)", self.file)
    }

    /// The code of its glue, but for the wasm's address.
    fn code(&self, place: &Place) -> Result<String> {
        let glue = rename::once(&files::read_text(&self.work(place).join(GLUE))?, &self.address(), "")?;
        Ok(glue.lines().filter(|line| !line.trim_start().starts_with("//")).collect())
    }

    /// Puts its glue where the modules of `lib` import it.
    fn give_glue(&self, place: &Place) -> Result<()> {
        files::copy(&self.work(place).join(GLUE), &place.package().join("lib").join(GLUE))
    }
}

/// The wasm that most pages load as it is shipped, but with its functions' names; builds it.
pub fn named(place: &Place) -> Result<PathBuf> {
    build(place)?;
    let work = LEAN.work(place);
    let named = work.join("named.wasm");
    run::step("wasm: optimise once more, with names", || {
        let mut wasm_opt = place.npm_program("wasm-opt");
        wasm_opt.args(WASM_OPT).arg("-g").arg(work.join("bound").join(BOUND));
        run::quiet(wasm_opt.arg("-o").arg(&named))
    })?;
    Ok(named)
}

/// Packs the package into `target/dist/`; returns the tarball.
pub fn dist(place: &Place) -> Result<PathBuf> {
    build(place)?;
    let directory = place.target.join("dist");
    files::fresh_directory(&directory)?;
    let tarball = run::step("package: pack", || {
        let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
        let mut command = place.command(npm);
        command.current_dir(place.package()).args(["pack", "--silent", "--pack-destination"]).arg(&directory);
        let printed = run::quiet(&mut command)?;
        let name = printed.lines().last().context("npm pack named no file")?.trim().to_owned();
        Ok(directory.join(name))
    })?;
    println!("{}  {} bytes", place.shown(&tarball), fs::metadata(&tarball)?.len());
    let wasms = [LEAN, FULL].map(|wasm| format!("{WASM}/{}", wasm.file));
    for file in wasms.iter().map(String::as_str).chain(["causerie.global.js"]) {
        println!("{file}  integrity {}", integrity(place, &place.package().join(file))?);
    }
    Ok(tarball)
}

/// Makes the documentation of the API from the types, in `target/api`; a warning is an error.
pub fn document(place: &Place) -> Result<()> {
    setup::package_tools(place)?;
    let output = place.target.join("api");
    run::step("the API's documentation", || {
        let typedoc = "tests/package/tools/node_modules/typedoc/bin/typedoc";
        let mut command = place.command("node");
        run::quiet(command.args([typedoc, "--options", "xtask/typedoc.json", "--out"]).arg(&output)).map(drop)
    })?;
    eprintln!("{}", place.shown(&output.join("index.html")));
    Ok(())
}

/// The hash of a file in the form of the `integrity` attribute.
fn integrity(place: &Place, file: &Path) -> Result<String> {
    let script = "const { createHash } = require('node:crypto'); const { readFileSync } = require('node:fs'); \
                  console.log('sha384-' + createHash('sha384').update(readFileSync(process.argv[1])).digest('base64'));";
    Ok(run::quiet(place.command("node").args(["-e", script]).arg(file))?.trim().to_owned())
}

/// The template's version, which must be the workspace's.
fn template_version(template: &Path) -> Result<String> {
    let manifest = files::read_text(&template.join("package.json"))?;
    let after = |text: &str, mark: &str| text.split_once(mark).map(|(_, rest)| rest.to_owned());
    let version = after(&manifest, "\"version\"")
        .and_then(|rest| after(&rest, "\""))
        .and_then(|rest| rest.split_once('"').map(|(version, _)| version.to_owned()))
        .context("pkg-template/package.json has no version")?;
    let workspace = env!("CARGO_PKG_VERSION");
    if version != workspace {
        bail!("pkg-template/package.json says version {version}, Cargo.toml {workspace}: make them agree");
    }
    Ok(version)
}

fn compile(place: &Place, compiler: setup::Wasm, wasm: &Wasm) -> Result<PathBuf> {
    let mut command = compiler.smallest(place);
    command.args(["--locked", "--profile", "wasm", "--package", "causerie", "--lib"]).args(wasm.features);
    // Cargo's own way to keep both builds: else they would be one file to it, and each would be made anew after the other.
    command.env("__CARGO_DEFAULT_LIB_METADATA", "causerie");
    run::live(&mut command)?;
    Ok(place.target.join("wasm32-unknown-unknown").join("wasm").join("causerie.wasm"))
}

/// What the optimised files are made from: the compiled wasm, and the tools by their lock files and options.
fn optimised_from(place: &Place, compiled: &Path, wasm: &Wasm) -> Result<Stamp> {
    let mut key = files::read(compiled)?;
    key.extend(files::read(&place.root.join("package-lock.json"))?);
    key.extend(files::read(&place.root.join("xtask").join("src").join("bin").join("bindgen.rs"))?);
    key.extend(include_bytes!("package.rs"));
    key.extend(include_bytes!("rename.rs"));
    key.extend(include_bytes!("locals.rs"));
    key.extend(include_bytes!("order.rs"));
    Ok(Stamp::new(wasm.work(place).join("made-from"), key))
}

fn bind(place: &Place, wasm: &Path, work: &Path) -> Result<()> {
    let mut command = place.cargo();
    command.args([
        "run",
        "--quiet",
        "--locked",
        "--package",
        "xtask",
        "--features",
        "bindgen",
        "--bin",
        "bindgen",
        "--",
    ]);
    eprintln!("(the first time, this compiles wasm-bindgen)");
    run::quiet(command.arg(wasm).arg(work.join("bound"))).map(drop)
}

fn optimise(place: &Place, wasm: &Wasm) -> Result<()> {
    let work = wasm.work(place);
    let bound = work.join("bound");
    let wasm_opt = |options: &[&str], input: &Path, output: &Path| {
        run::quiet(place.npm_program("wasm-opt").args(options).arg(input).arg("-o").arg(output))
    };
    let [inlined, ordered] = ["inlined.wasm", "ordered.wasm"].map(|name| work.join(name));
    wasm_opt(&[WASM_OPT, WASM_STRIP].concat(), &bound.join(BOUND), &inlined)?;
    fs::write(&ordered, order::named(&locals::alike(&files::read(&inlined)?)?)?)?;
    let printed = wasm_opt(WASM_RENAME, &ordered, &work.join(wasm.file))?;
    let glue = Names::read(&printed)?.apply(&rename::without_past(&files::read_text(&bound.join("causerie.js"))?)?)?;
    // It becomes part of an entry, beside which the wasm is in a directory of its own.
    let address = format!("new URL('{BOUND}', import.meta.url)");
    fs::write(work.join(GLUE), READER.to_owned() + &rename::once(&glue, &address, &wasm.address())?)?;
    Ok(())
}

fn assemble(place: &Place, template: &Path) -> Result<()> {
    let package = place.package();
    files::fresh_directory(&package)?;
    files::copy(template, &package)?;
    for wasm in [LEAN, FULL] {
        files::copy(&wasm.work(place).join(wasm.file), &package.join(WASM).join(wasm.file))?;
    }
    for licence in LICENCES {
        files::copy(&place.root.join(licence), &package.join(licence))?;
    }
    for sheet in files::list(&package, &|path| path.extension().is_some_and(|extension| extension == "css"))? {
        let mut esbuild = place.npm_program("esbuild");
        let output = format!("--outfile={}", sheet.display());
        run::quiet(esbuild.arg(&sheet).args(["--minify", "--log-level=warning", "--allow-overwrite"]).arg(output))?;
    }
    // Before the entries that they are made from are bundled themselves.
    let glue = package.join("lib").join(GLUE);
    for (entry, options) in WHOLE {
        FULL.give_glue(place)?;
        if *entry == INLINE {
            let (import, bytes) = BYTES;
            let inside = rename::once(&files::read_text(&glue)?, &FULL.address(), bytes)?;
            fs::write(&glue, import.to_owned() + &inside)?;
        }
        bundle(place, &package, entry, options)?;
    }
    for entry in ENTRIES {
        let wasm = if *entry == REST { FULL } else { LEAN };
        wasm.give_glue(place)?;
        let others = ENTRIES.iter().filter(|other| *other != entry).map(|other| format!("--external:./{other}"));
        bundle(place, &package, entry, &others.collect::<Vec<_>>())?;
        let mut terser = place.npm_program("terser");
        terser.current_dir(&package).arg(entry).args(TERSER).arg(format!("--output={entry}"));
        run::quiet(&mut terser)?;
    }
    for modules in MODULES {
        fs::remove_dir_all(package.join(modules)).context("removing the modules that were bundled")?;
    }
    Ok(())
}

/// Bundles an entry in its place.
fn bundle(place: &Place, package: &Path, entry: &str, options: &[impl AsRef<std::ffi::OsStr>]) -> Result<()> {
    let mut esbuild = place.npm_program("esbuild");
    esbuild.current_dir(package).arg(entry).args(ESBUILD).args(options).arg(format!("--outfile={entry}"));
    run::quiet(&mut esbuild).map(drop)
}
