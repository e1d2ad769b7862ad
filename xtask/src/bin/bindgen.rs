//! Runs wasm-bindgen's code generator as a library: `bindgen INPUT.wasm OUTPUT_DIR`. One `web` build, whose glue takes
//! the wasm from a URL beside itself, from bytes, a `Response` or a compiled module, serves every entry of the package.

use std::path::PathBuf;
use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(input), Some(output)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: bindgen INPUT.wasm OUTPUT_DIR");
        return ExitCode::from(2);
    };
    match generate(input, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bindgen: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn generate(input: PathBuf, output: PathBuf) -> anyhow::Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(input)
        .out_name("causerie")
        .typescript(false)
        .remove_name_section(false)
        .remove_producers_section(true)
        // The library's default is the reverse of the command line's; with it, `init()` without an argument fails,
        // and only in a browser.
        .omit_default_module_path(false);
    bindgen.web(true)?;
    bindgen.generate(output)
}
