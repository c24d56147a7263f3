//! Tables of a user's own: what their columns are taken for, and the scale of their numbers, which is kept with what was learned.

use crate::process::{assert_one_sentence, command, object};
use std::fs;
use std::path::Path;
use std::process::Output;

/// A network that learns four values, one after the other.
const ONLINE: &str = "steps = 20
input = [{ name = \"values\", shape = [4] }]
snip = [{ kind = \"bernoulli-encoder\", full_scale = 512 }, { kind = \"decolle\", population = \"hidden\" }]
population = [{ name = \"hidden\", shape = [16], decay_u = 819, decay_v = 410, v_th = 500 }]
connection = [{ from = \"values\", to = \"hidden\", weights = { normal = 20 } }]
";

/// A network that is trained offline.
const OFFLINE: &str = "steps = 8
late_steps = 1
input = [{ name = \"image\", bias_of = \"pixels\", gain = 0.3 }]
population = [{ name = \"pixels\", shape = [4], v_th = 1 }, { name = \"out\", decay_u = 4096, decay_v = 256, v_th = 100 }]
connection = [{ from = \"pixels\", to = \"out\", weights = { init = \"normal\", std = 24.0 } }]
readout = { population = \"out\" }
train = { epochs = 2, batch = 8 }
";

/// Rows of four values and their class, of a range that no single row has.
fn table(rows: std::ops::Range<i32>) -> String {
    let row = |row: i32| {
        let class = row % 2;
        let value = |at: i32| f64::from((row * 37 + at * 11) % 19 - 9) / 4.0 + f64::from(class * at);
        let values: Vec<String> = (0..4).map(|at| value(at).to_string()).collect();
        format!("{},{class}\n", values.join(","))
    };
    format!("a,b,c,d,kind\n{}", rows.map(row).collect::<String>())
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("online.toml", ONLINE),
        ("offline.toml", OFFLINE),
        ("train.csv", &table(0..60)),
        ("few.csv", &table(60..63)),
        ("narrow.csv", "a,b,kind\n1,2,0\n2,1,1\n"),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn run(folder: &Path, line: &str) -> Output {
    command(&line.split(' ').collect::<Vec<_>>()).current_dir(folder).output().unwrap()
}

#[test]
fn what_is_shown_later_is_scaled_as_what_was_learned() {
    let folder = folder();
    let result = |line: &str| object(&run(folder.path(), &format!("{line} --json")));
    let learned = result("run online.toml --train train.csv --out learned");
    let (scale, own) = (&learned["scale"], &result("run online.toml --train few.csv")["scale"]);
    assert!(scale.is_array() && scale != own, "{scale} {own}");
    let again = "run online.toml --train few.csv --test few.csv --epochs 0 --learned";
    assert_eq!(&result(&format!("{again} learned"))["scale"], scale);
    assert_eq!(&result(&format!("{again} learned/learned.bin"))["scale"], scale, "the file alone knows it");
    let said = format!("{ONLINE}[scale]\nvalues = [-100, 100]\n");
    fs::write(folder.path().join("online.toml"), said).unwrap();
    assert_eq!(
        result(&format!("{again} learned"))["scale"],
        serde_json::json!([-100.0, 100.0]),
        "the file comes first"
    );
}

#[test]
fn the_file_of_a_trained_network_keeps_the_scale() {
    let folder = folder();
    let trained = object(&run(folder.path(), "train offline.toml --train train.csv --out trained --json"));
    assert_eq!(trained["scores_different"], 0, "{trained}");
    let text = fs::read_to_string(folder.path().join("trained/network.toml")).unwrap();
    assert!(text.contains("[scale]\nimage = ["), "{text}");
    let shown = |data: &str| object(&run(folder.path(), &format!("run trained/network.toml --data {data} --json")));
    let (few, all) = (shown("few.csv"), shown("train.csv"));
    assert!(few["scale"].is_array() && few["scale"] == all["scale"], "{few} {all}");
}

#[test]
fn columns_are_told_where_samples_are_shown_and_where_they_do_not_fit() {
    let folder = folder();
    let shown = run(folder.path(), "data show train.csv");
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("  columns   4 values, `a` to `d`; the last column, `kind`, is the class\n"), "{shown}");
    assert!(shown.contains("  scale     -2.25 to ") && shown.contains(" become 0 to 255\n"), "{shown}");
    let columns = "(`a` to `b`; the last column, `kind`, is the class)";
    for line in
        ["run online.toml --train narrow.csv", "train offline.toml --train narrow.csv --test narrow.csv --out never"]
    {
        assert_one_sentence(&run(folder.path(), line), &["2 values", columns]);
    }
}
