//! The npm package: wasm from cargo, glue from wasm-bindgen, both made small, the hand-written entries beside them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::files::{self, Stamp};
use crate::place::Place;

use crate::rename::{self, Names};
use crate::{order, run, setup};

/// Functions are inlined only when they are small: the repetition that stays compresses better than the calls that are
/// saved. The first kilobyte of the memory and the memory's zeroes are as Rust's linker lays them out.
const WASM_OPT: &[&str] = &[
    "-Oz",
    "--one-caller-inline-max-function-size=20",
    "--always-inline-max-function-size=4",
    "--flexible-inline-max-function-size=4",
    "--converge",
    "--low-memory-unused",
    "--zero-filled-memory",
    "--skip-pass=local-cse",
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
/// The glue, as the modules of `lib` import it; the bundler leaves out what they do not use.
const GLUE: &str = "glue.js";

/// The package's entries. Each becomes one file: the modules that it imports are bundled into it; the other entries and
/// the glue, which all share, stay imports.
const ENTRIES: &[&str] = &[
    "index.js",
    "transport.js",
    "cache.js",
    "forms.js",
    "storages.js",
    "events.js",
    "changes.js",
    "node.js",
    "testing.js",
    "widget.js",
    "react.js",
];
/// The entries that are one file with nothing beside it but the wasm, if that: what others load on demand is inside. Each
/// with what makes it what it is.
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
/// Where the glue has the wasm's address, and what it has there when the wasm is inside.
const ADDRESS: &str = "new URL('wasm/causerie_bg.wasm', import.meta.url)";
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
    let wasm = run::step("wasm: compile", || compile(place, compiler))?;
    let work = place.target.join("package");
    let stamp = optimised_from(place, &wasm, &work)?;
    if stamp.holds() {
        eprintln!("\n── wasm: unchanged since it was last optimised");
    } else {
        files::fresh_directory(&work)?;
        run::step("wasm: bindings", || bind(place, &wasm, &work))?;
        run::step("wasm: optimise", || optimise(place, &work))?;
        stamp.set()?;
    }
    run::step(&format!("package: pkg/ (causerie {version})"), || assemble(place, &template, &work))
}

/// The wasm as it is shipped, but with its functions' names; builds it.
pub fn named(place: &Place) -> Result<PathBuf> {
    build(place)?;
    let work = place.target.join("package");
    let named = work.join("named.wasm");
    run::step("wasm: optimise once more, with names", || {
        let mut wasm_opt = place.npm_program("wasm-opt");
        wasm_opt.args(WASM_OPT).arg("-g").arg(work.join("bound").join("causerie_bg.wasm"));
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
    for file in ["wasm/causerie_bg.wasm", "causerie.global.js"] {
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

fn compile(place: &Place, compiler: setup::Wasm) -> Result<PathBuf> {
    let mut command = compiler.smallest(place);
    command.args(["--locked", "--profile", "wasm", "--package", "causerie", "--lib"]);
    run::live(&mut command)?;
    Ok(place.target.join("wasm32-unknown-unknown").join("wasm").join("causerie.wasm"))
}

/// What the optimised files are made from: the compiled wasm, and the tools by their lock files and options.
fn optimised_from(place: &Place, wasm: &Path, work: &Path) -> Result<Stamp> {
    let mut key = files::read(wasm)?;
    key.extend(files::read(&place.root.join("package-lock.json"))?);
    key.extend(files::read(&place.root.join("xtask").join("src").join("bin").join("bindgen.rs"))?);
    key.extend(include_bytes!("rename.rs"));
    key.extend(include_bytes!("order.rs"));
    key.extend(
        format!("{WASM_OPT:?}{WASM_STRIP:?}{GLUE:?}{WASM_RENAME:?}{ESBUILD:?}{}", env!("CARGO_PKG_VERSION"))
            .into_bytes(),
    );
    Ok(Stamp::new(work.join("made-from"), key))
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

fn optimise(place: &Place, work: &Path) -> Result<()> {
    let bound = work.join("bound");
    let small = work.join("small");
    fs::create_dir_all(&small)?;
    let (wasm, glue) = ("causerie_bg.wasm", "causerie.js");
    let wasm_opt = |options: &[&str], input: &Path, output: &Path| {
        run::quiet(place.npm_program("wasm-opt").args(options).arg(input).arg("-o").arg(output))
    };
    wasm_opt(&[WASM_OPT, WASM_STRIP].concat(), &bound.join(wasm), &work.join(wasm))?;
    let ordered = work.join("ordered.wasm");
    fs::write(&ordered, order::named(&files::read(&work.join(wasm))?)?)?;
    let printed = wasm_opt(WASM_RENAME, &ordered, &small.join(wasm))?;
    let glue = Names::read(&printed)?.apply(&rename::without_past(&files::read_text(&bound.join(glue))?)?)?;
    // It becomes part of the main entry, beside which the wasm is in a directory of its own.
    fs::write(work.join(GLUE), rename::once(&glue, &format!("'{wasm}'"), &format!("'{WASM}/{wasm}'"))?)?;
    Ok(())
}

fn assemble(place: &Place, template: &Path, work: &Path) -> Result<()> {
    let package = place.package();
    files::fresh_directory(&package)?;
    files::copy(template, &package)?;
    files::copy(&work.join("small"), &package.join(WASM))?;
    for licence in LICENCES {
        files::copy(&place.root.join(licence), &package.join(licence))?;
    }
    for sheet in files::list(&package, &|path| path.extension().is_some_and(|extension| extension == "css"))? {
        let mut esbuild = place.npm_program("esbuild");
        let output = format!("--outfile={}", sheet.display());
        run::quiet(esbuild.arg(&sheet).args(["--minify", "--log-level=warning", "--allow-overwrite"]).arg(output))?;
    }
    // Before the entries that they are made from are bundled themselves.
    for (entry, options) in WHOLE {
        let glue = files::read_text(&work.join(GLUE))?;
        let (import, bytes) = BYTES;
        let inside = if *entry == INLINE { import.to_owned() + &rename::once(&glue, ADDRESS, bytes)? } else { glue };
        fs::write(package.join("lib").join(GLUE), inside)?;
        bundle(place, &package, entry, options)?;
    }
    files::copy(&work.join(GLUE), &package.join("lib").join(GLUE))?;
    for entry in ENTRIES {
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
