//! The page in headless Chromium: draw, predict, teach, predict again; the digest; keys, touch and screens of two sizes.

#![allow(clippy::unwrap_used)]

mod driver;

use driver::{Browser, Pointer};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

const WIDE: [u32; 2] = [1280, 900];
const NARROW: [u32; 2] = [390, 844];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The page, once its network has learned the digits.
fn open(size: [u32; 2]) -> Browser {
    let browser = blank(size, "");
    browser.wait("document.getElementById('equal').textContent !== ''");
    browser
}

/// The page as it is loaded from a file, after a script.
fn blank(size: [u32; 2], before: &str) -> Browser {
    let page = root().join("target/page/index.html");
    assert!(page.is_file(), "{} is missing: run `cargo xtask web`", page.display());
    let browser = Browser::open(size, before);
    browser.go(&format!("file://{}", page.display()));
    browser
}

/// A drawing of a class that the tests without a browser have, too: strokes of x and y in turn.
fn drawing(number: usize) -> Vec<Vec<f64>> {
    let all: Value = serde_json::from_str(include_str!("../drawings.json")).unwrap();
    serde_json::from_value(all[number]["strokes"].clone()).unwrap()
}

/// Draws on a cleared pad, from its top left corner, in the pad's own units, and waits for the answer.
fn draw(browser: &Browser, strokes: &[Vec<f64>], pointer: Pointer, scale: f64) -> u64 {
    if browser.run("return document.getElementById('clear').disabled") == json!(false) {
        browser.click("clear");
    }
    let place = "const pad = document.getElementById('pad'); pad.scrollIntoView();
        const box = pad.getBoundingClientRect(); return [box.left, box.top, box.width]";
    let place: [f64; 3] = serde_json::from_value(browser.run(place)).unwrap();
    let at = |value: f64, from: f64| from + value * scale * place[2] / 280.0;
    for stroke in strokes {
        let points: Vec<[f64; 2]> =
            stroke.as_chunks::<2>().0.iter().map(|[x, y]| [at(*x, place[0]), at(*y, place[1])]).collect();
        browser.stroke(&points, pointer);
    }
    settled(browser)
}

/// The answer, once the page waits for nothing.
fn settled(browser: &Browser) -> u64 {
    browser.wait("!engine.busy && engine.waiting.length === 0 && answer !== null && finished");
    browser.run("return answer.class").as_u64().unwrap()
}

fn teach(browser: &Browser, class: u64) -> u64 {
    browser.run(&format!("document.querySelectorAll('#scores button')[{class}].click()"));
    settled(browser)
}

fn assert_clean(browser: &Browser) {
    assert_eq!(browser.log(), Vec::<Value>::new(), "the console");
    let fits = browser.run("return document.documentElement.scrollWidth <= innerWidth");
    assert_eq!(fits, json!(true), "something is wider than the screen");
}

#[test]
fn draw_predict_teach_predict_again() {
    let browser = open(WIDE);
    let shape = drawing(24);
    let before = draw(&browser, &shape, Pointer::Mouse, 0.95);
    let class = (before + 3) % 10;
    let mut lessons = 0;
    while lessons < 2 && teach(&browser, class) != class {
        lessons += 1;
    }
    assert_eq!(settled(&browser), class, "after two lessons");
    assert!(browser.text("said").starts_with("Learned once as a"), "{}", browser.text("said"));
    let lessons = browser.text("online");
    assert!(lessons.starts_with("0 of ") || lessons == "1 of 2", "{lessons}");

    // The shape is known, smaller and elsewhere.
    assert_eq!(draw(&browser, &shape, Pointer::Mouse, 0.6), class);
    assert!(browser.run("return answer.spikes.length").as_u64().unwrap() > 100);
    browser.click("forget");
    browser.wait("right.length === 0");
    assert_eq!(settled(&browser), before, "as before the lessons");
    assert_eq!(browser.text("online"), "–");
    assert_clean(&browser);
}

#[test]
fn the_experiment_ends_in_the_digest_of_the_host() {
    let browser = open(WIDE);
    let digests: toml::Table = fs::read_to_string(root().join("tests/golden/digests.toml")).unwrap().parse().unwrap();
    let expected = digests["digits-pes"].as_str().unwrap();
    let shown = || ["digest", "digest-host", "equal", "accuracy-test"].map(|id| browser.text(id));
    assert_eq!(shown(), [expected, expected, "Equal to the last bit.", "96.11 %"]);
    browser.click("run");
    browser.wait("document.getElementById('digest').textContent === '–'");
    // The page answers while the chip computes.
    assert_eq!(browser.run("return engine.busy"), json!(true));
    browser.wait("document.getElementById('equal').textContent !== ''");
    assert_eq!(shown(), [expected, expected, "Equal to the last bit.", "96.11 %"]);
    assert_clean(&browser);
}

#[test]
fn fingers_draw_on_a_narrow_screen_and_keys_on_any() {
    let browser = open(NARROW);
    assert_eq!(draw(&browser, &drawing(3), Pointer::Touch, 0.95), 3);
    assert_clean(&browser);

    browser.click("clear");
    browser.run("document.getElementById('pad').focus()");
    let down = "\u{e015}";
    browser.keys(&format!(" {} ", down.repeat(20)));
    assert_eq!(settled(&browser), 1, "a bar is a one");
    browser.keys("1");
    browser.wait("right.length === 1");
    assert_eq!(browser.text("online"), "1 of 1");
    browser.keys("\u{e017}");
    browser.wait("pad.strokes.length === 0 && answer === null");
    assert_eq!(browser.text("answer"), "?");
}

#[test]
fn a_browser_without_webassembly_is_told_so() {
    let browser = blank(WIDE, "delete globalThis.WebAssembly");
    browser.wait("!document.getElementById('error').hidden");
    assert!(browser.text("error").starts_with("This browser has no WebAssembly"), "{}", browser.text("error"));
}

/// Chromium 80 to 95 unpack the module, and cannot compile it.
#[test]
fn a_browser_without_the_newest_instruction_is_told_which_has_it() {
    let too_old = "globalThis.validate = WebAssembly.validate;
        WebAssembly.validate = (module) => { globalThis.asked = module; return false }";
    let browser = blank(WIDE, too_old);
    browser.wait("!document.getElementById('error').hidden");
    let said = browser.text("error");
    assert!(said.starts_with("This browser is too old") && said.contains("Chromium 96"), "{said}");
    // This browser has the instruction, and would refuse a table that does not exist.
    let both = "return [asked, asked.with(-2, 1)].map((module) => validate(module))";
    assert_eq!(browser.run(both), json!([true, false]));
}
