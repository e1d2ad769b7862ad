//! The build as code: `cargo xtask <verb>`. There is no other build tool, and each verb does its own set-up.

mod bench;
mod code;
mod files;
mod fuzz;
mod imports;
mod items;
mod lint;
mod locals;
mod module;
mod order;
mod package;
mod place;
mod rename;
mod run;
mod scale;
mod setup;
mod simulate;
mod site;
mod size;
mod test;

use std::process::ExitCode;

use anyhow::{Result, bail};
use place::Place;

struct Verb {
    name: &'static str,
    arguments: &'static str,
    help: &'static str,
    run: fn(&Place, &[String]) -> Result<()>,
}

const VERBS: &[Verb] = &[
    Verb {
        name: "demo",
        arguments: "[--nodes N]",
        help: "build everything and run the demo: a shop with a chat, each flow, the desk; --nodes: by N servers on a Redis",
        run: |place, arguments| match arguments {
            [option, number] if option == "--nodes" => site::demo_of_many(place, number),
            _ => none(arguments).and_then(|()| site::demo(place)),
        },
    },
    Verb {
        name: "serve",
        arguments: "",
        help: "run the demo that was built last, without building",
        run: |place, arguments| none(arguments).and_then(|()| site::serve(place)),
    },
    Verb {
        name: "test",
        arguments: "[part…] [-- filter…]",
        help: "run the tests; without a part, all of them",
        run: test::verb,
    },
    Verb {
        name: "simulate",
        arguments: "[--seeds N] [--from S] [--seed S]",
        help: "run the delivery simulation: many seeds on all cores, or one again, with its story",
        run: simulate::verb,
    },
    Verb {
        name: "scale",
        arguments: "[--seconds N] [--visitors N]",
        help: "three servers on a Redis, killed one after the other under load: nothing may be lost or doubled",
        run: scale::verb,
    },
    Verb {
        name: "build",
        arguments: "",
        help: "build the npm package into pkg/",
        run: |place, arguments| none(arguments).and_then(|()| package::build(place)),
    },
    Verb {
        name: "size",
        arguments: "[--items]",
        help: "what `import { chat } from \"causerie\"` downloads, against the budget; --items: what is in the wasm",
        run: |place, arguments| match arguments {
            [option] if option == "--items" => items::verb(place),
            _ => none(arguments).and_then(|()| size::verb(place)),
        },
    },
    Verb {
        name: "fuzz",
        arguments: "[target…] [--seconds N]",
        help: "search for inputs that do harm to what reads them; with a target and files, run these again",
        run: fuzz::verb,
    },
    Verb {
        name: "bench",
        arguments: "[--quick] [--save] [name…]",
        help: "run the benchmarks beside rivals; --quick: only that they work; --save: results into the manual",
        run: bench::verb,
    },
    Verb {
        name: "lint",
        arguments: "",
        help: "formatting, clippy and rustdoc, natively and for wasm; a warning is an error",
        run: |place, arguments| none(arguments).and_then(|()| lint::verb(place)),
    },
    Verb {
        name: "dist",
        arguments: "",
        help: "pack the npm package into target/dist/ and print the wasm's integrity hash",
        run: |place, arguments| none(arguments).and_then(|()| package::dist(place).map(drop)),
    },
    Verb {
        name: "docs",
        arguments: "",
        help: "the documentation of the package's API from its types, into target/api; a warning is an error",
        run: |place, arguments| {
            none(arguments)?;
            package::build(place)?;
            package::document(place)
        },
    },
    Verb {
        name: "ci",
        arguments: "",
        help: "what a change must pass: every part of `test`",
        run: |place, arguments| none(arguments).and_then(|()| test::ci(place)),
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let Some((name, rest)) = arguments.split_first() else {
        help();
        return Ok(());
    };
    if matches!(name.as_str(), "help" | "-h" | "--help") {
        help();
        return Ok(());
    }
    let Some(verb) = VERBS.iter().find(|verb| verb.name == name) else {
        let names: Vec<&str> = VERBS.iter().map(|verb| verb.name).collect();
        bail!("there is no verb `{name}`; there are {}", names.join(", "));
    };
    if rest.iter().any(|argument| matches!(argument.as_str(), "-h" | "--help")) {
        help();
        return Ok(());
    }
    (verb.run)(&Place::find()?, rest)
}

fn help() {
    println!("cargo xtask <verb>\n");
    for verb in VERBS {
        println!("  {:46} {}", format!("{} {}", verb.name, verb.arguments), verb.help);
    }
    println!("\nparts of test, in the order in which they run: {}", test::part_names().join(", "));
    println!("the browser is found on PATH, or given by the environment variable CHROME");
}

fn none(arguments: &[String]) -> Result<()> {
    match arguments.first() {
        None => Ok(()),
        Some(argument) => bail!("this verb takes no argument, but `{argument}` was given"),
    }
}
