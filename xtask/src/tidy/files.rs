//! The text files of a folder. Reads them all; judges none.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// File name endings of what people write here. Lock files are not.
const WRITTEN_BY_PEOPLE: [&str; 11] = [
    "rs", "md", "toml", "sql", "sh", "yml", "yaml", "json", "xml", "wit", "html",
];
/// The folder whose files have no endings.
const SCRIPTS: &str = ".ci";
/// Folders whose content is made by tools.
const MADE_BY_TOOLS: [&str; 2] = [".git", "target"];

/// Path from `root` with `/`, and text, of every file that people write,
/// sorted by path.
pub(super) fn texts(root: &Path) -> Result<Vec<(String, String)>> {
    let mut texts = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in
            fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))?
        {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() && !MADE_BY_TOOLS.contains(&name.as_ref()) {
                folders.push(path);
            } else if is_written_by_people(&path) {
                let text = fs::read_to_string(&path)
                    .with_context(|| format!("reading {}", path.display()))?;
                let path = path.strip_prefix(root).expect("found below the root");
                texts.push((path.to_string_lossy().into_owned(), text));
            }
        }
    }
    texts.sort();
    Ok(texts)
}

fn is_written_by_people(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    let folder = path.parent().and_then(Path::file_name).unwrap_or_default();
    path.is_file() && (folder == SCRIPTS || WRITTEN_BY_PEOPLE.contains(&ending.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_found_and_what_tools_make_is_not() {
        let root = crate::paths::repository();
        let texts = texts(&root).expect("the repository can be read");
        let found = |wanted: &str| texts.iter().any(|(path, _)| path == wanted);
        assert!(found("xtask/src/main.rs") && found("Cargo.toml") && found(".ci/run"));
        assert!(
            !texts
                .iter()
                .any(|(path, _)| path.starts_with("target/") || path.ends_with(".lock"))
        );
    }
}
