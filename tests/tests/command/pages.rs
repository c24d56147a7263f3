//! The commands of README and book, run page by page as a reader runs them, in a folder of the page's own.
//!
//! | block | what is done with it |
//! |---|---|
//! | `sh` | run by a shell; it must succeed |
//! | `sh long` | likewise, where everything is tested |
//! | `sh untested: REASON` | not run |
//! | `save=NAME`, `append=NAME` behind a language | written to a file, added to one |
//! | `text printed` | lines that the `sh` above has printed, in this order |

use crate::common::root;
use crate::reader::{assert_printed, place, printed};
use crate::tree::files;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;

macro_rules! pages {
    ($($name:ident: $page:literal),* $(,)?) => {
        const PAGES: &[&str] = &[$($page),*];
        $(#[test]
        fn $name() {
            run($page, false);
        })*
    };
}

macro_rules! long_pages {
    ($($name:ident: $page:literal),* $(,)?) => {
        const LONG_PAGES: &[&str] = &[$($page),*];
        $(#[test]
        #[ignore = "takes minutes"]
        fn $name() {
            run($page, true);
        })*
    };
}

pages! {
    boards: "docs/boards.md",
    browser: "docs/browser.md",
    conversion: "docs/conversion.md",
    evidence: "docs/evidence.md",
    few_shots: "docs/few-shots.md",
    from_brian: "docs/coming-from/brian2loihi.md",
    from_lava: "docs/coming-from/lava.md",
    from_nengo: "docs/coming-from/nengo-loihi.md",
    from_snntorch: "docs/coming-from/snntorch.md",
    import: "docs/import.md",
    introduction: "docs/introduction.md",
    json: "docs/reference/json.md",
    learning: "docs/learning.md",
    network_file: "docs/reference/network-file.md",
    readme: "README.md",
    registers: "docs/reference/registers.md",
    reports: "docs/reports.md",
    run_folders: "docs/reference/run-folders.md",
    speed: "docs/speed.md",
    training: "docs/training.md",
    tutorial_1: "docs/tutorial/1-first-digits.md",
    tutorial_2: "docs/tutorial/2-xor.md",
    tutorial_3: "docs/tutorial/3-own-data.md",
    tutorial_4: "docs/tutorial/4-from-pytorch.md",
    tutorial_5: "docs/tutorial/5-offline.md",
    tutorial_6: "docs/tutorial/6-own-rule.md",
    tutorial_7: "docs/tutorial/7-board.md",
}

long_pages! {
    all_of_boards: "docs/boards.md",
    all_of_cost_model: "docs/cost-model.md",
    all_of_learning: "docs/learning.md",
    all_of_reports: "docs/reports.md",
    all_of_speed: "docs/speed.md",
    all_of_sweeps: "docs/sweeps.md",
    all_of_tutorial_7: "docs/tutorial/7-board.md",
}

/// A fenced block: what stands behind its fence, and its lines.
struct Block {
    line: usize,
    info: String,
    text: String,
}

impl Block {
    fn words(&self) -> impl Iterator<Item = &str> {
        self.info.split_whitespace()
    }

    fn is(&self, words: &[&str]) -> bool {
        self.words().take(words.len()).eq(words.iter().copied())
    }

    fn is_untested(&self) -> bool {
        self.is(&["sh", "untested:"])
    }

    fn is_long(&self) -> bool {
        self.is(&["sh", "long"])
    }

    /// The file that a word such as `save=NAME` names.
    fn file(&self, key: &str) -> Option<&str> {
        self.words().find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
    }
}

fn blocks(page: &str) -> Vec<Block> {
    let text = fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
    let (mut found, mut open): (Vec<Block>, Option<(usize, Block)>) = (Vec::new(), None);
    for (line, text) in (1..).zip(text.lines()) {
        let indent = text.len() - text.trim_start().len();
        match (text.trim_start().strip_prefix("```"), &mut open) {
            (Some(info), None) => {
                open = Some((indent, Block { line, info: info.trim().to_owned(), text: String::new() }));
            }
            (Some(""), Some(_)) => found.extend(open.take().map(|(_, block)| block)),
            (_, Some((indent, block))) => {
                block.text += text.get(*indent..).unwrap_or_default();
                block.text += "\n";
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "{page}: a block does not end");
    found
}

/// README and pages of the book.
fn documents() -> Vec<String> {
    let pages = files(&root().join("docs"), "md");
    let pages = pages.iter().map(|path| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned());
    ["README.md".to_owned()].into_iter().chain(pages).collect()
}

/// Names in a folder.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    entries.map(|name| name.into_string().unwrap()).collect()
}

/// Whether git passes over a name at the top of the repository.
fn is_ignored(name: &str) -> bool {
    let lines = fs::read_to_string(root().join(".gitignore")).unwrap();
    lines.lines().filter_map(|line| line.strip_prefix('/')).any(|line| match line.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == line,
    })
}

/// Runs a page, or all of it. What is done in a clone leaves nothing that git shows.
fn run(page: &str, long: bool) {
    let folder = place();
    let before = names(folder.path());
    let mut last = None;
    for block in blocks(page) {
        if let Some(name) = block.file("save") {
            fs::write(folder.path().join(name), &block.text).unwrap();
        } else if let Some(name) = block.file("append") {
            let mut file = fs::OpenOptions::new().append(true).open(folder.path().join(name)).unwrap();
            write!(file, "\n{}", block.text).unwrap();
        } else if block.is(&["sh"]) {
            let is_run = !block.is_untested() && (long || !block.is_long());
            let source = format!("{page}:{}", block.line);
            last = is_run.then(|| printed(&block.text, &source, folder.path()));
        } else if let (true, Some(last)) = (block.is(&["text", "printed"]), &last) {
            assert_printed(block.text.lines(), last, &format!("{page}:{}", block.line));
        }
    }
    if page == "README.md" || page.starts_with("docs/tutorial/") {
        let shown: Vec<String> =
            names(folder.path()).difference(&before).filter(|name| !is_ignored(name)).cloned().collect();
        assert_eq!(shown, [""; 0], "{page} writes what .gitignore does not name");
    }
}

#[test]
fn every_page_with_commands_is_run() {
    let with = |is: fn(&Block) -> bool| -> Vec<String> {
        documents().into_iter().filter(|page| blocks(page).iter().any(is)).collect()
    };
    let short = with(|block| block.is(&["sh"]) && !block.is_untested() && !block.is_long());
    let sorted = |pages: &[&str]| {
        let mut pages: Vec<String> = pages.iter().map(|page| (*page).to_owned()).collect();
        pages.sort();
        pages
    };
    assert_eq!(short, sorted(PAGES), "the tests of pages! are those with commands");
    assert_eq!(with(Block::is_long), sorted(LONG_PAGES), "the tests of long_pages! are those with long ones");
}

#[test]
fn what_is_not_run_says_why() {
    for page in documents() {
        for block in blocks(&page) {
            let known = match block.words().collect::<Vec<_>>()[..] {
                ["sh"] | ["sh", "long"] => true,
                ["sh", "untested:", ..] => block.words().count() > 2,
                ["sh" | "bash" | "shell" | "console", ..] => false,
                _ => true,
            };
            assert!(known, "{page}:{}: `{}`: say `sh`, `sh long` or `sh untested: REASON`", block.line, block.info);
        }
    }
}
