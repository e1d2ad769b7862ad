//! The browsers of the tests and benchmarks.

use std::path::PathBuf;

use anyhow::Result;

use crate::place::{Place, on_path};
use crate::run;

const NAMES: &[&str] = &["google-chrome", "google-chrome-stable", "chromium", "chromium-browser", "chrome"];
const APPLICATIONS: &[&str] = &[
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/// A Chromium or Chrome: the one that `CHROME` names, else one that is installed, else, on Debian as root, one that is
/// installed now.
pub fn chromium(place: &Place) -> Result<PathBuf> {
    if let Some(given) = std::env::var_os("CHROME") {
        let given = PathBuf::from(given);
        if given.is_file() {
            return Ok(given);
        }
        let what = format!("CHROME names {}, which is not a file", given.display());
        return Err(run::wanting(&what, "set it to the program of a Chromium or Chrome, or unset it"));
    }
    if let Some(found) = installed() {
        return Ok(found);
    }
    let remedy = "install Chromium (Debian, Ubuntu: `apt install chromium`; Fedora: `dnf install chromium`; \
                  macOS: `brew install --cask chromium`) or Chrome, or set CHROME to its program";
    run::step("a browser (the Debian package chromium)", || super::debian_packages(place, &["chromium"]))
        .map_err(|error| error.context(run::wanting("the tests need a Chromium", remedy)))?;
    installed().ok_or_else(|| run::wanting("Chromium was installed but is not on PATH", remedy))
}

/// An engine beside Chromium: its programs, each with the variable by which the tests are given it, and where they come from.
struct Engine {
    name: &'static str,
    programs: &'static [(&'static str, &'static [&'static str])],
    packages: &'static [&'static str],
}

const OTHER_ENGINES: &[Engine] = &[
    Engine {
        name: "Firefox",
        programs: &[("CAUSERIE_FIREFOX", &["firefox-esr", "firefox"])],
        packages: &["firefox-esr"],
    },
    Engine {
        name: "WebKit",
        programs: &[("CAUSERIE_WEBKIT", &["WebKitWebDriver"]), ("CAUSERIE_XVFB", &["Xvfb"])],
        packages: &["webkit2gtk-driver", "xvfb"],
    },
];

/// The other engines, as far as they are here or can be installed: what each is given to the tests as. They are for the tests
/// alone, and whoever has none goes on without.
pub fn other_engines(place: &Place) -> Vec<(&'static str, PathBuf)> {
    let mut found = Vec::new();
    for Engine { name, programs, packages } in OTHER_ENGINES {
        let find = || -> Option<Vec<(&'static str, PathBuf)>> {
            let program = |names: &[&str]| names.iter().find_map(|name| on_path(name));
            programs.iter().map(|(variable, names)| Some((*variable, program(names)?))).collect()
        };
        let here = find().or_else(|| {
            let title = format!("{name} (the Debian packages {})", packages.join(", "));
            run::step(&title, || super::debian_packages(place, packages)).ok();
            find()
        });
        match here {
            Some(programs) => found.extend(programs),
            None => eprintln!("\n── {name}: NOT tested, for it is not here and could not be installed"),
        }
    }
    found
}

fn installed() -> Option<PathBuf> {
    let applications = APPLICATIONS.iter().map(PathBuf::from).find(|path| path.is_file());
    NAMES.iter().find_map(|name| on_path(name)).or(applications)
}
