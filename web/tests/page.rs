//! The page without a browser: what it is told, on a network that learned the digits.

#![allow(clippy::unwrap_used)]

use loihi_web::page::Page;
use serde_json::{Value, json};
use std::sync::{LazyLock, Mutex, PoisonError};

/// Drawings of every class, one after the other, in three styles by two hands; strokes of x and y in turn.
const DRAWINGS: &str = include_str!("drawings.json");

/// A page whose network learned the digits, and what it said of that.
static LEARNED: LazyLock<Mutex<(Page, Vec<Value>)>> = LazyLock::new(|| {
    let mut page = Page::default();
    let told = ask(&mut page, &json!({"ask": "experiment", "samples": null}));
    Mutex::new((page, told))
});

fn ask(page: &mut Page, request: &Value) -> Vec<Value> {
    let mut told = Vec::new();
    page.ask(&request.to_string(), &mut |text| told.push(serde_json::from_str(text).unwrap()));
    told
}

/// Does `with` to a page that has learned the digits and nothing else.
fn with(with: impl FnOnce(&mut Page)) {
    let mut learned = LEARNED.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(ask(&mut learned.0, &json!({"ask": "forget"})), [json!({"tell": "forgotten"})]);
    with(&mut learned.0);
}

fn class_of(answer: &Value) -> u64 {
    answer["answer"]["class"].as_u64().unwrap()
}

fn drawings() -> Vec<Value> {
    serde_json::from_str(DRAWINGS).unwrap()
}

#[test]
fn the_experiment_is_that_of_the_host() {
    let learned = LEARNED.lock().unwrap_or_else(PoisonError::into_inner);
    let outcome = learned.1.last().unwrap();
    let digests: toml::Table = include_str!("../../tests/golden/digests.toml").parse().unwrap();
    assert_eq!((&outcome["tell"], &outcome["steps"]), (&json!("experiment"), &json!(120_744)));
    assert_eq!(outcome["digest"].as_str(), digests[outcome["name"].as_str().unwrap()].as_str());
    let progress = &learned.1[100];
    assert_eq!((&progress["tell"], &progress["total"]), (&json!("progress"), &json!(5391)));
}

#[test]
fn most_drawings_are_answered_correctly_and_nearly_all_once_they_were_learned() {
    with(|page| {
        let drawings = drawings();
        let right = |page: &mut Page| {
            let is_right = |own: &&Value| {
                let told = ask(page, &json!({"ask": "predict", "strokes": own["strokes"]}));
                class_of(&told[0]) == own["class"].as_u64().unwrap()
            };
            drawings.iter().filter(is_right).count()
        };
        let before = right(page);
        for own in &drawings {
            ask(page, &json!({"ask": "teach", "strokes": own["strokes"], "class": own["class"]}));
        }
        let after = right(page);
        println!("{before}, then {after} of {}", drawings.len());
        assert!(before * 100 >= drawings.len() * 80, "{before} of {}", drawings.len());
        assert!(after * 100 >= drawings.len() * 95, "{after} of {}", drawings.len());
    });
}

#[test]
fn any_drawing_becomes_any_class_in_two_lessons() {
    for own in drawings() {
        with(|page| {
            let answer = ask(page, &json!({"ask": "predict", "strokes": own["strokes"]}));
            let before = class_of(&answer[0]);
            for class in (0..10).filter(|class| *class != before) {
                ask(page, &json!({"ask": "forget"}));
                let teach = json!({"ask": "teach", "strokes": own["strokes"], "class": class});
                let first = ask(page, &teach);
                assert_eq!(first[0]["before"], answer[0]["answer"], "the lesson begins with the prediction");
                let told = ask(page, &teach);
                assert_eq!(class_of(&told[0]), class, "a {before}");
                assert_eq!(told[0]["before"], first[0]["answer"]);
                assert_eq!(told[0]["right"].as_array().unwrap().len(), 2);
                assert_eq!(told[0]["right"][0], json!(false));
            }
        });
    }
}

#[test]
fn bad_requests_are_answered_by_a_sentence() {
    let mut untrained = Page::default();
    let stroke = json!([[0, 0, 5, 5]]);
    let what = |page: &mut Page, request: &str| {
        let mut told = Vec::new();
        page.ask(request, &mut |text| told.push(serde_json::from_str::<Value>(text).unwrap()));
        assert_eq!((told.len(), &told[0]["tell"]), (1, &json!("error")), "{request}");
        told[0]["what"].as_str().unwrap().to_owned()
    };
    let predict = json!({"ask": "predict", "strokes": stroke}).to_string();
    assert_eq!(what(&mut untrained, &predict), "the network has learned nothing yet: run the experiment first");
    with(|page| {
        for (request, part) in [
            ("", "not a request of this page"),
            (r#"{"ask":"dance"}"#, "unknown variant `dance`"),
            (r#"{"ask":"predict","strokes":[]}"#, "the drawing is empty: draw a digit"),
            (r#"{"ask":"predict","strokes":[[1,2,3]]}"#, "give pairs of finite numbers"),
            (r#"{"ask":"predict","strokes":[[1,1e300]]}"#, "give pairs of finite numbers"),
            (r#"{"ask":"predict","strokes":[[1,-1000000]]}"#, "give pairs of finite numbers below 1,000,000"),
            (r#"{"ask":"predict"}"#, "`strokes` is missing"),
            (r#"{"ask":"forget","class":3}"#, "`class` means nothing here"),
            (r#"{"ask":"teach","strokes":[[1,2]],"class":10}"#, "class 10 does not exist: give 0 to 9"),
        ] {
            let what = what(page, request);
            assert!(what.contains(part), "{request}: {what}");
        }
        let long = json!({"ask": "predict", "strokes": [vec![0; 40_002]]}).to_string();
        assert!(what(page, &long).contains("more than 20000 points"));
        assert_eq!(ask(page, &json!({"ask": "predict", "strokes": [[999_999, 3]]}))[0]["tell"], "answer");
        // A dot is a drawing.
        assert_eq!(ask(page, &json!({"ask": "predict", "strokes": [[3, 3]]}))[0]["tell"], "answer");
    });
}
