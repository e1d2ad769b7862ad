//! The demo site and the server that serves it: `www/`, the package at `/pkg`, the official Bayeux client of the
//! agent's desk at `/vendor/cometd`. The browser tests and benchmarks use the same site with their own pages added.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::place::Place;
use crate::{files, package, run, setup};

const FIRST_PORT: u16 = 8080;

/// Builds everything and runs the demo until it is interrupted.
pub fn demo(place: &Place) -> Result<()> {
    package::build(place)?;
    server(place)?;
    assemble(place, &directory(place), &[])?;
    serve(place)
}

/// The same, by several servers on a Redis, behind a proxy that sends each request to the next.
pub fn demo_of_many(place: &Place, number: &str) -> Result<()> {
    if !number.parse::<u8>().is_ok_and(|number| (1..=20).contains(&number)) {
        bail!("--nodes expects a number from 1 to 20, got `{number}`");
    }
    let redis = setup::redis(place)?;
    package::build(place)?;
    server(place)?;
    let program = nodes(place)?;
    let site = directory(place);
    assemble(place, &site, &[])?;
    let data = place.target.join("demo-redis");
    files::fresh_directory(&data)?;
    let port = free_port()?;
    let mut command = place.command(program);
    command.arg(format!("127.0.0.1:{port}")).arg(redis).arg(data).arg(number).arg(place.server());
    command.arg("--www").arg(&site);
    let config = place.root.join("www").join("chat.toml");
    if config.is_file() {
        command.arg("--config").arg(&config);
    }
    invite(port, &config);
    replace(command)
}

/// Runs the demo that was built last, until it is interrupted.
pub fn serve(place: &Place) -> Result<()> {
    let site = directory(place);
    if !site.join("pkg").is_dir() || !place.server().is_file() {
        return Err(run::wanting("there is no demo to serve yet", "build it with `cargo xtask demo`"));
    }
    let port = free_port()?;
    let mut command = place.command(place.server());
    command.args(["--listen", &format!("127.0.0.1:{port}"), "--store", "memory", "--www"]).arg(&site);
    let config = place.root.join("www").join("chat.toml");
    if config.is_file() {
        command.arg("--config").arg(&config);
    }
    invite(port, &config);
    replace(command)
}

/// Builds the server.
pub fn server(place: &Place) -> Result<()> {
    run::step("chat server: compile", || {
        run::live(place.cargo().args(["build", "--locked", "--package", "causerie-server"]))
    })
}

/// Builds what runs several servers behind a proxy, and returns it.
pub fn nodes(place: &Place) -> Result<PathBuf> {
    run::step("nodes and proxy: compile", || {
        run::live(place.cargo().args(["build", "--locked", "--package", "causerie-server", "--example", "nodes"]))
    })?;
    Ok(place.target.join("debug").join("examples").join(format!("nodes{}", std::env::consts::EXE_SUFFIX)))
}

/// The demo site's directory.
pub fn directory(place: &Place) -> PathBuf {
    place.target.join("site")
}

/// Puts a site together in `output`. `extra` are further sources, each with its folder in the site.
pub fn assemble(place: &Place, output: &Path, extra: &[(&str, &str)]) -> Result<()> {
    setup::npm(place)?;
    let www = place.root.join("www");
    files::fresh_directory(output)?;
    if www.is_dir() {
        files::copy(&www, output)?;
    }
    // The configuration holds the agents' keys: it is not for the web.
    for secret in files::list(output, &|path| path.extension().is_some_and(|extension| extension == "toml"))? {
        std::fs::remove_file(secret)?;
    }
    files::copy(&place.package(), &output.join("pkg"))?;
    let cometd = place.root.join("node_modules").join("cometd");
    files::copy(&cometd, &output.join("vendor").join("cometd"))?;
    for (source, folder) in extra {
        files::copy(&place.root.join(source), &output.join(folder))?;
    }
    Ok(())
}

fn free_port() -> Result<u16> {
    for port in FIRST_PORT..FIRST_PORT + 50 {
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port from {FIRST_PORT} on: stop what listens there")
}

fn invite(port: u16, config: &Path) {
    let agent = std::fs::read_to_string(config).ok().and_then(|text| first_agent(&text));
    let sign_in = match agent {
        Some((name, key)) => format!("sign in as {name} with the key {key}"),
        None => "sign in as an agent".to_owned(),
    };
    println!("\n  visitor's page   http://127.0.0.1:{port}/");
    println!(
        "  every flow       http://127.0.0.1:{port}/try/         forms, FAQ, bots, renewal, and what to try of each"
    );
    println!(
        "  every embedding  http://127.0.0.1:{port}/embed/       the element, a module, a classic script, one file"
    );
    println!("  agent's desk     http://127.0.0.1:{port}/desk/");
    println!("  inspector        http://127.0.0.1:{port}/inspector/   what becomes of a session, live");
    println!("\nTry: start a chat on the visitor's page; in a second window {sign_in} at the desk and accept it;");
    println!(
        "write on both sides, then reload the visitor's page: the chat goes on. Then go through the flows, with the"
    );
    println!("desk and the inspector beside them. Ctrl-C ends the demo.\n");
}

/// The name and the key of the first agent of a configuration, for the line that tells how to sign in.
fn first_agent(config: &str) -> Option<(String, String)> {
    let (_, agent) = config.split_once("\n[[agents]]")?;
    let agent = agent.split("\n[").next().unwrap_or(agent);
    let value = |name: &str| {
        agent.lines().find_map(|line| {
            let (key, value) = line.split_once('=')?;
            (key.trim() == name).then(|| value.trim().trim_matches('"').to_owned())
        })
    };
    Some((value("name")?, value("key")?))
}

/// Becomes the server, so that whoever stops us stops it.
#[cfg(unix)]
fn replace(mut command: Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    Err(command.stdin(Stdio::null()).exec()).context("the server could not be started")
}

#[cfg(not(unix))]
fn replace(mut command: Command) -> Result<()> {
    let status = command.stdin(Stdio::null()).status().context("the server could not be started")?;
    if status.success() { Ok(()) } else { bail!("the server failed ({status})") }
}

#[cfg(test)]
mod tests {
    use super::first_agent;

    #[test]
    fn the_first_agent_is_found_in_a_configuration() {
        let config = "[[channels]]\nname = \"default\"\n\n[[agents]]\nname = \"Jane\"\nkey = \"k 1\"\n\n[[agents]]\nname = \"Joe\"\nkey = \"k2\"\n";
        assert_eq!(first_agent(config), Some(("Jane".into(), "k 1".into())));
        assert_eq!(first_agent("[[channels]]\nname = \"default\"\n"), None);
    }
}
