//! Where things are: the workspace, the target directory, the programs of the tool chain.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// The workspace that the verbs work on.
pub struct Place {
    pub root: PathBuf,
    pub target: PathBuf,
    cargo: OsString,
}

impl Place {
    pub fn find() -> Result<Self> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest.parent().context("xtask is not inside the workspace")?.to_path_buf();
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(directory) => std::env::current_dir()?.join(directory),
            None => root.join("target"),
        };
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Ok(Self { root, target, cargo })
    }

    /// The package that `build` makes.
    pub fn package(&self) -> PathBuf {
        self.root.join("pkg")
    }

    /// The server that `server_binary` builds.
    pub fn server(&self) -> PathBuf {
        self.target.join("debug").join(format!("causerie-server{}", std::env::consts::EXE_SUFFIX))
    }

    /// A command that runs in the workspace's root.
    pub fn command(&self, program: impl Into<OsString>) -> Command {
        let mut command = Command::new(program.into());
        command.current_dir(&self.root);
        // What `cargo run` tells us about ourselves, build scripts would take as told about them, and run again.
        for (name, _) in std::env::vars_os() {
            let shown = name.to_string_lossy();
            if shown.starts_with("CARGO_PKG_") || shown.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        command
    }

    /// The cargo that runs us.
    pub fn cargo(&self) -> Command {
        self.command(&self.cargo)
    }

    /// A program of an npm package.
    pub fn npm_program(&self, name: &str) -> Command {
        let name = if cfg!(windows) { format!("{name}.cmd") } else { name.to_owned() };
        self.command(self.root.join("node_modules").join(".bin").join(name))
    }

    /// A path as a person in the workspace would write it.
    pub fn shown<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }
}

/// The path of a program that a shell would find.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&std::env::var_os("PATH")?).map(|directory| directory.join(&name)).find(|path| path.is_file())
}
