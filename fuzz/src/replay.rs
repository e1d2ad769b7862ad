//! Replays the committed corpora natively: for the tests.

use std::fs;
use std::path::{Path, PathBuf};

/// A target, by its name.
type Target = (&'static str, fn(&[u8]));

/// Runs every file of every target; `ours` says which folders are to have a target among these.
pub fn all(targets: &[Target], ours: impl Fn(&str) -> bool) {
    let corpora = [".", ".."].map(|root| Path::new(root).join("fuzz/corpus"));
    let corpora = corpora.iter().find(|path| path.is_dir()).expect("fuzz/corpus is in the workspace");
    let mut folders: Vec<String> = names(corpora).into_iter().filter(|name| ours(name)).collect();
    folders.sort();
    let mut known: Vec<&str> = targets.iter().map(|(name, _)| *name).collect();
    known.sort_unstable();
    assert_eq!(folders, known, "each target has a corpus, and each corpus a target");
    let mut harmful = Vec::new();
    for (name, target) in targets {
        let files = names(&corpora.join(name));
        assert!(files.len() >= 5, "{name} has a corpus");
        for file in files {
            let path = corpora.join(name).join(file);
            let bytes = fs::read(&path).expect("a file of the corpus");
            if std::panic::catch_unwind(|| target(&bytes)).is_err() {
                eprintln!("that was {}", path.display());
                harmful.push(path);
            }
        }
    }
    assert!(harmful.is_empty(), "these do harm, as told above: {harmful:#?}");
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder of fuzz/corpus");
    let paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.iter().filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect()
}
