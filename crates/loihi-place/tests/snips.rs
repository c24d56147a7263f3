//! What tables of programs are placed as, and what is wrong with them is said with its line.

#![allow(clippy::unwrap_used)]

use loihi_net::network::{Network, Section, file};
use loihi_place::place::{Placed, PlacementOptions, place};
use loihi_snip::{KINDS, SnipKind, Teaching, programs};
use std::path::Path;

/// A network for programs: a hidden layer that reaches itself and an output, each after the other.
const NETWORK: &str = r#"
beyond_the_chip = true

[[input]]
name = "pixels"
shape = [4]

[[population]]
name = "hidden"
shape = [8]
decay_u = 819
decay_v = 410
v_th = 500

[[population]]
name = "output"
shape = [10]
decay_u = 819
decay_v = 410
v_th = 60

[[connection]]
from = "pixels"
to = "hidden"
weights = { normal = 10.0 }

[[connection]]
from = "hidden"
to = "output"
weights = { normal = 10.0 }

"#;

fn network(text: &str) -> Network {
    file::parse(text, Path::new("net.toml")).unwrap()
}

fn placed(text: &str) -> Placed {
    place(&network(text), PlacementOptions::default()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// What is said of the network with these tables, each after a line of its own.
fn said(tables: &str) -> String {
    let network = network(&format!("{NETWORK}{tables}"));
    place(&network, PlacementOptions::default()).unwrap_err().to_string()
}

/// The network, and what the example of a kind needs besides.
fn network_for(kind: &str) -> String {
    match kind {
        "eprop" => format!(
            "{NETWORK}[[connection]]\nfrom = \"hidden\"\nto = \"hidden\"\nweights = {{ normal = 10.0, autapses = false }}\n"
        ),
        "urbanczik-senn" => NETWORK.replace("v_th = 500", "v_th = 131071"),
        "clp" => NETWORK.replacen("decay_v = 410\nv_th = 500", "decay_v = 0\nv_th = 131071", 1),
        "emstdp" => NETWORK.replace("decay_u = 819\ndecay_v = 410", "decay_u = 4096\ndecay_v = 0"),
        "bias-encoder" => NETWORK.replace("from = \"pixels\"\nto = \"hidden\"", "from = \"hidden\"\nto = \"hidden\""),
        "replay-buffer" => format!("{NETWORK}[[snip]]\nkind = \"bernoulli-encoder\"\n"),
        "third-factor" => {
            let rule = "[connection.learning]\nrule = \"dw = 2^-4*u0*x1*y1\"\nx1 = { impulse = 16, tau_steps = 16.0 }\n\
                signed_by_profile = true\n";
            format!(
                "{NETWORK}[[population]]\nname = \"pairs\"\nshape = [2]\n\
                 [[connection]]\nfrom = \"hidden\"\nto = \"pairs\"\nweights = 0\n{rule}"
            )
        }
        _ => NETWORK.to_owned(),
    }
}

/// Keys that stand before `=` in a line, commented or not.
fn keys(line: &str) -> Option<&str> {
    let line = line.trim_start_matches("# ");
    line.split_once(" = ").map(|(key, _)| key).filter(|key| !key.contains(' '))
}

#[test]
fn the_example_of_every_kind_is_placed() {
    for kind in KINDS {
        let example = kind.example();
        assert!(example.starts_with(&format!("[[snip]]\nkind = \"{}\"\n", kind.name)), "{example}");
        let placed = placed(&format!("{}{example}", network_for(kind.name)));
        assert!(!placed.image.snips().is_empty(), "{}", kind.name);
        let longest = example.lines().map(str::len).max().unwrap();
        assert!(longest <= 140, "{longest} letters a line: {example}");
    }
}

/// An error at an unknown key lists all that there are: those are in the example.
#[test]
fn the_example_of_every_kind_has_all_its_keys() {
    for kind in KINDS {
        let example = kind.example();
        let text = format!("{}{example}nonsense = 1\n", network_for(kind.name));
        let said = place(&network(&text), PlacementOptions::default()).unwrap_err().to_string();
        let (_, all) = said.split_once("unknown key `nonsense`; there are: ").unwrap_or_else(|| panic!("{said}"));
        let shown: Vec<&str> = example.lines().filter_map(keys).collect();
        for key in all.split(", ").filter(|key| *key != "name") {
            assert!(shown.contains(&key), "{}: {key} is missing: {shown:?}", kind.name);
        }
        for key in shown {
            assert!(all.split(", ").any(|known| known == key), "{}: {key} is unknown: {all}", kind.name);
        }
    }
}

/// A table without what has a default is read as that with everything.
#[test]
fn the_examples_say_the_defaults() {
    for kind in KINDS {
        let example = kind.example();
        let needed: String = example.split_inclusive('\n').filter(|line| !line.contains("default")).collect();
        let read =
            |table: &str| format!("{:?}", programs(&network(&format!("{}{table}", network_for(kind.name))), KINDS));
        assert_eq!(read(&example), read(&needed), "{}", kind.name);
    }
}

#[test]
fn programs_are_taught_and_answer_in_words_of_their_own() {
    let tables = "[[snip]]\nkind = \"bernoulli-encoder\"\n\
        [[snip]]\nkind = \"decolle\"\npopulation = \"hidden\"\nclasses = 10\n\
        [[snip]]\nkind = \"soel\"\nname = \"head\"\npopulation = \"output\"\n\
        [[snip]]\nkind = \"pes\"\npopulation = \"output\"\ndimensions = 2\n\
        [[snip]]\nkind = \"replay-buffer\"\nslots = 5\n";
    let programs = placed(&format!("{NETWORK}{tables}")).programs;
    let ports: Vec<_> =
        programs.ports.iter().map(|port| (port.name.as_str(), port.target.clone(), port.output.clone())).collect();
    assert_eq!(ports, [("decolle", 0..10, 0..10), ("head", 10..20, 10..20), ("pes", 20..22, 20..22)]);
    assert_eq!(programs.ports[1].teaching, Teaching::Classes { right: 4, wrong: 0 });
    assert_eq!((programs.words, programs.replay_slots), ([6, 22, 22], 5));
    let [stimulus] = &*programs.stimuli else { panic!("{programs:?}") };
    assert_eq!((stimulus.words.clone(), stimulus.key_first), (0..4, Some(4)));
}

/// A readout that does not learn takes no targets, and its decoders follow what programs before it learn.
#[test]
fn what_is_known_from_the_start_has_its_place() {
    let text = NETWORK.replace("shape = [8]", "shape = [8]\nv_start = [0, 1, 2, 3, 4, 5, 6, 7]");
    let tables = "[[snip]]\nkind = \"bernoulli-encoder\"\nvalue = 9\n\
        [[snip]]\nkind = \"pes\"\npopulation = \"hidden\"\ndimensions = 2\n\
        [[snip]]\nkind = \"pes\"\nname = \"readout\"\npopulation = \"output\"\nlearn = false\n\
        decoders = [0.5, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]\n";
    let placed = placed(&format!("{text}{tables}"));
    let [known] = &*placed.programs.known else { panic!("{:?}", placed.programs) };
    assert_eq!((known.first, &known.words[..3]), (16, &[1 << 23, -(1 << 24), 0][..]));
    assert_eq!(placed.programs.ports[1].target.len(), 0);
    assert_eq!((placed.programs.words, placed.programs.stimulus()), ([6, 2, 3], vec![9, 9, 9, 9, 0, 0]));
    assert_eq!(placed.image.open().unwrap().voltage_start[..8], [0, 1, 2, 3, 4, 5, 6, 7]);
}

/// Also layers that are told the same, so that one of them can be told nothing.
#[test]
fn every_layer_has_targets_of_its_own() {
    let table = |population| format!("[[snip]]\nkind = \"decolle\"\npopulation = \"{population}\"\nclasses = 10\n");
    let programs = placed(&format!("{NETWORK}{}{}", table("hidden"), table("output"))).programs;
    let words: Vec<_> = programs.ports.iter().map(|port| (port.target.clone(), port.output.clone())).collect();
    assert_eq!(words, [(0..10, 0..10), (10..20, 10..20)]);
}

/// The values of an ensemble go past the external inputs.
#[test]
fn an_input_of_values_has_no_external_inputs() {
    let ensemble =
        format!("{}[[snip]]\nkind = \"bias-encoder\"\npopulation = \"hidden\"\n", network_for("bias-encoder"));
    let placed = placed(&ensemble);
    assert!(placed.programs.stimuli[0].is_q12);
    assert_eq!(placed.image.open().unwrap().inputs, 0);
}

const EMSTDP: &str = "[[snip]]\nkind = \"emstdp\"\npopulations = [\"hidden\", \"output\"]\n";

const DECOLLE: &str = "[[snip]]\nkind = \"decolle\"\npopulation = \"hidden\"\nclasses = 10\n";

#[test]
fn what_is_wrong_is_shown_with_its_line() {
    let third = "[[snip]]\nkind = \"third-factor\"\npopulation = \"output\"\n";
    for (tables, number, wanted) in [
        (
            "[[snip]]\nkind = \"decole\"\n".to_owned(),
            2,
            "`kind = \"decole\"`: unknown kind `decole`: did you mean `decolle`? `loihi list --snips` shows all",
        ),
        ("[[snip]]\npopulation = \"hidden\"\n".to_owned(), 1, "`[[snip]]`: say its `kind`: rate-encoder, "),
        (
            format!("{DECOLLE}shfit = 3\n"),
            5,
            "`shfit = 3`: unknown key `shfit`: did you mean `shift`? There are: kind, name, population, from, classes, ",
        ),
        (format!("{DECOLLE}group = 3\n"), 5, "`group = 3`: `group` is set by placement: leave it out"),
        (format!("{DECOLLE}shift = \"3\"\n"), 5, "`shift = \"3\"`: invalid type: string \"3\", expected u32"),
        (format!("{DECOLLE}shift = -3\n"), 5, "`shift = -3`: invalid value: integer `-3`, expected u32"),
        (format!("{DECOLLE}shift = 99\n"), 5, "`shift = 99`: `shift` of `decolle` is out of its range"),
        (format!("{DECOLLE}back_end = \"gpu\"\n"), 5, "unknown back end `gpu`; there are: cpu, core"),
        (
            DECOLLE.replace("classes = 10\n", ""),
            1,
            "`[[snip]]`: without `classes` it learns those of the data, and these have none: give them whole numbers in `y`, or say how many",
        ),
        (DECOLLE.replace("population = \"hidden\"\n", ""), 1, "`[[snip]]`: `population` is missing: add it"),
        (
            DECOLLE.replace("hidden", "hiden"),
            3,
            "`population = \"hiden\"`: unknown population `hiden`; there are: hidden, output",
        ),
        (DECOLLE.replace("hidden", "pixels"), 3, "`population = \"pixels\"`: unknown population `pixels`"),
        (
            format!("{DECOLLE}from = \"output\"\n"),
            5,
            "no connection from `output` to `hidden`; there are those from: pixels",
        ),
        (
            format!("{DECOLLE}{DECOLLE}"),
            6,
            "`kind = \"decolle\"`: the connection from `pixels` has a rule of its own, or another",
        ),
        (
            format!("{DECOLLE}name = \"a\"\n{}name = \"a\"\n", DECOLLE.replace("hidden", "output")),
            10,
            "`a` is there twice",
        ),
        (format!("{DECOLLE}name = \"\"\n"), 5, "a name is text"),
        (
            "[[snip]]\nkind = \"rate-encoder\"\ninput = \"pixel\"\n".to_owned(),
            3,
            "unknown input `pixel`; there are: pixels",
        ),
        ("[[snip]]\nkind = \"replay-buffer\"\nslots = 5\n".to_owned(), 2, "put it behind a `bernoulli-encoder`"),
        (
            "[[snip]]\nkind = \"pes\"\npopulation = \"hidden\"\nclasses = 3\ndimensions = 2\n".to_owned(),
            4,
            "give either",
        ),
        (
            "[[snip]]\nkind = \"eprop\"\npopulation = \"hidden\"\n".to_owned(),
            3,
            "`hidden` has no connection to itself: add one",
        ),
        (
            third.to_owned(),
            3,
            "nothing reads the factor that it writes: give the connection from `hidden` a rule with y1",
        ),
        ("[[snip]]\nkind = \"bias-encoder\"\npopulation = \"hidden\"\n".to_owned(), 1, "`pixels` sends no spikes here"),
        (
            "[[snip]]\nkind = \"bias-encoder\"\npopulation = \"hidden\"\nintercepts = [0.5, -0.5]\n".to_owned(),
            4,
            "give `intercepts = [low, high]` within -1 to 1",
        ),
        (
            "[[snip]]\nkind = \"urbanczik-senn\"\npopulation = \"hidden\"\nrate_max = 2.0\n".to_owned(),
            4,
            "a `rate_max` of 0 to 1",
        ),
    ] {
        assert_said(&tables, number, wanted);
    }
}

/// What is said of tables at a line of theirs, counted from 1.
fn assert_said(tables: &str, line: usize, wanted: &str) {
    let said = said(tables);
    assert!(said.starts_with(&format!("net.toml, line {}, ", NETWORK.lines().count() + line)), "{said}\n{tables}");
    assert!(said.contains(wanted), "{said}\n{tables}");
}

#[test]
fn layers_of_emstdp_that_do_not_fit_are_shown_with_their_line() {
    for (tables, line, wanted) in [
        (
            EMSTDP.replace("\"hidden\", \"output\"", "\"output\", \"hidden\""),
            3,
            "nothing connects `output` to `hidden`: add a `[[connection]]`",
        ),
        (EMSTDP.replace("\"hidden\"", "\"output\""), 3, "`output` is there twice: name each population once"),
        (
            EMSTDP.replace("\"hidden\"", &vec!["\"hidden\""; 16].join(", ")),
            3,
            "17 layers: name at most 16 populations, the lowest layer first",
        ),
        (EMSTDP.replace("\"hidden\", \"output\"", ""), 3, "name at least one population, the lowest layer first"),
        (format!("{EMSTDP}drive_hidden = [100, 200]\n"), 4, "2 numbers for 1 hidden layers: give one for each"),
        (format!("{EMSTDP}drive_hidden = [0]\n"), 4, "0 is out of its range: give 1 to 4095"),
        (format!("{EMSTDP}drive_output = 4096\n"), 4, "4096 is out of its range: give 1 to 4095"),
        (
            format!("{EMSTDP}error_threshold_hidden = \"many\"\n"),
            4,
            "expected a whole number, or a list with one for each hidden layer",
        ),
        (format!("{EMSTDP}feedback = \"none\"\n"), 4, "unknown feedback `none`; there are: symmetric, direct"),
        (format!("{EMSTDP}phase_steps = 256\n"), 4, "`phase_steps` of `emstdp` is out of its range"),
    ] {
        assert_said(&tables, line, wanted);
    }
}

/// The rule of a connection that a program writes as well, and one of several connections that is not named.
#[test]
fn a_program_writes_one_connection_that_has_no_rule() {
    let refusal = |text: &str| place(&network(text), PlacementOptions::default()).unwrap_err().to_string();
    let rule = "[connection.learning]\nrule = \"dw = 2^-4*x1*y0\"\nx1 = { impulse = 16, tau_steps = 16.0 }\n";
    let text = NETWORK.replacen("weights = { normal = 10.0 }\n", &format!("weights = {{ normal = 10.0 }}\n{rule}"), 1);
    let said = refusal(&format!("{text}{DECOLLE}"));
    assert!(said.contains("the connection from `pixels` has a rule of its own, or another program"), "{said}");

    let second = "[[connection]]\nfrom = \"output\"\nto = \"hidden\"\nweights = 0\n";
    let said = refusal(&format!("{NETWORK}{second}{DECOLLE}"));
    assert!(said.contains("say which connection to `hidden` learns, that from: pixels, output"), "{said}");
    placed(&format!("{NETWORK}{second}{DECOLLE}from = \"output\"\n"));
}

/// What is wrong with the network that a table names.
#[test]
fn a_program_needs_inputs_and_connections_that_fit() {
    let refusal = |text: &str| place(&network(text), PlacementOptions::default()).unwrap_err().to_string();
    let encoder = "[[snip]]\nkind = \"rate-encoder\"\n";
    let second = "[[input]]\nname = \"more\"\nshape = [2]\n";
    let said = refusal(&format!("{NETWORK}{second}{encoder}"));
    assert!(said.contains("`[[snip]]`: say which input it is for: pixels, more"), "{said}");
    placed(&format!("{NETWORK}{second}{encoder}input = \"more\"\n"));
    let biases = "[[input]]\nname = \"biases\"\nbias_of = \"output\"\n";
    let said = refusal(&format!("{NETWORK}{biases}{encoder}input = \"biases\"\n"));
    assert!(said.contains("`input = \"biases\"`: `biases` sets biases: take one without `bias_of`"), "{said}");
    let alone = "[[population]]\nname = \"alone\"\nshape = [2]\n";
    let said = refusal(&format!("{NETWORK}{alone}{}", DECOLLE.replace("hidden", "alone")));
    assert!(
        said.contains("`population = \"alone\"`: nothing is connected to `alone`: add a `[[connection]]`"),
        "{said}"
    );
    let said = refusal(&format!("{NETWORK}{}", DECOLLE.replace("10", "\"ten\"")));
    assert!(said.contains("`classes = \"ten\"`: invalid type: string \"ten\", expected u32"), "{said}");
}

/// The cores' products have fewer bits than the embedded CPU's.
#[test]
fn a_learning_rate_that_the_cores_cannot_have_is_refused() {
    let text = NETWORK.replace("beyond_the_chip = true", "");
    let said = |table: &str| {
        let placed = place(&network(&format!("{text}{table}")), PlacementOptions::default());
        placed.unwrap_err().to_string()
    };
    let soel = "[[snip]]\nkind = \"soel\"\npopulation = \"output\"\n";
    let advice = "2^-11 is too small for the cores: give 0 to 7, or set `beyond_the_chip = true` for up to 16";
    assert!(said(soel).contains(advice), "{}", said(soel));
    assert!(said(&format!("{DECOLLE}back_end = \"core\"\n")).contains(advice));
    placed(&format!("{text}{soel}rate_shift = 7\n"));
}

/// A network that no file has says which table it is.
#[test]
fn a_table_made_in_rust_is_named_in_its_errors() {
    let mut network = network(NETWORK);
    network.snips.push(Section::new([("kind", "pes"), ("name", "decoder"), ("population", "hiden")]));
    let said = place(&network, PlacementOptions::default()).unwrap_err().to_string();
    assert_eq!(said, "snip `decoder`, population: unknown population `hiden`; there are: hidden, output");
}

/// The sign of a third factor is in the profile, which the rule has to follow.
#[test]
fn the_rule_of_a_third_factor_follows_the_profile() {
    let refusal = |text: &str| place(&network(text), PlacementOptions::default()).unwrap_err().to_string();
    let table = "[[snip]]\nkind = \"third-factor\"\npopulation = \"pairs\"\n";
    let text = network_for("third-factor");
    placed(&format!("{text}{table}"));
    let plain = text.replace("signed_by_profile = true\n", "y1 = { impulse = 3 }\n");
    let said = refusal(&format!("{plain}{table}"));
    assert!(said.contains("spikes write y1 of the connection from `hidden` too: take it out"), "{said}");
    let said = refusal(&format!("{}{table}", text.replace("shape = [2]", "shape = [3]")));
    assert!(said.contains("3 neurons of 1 compartments: two of one compartment take each error"), "{said}");
}

/// A rule with the sign of the profile learns nothing unless somebody writes the factor.
#[test]
fn a_third_factor_that_nothing_writes_is_refused() {
    let text = network_for("third-factor");
    let said = place(&network(&text), PlacementOptions::default()).unwrap_err().to_string();
    assert!(said.starts_with("connection 3 from `hidden` to `pairs`, rule: nothing writes the third factor"), "{said}");
    let teacher = "[teacher]\npopulation = \"pairs\"\n";
    let programs = placed(&format!("{text}{teacher}")).programs;
    assert_eq!((programs.ports[0].name.as_str(), programs.ports[0].target.len()), ("teacher", 2));
    for (text, expected) in [
        (format!("{text}{}", teacher.replace("pairs", "hidden")), "no rule reads the third factors of `hidden`"),
        (format!("{text}{}", teacher.replace("pairs", "pears")), "unknown population `pears`"),
        (format!("{text}{teacher}reward = 3\n"), "unknown key `reward`; there are: "),
        (
            format!("{}{teacher}", text.replace("signed_by_profile = true\n", "y1 = { impulse = 3 }\n")),
            "spikes write y1",
        ),
    ] {
        let said = place(&network(&text), PlacementOptions::default()).unwrap_err().to_string();
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn kinds_of_ones_own_are_placed_by_the_names_of_their_parameters() {
    static OWN: [SnipKind; KINDS.len() + 1] =
        loihi_snip::with([SnipKind::raw::<loihi_core::rules::PeriodicResetParams>("resets a population")]);
    let options = PlacementOptions::default().kinds(&OWN);
    let table = "[[snip]]\nkind = \"periodic-reset\"\npopulation = \"output\"\ninterval_steps = 5\n";
    let placed = place(&network(&format!("{NETWORK}{table}")), options).unwrap();
    assert_eq!(placed.image.snips().len(), 1);
    let example = loihi_snip::kind_of(&OWN, "periodic-reset").unwrap().example();
    assert!(place(&network(&format!("{NETWORK}{example}")), options).is_ok(), "{example}");
    let said = place(&network(&format!("{NETWORK}{table}other = 1\n")), options).unwrap_err().to_string();
    assert!(
        said.contains("unknown key `other`; there are: kind, name, population, interval_steps, offset_steps"),
        "{said}"
    );
}
