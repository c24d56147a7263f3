//! Recordings through the command: where their time begins, what is left out, and the same events in every format.

use crate::process::{assert_one_sentence, command, object};
use host_harness::npz::{self, Array, Values};
use std::fs;
use std::path::Path;
use std::process::Output;
use tempfile::TempDir;

/// A file beside the tests.
fn field(name: &str) -> String {
    format!("{}/../tests/golden/field/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn infer(network: &str, data: &str, more: &[&str]) -> Output {
    command(&[&["infer", network, "--data", data, "--json"], more].concat()).output().unwrap()
}

/// Steps, spikes, the digest, and what was said beside them.
fn told(output: &Output) -> (u64, u64, String, String) {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    let json = object(output);
    let number = |name: &str| json[name].as_u64().unwrap();
    (number("steps"), number("spikes"), json["digest"].as_str().unwrap().to_owned(), said)
}

#[test]
fn time_counts_from_the_first_event() {
    let dvs = field("dvs.toml");
    let shown = |name: &str, more: &[&str]| told(&infer(&dvs, &field(name), more));
    let late = shown("late.aedat", &["--steps", "50"]);
    assert_eq!(late, shown("zero.aedat", &["--steps", "50"]));
    assert_eq!((late.0, late.1), (50, 1003));
    assert!(late.3.starts_with("loihi: 22 of 3000 events (of 1 sample) come after the last step"), "{}", late.3);
    let whole = shown("late.aedat", &[]);
    assert_eq!((whole.0, whole.3.as_str()), (51, ""), "a step for the last event, and nothing left out");
    // As the files have it: there the other one begins at 7 µs.
    let absolute = ["--steps", "50", "--time", "absolute"];
    assert_eq!(shown("zero.aedat", &absolute).1, 1005);
    let (_, spikes, _, said) = shown("late.aedat", &absolute);
    assert_eq!(spikes, 0);
    assert!(said.starts_with("loihi: 3000 of 3000 events"), "{said}");
}

#[test]
fn an_absurd_length_is_refused_before_it_begins() {
    let (davis, epoch) = (field("davis.toml"), field("epoch.aedat4"));
    let parts = ["its events take 1599995000001 steps of 1000 us, more than 1000000", "--steps", "--step-us"];
    assert_one_sentence(&infer(&davis, &epoch, &[]), &parts);
    let absolute = infer(&davis, &epoch, &["--time", "absolute"]);
    assert_one_sentence(&absolute, &["1600000000001 steps of 1000 us", "--time first"]);
    let (steps, _, _, said) = told(&infer(&davis, &epoch, &["--steps", "10"]));
    assert_eq!((steps, said.contains("1 of 2 events (of 1 sample) come after")), (10, true), "{said}");
    let shown = command(&["data", "show", &epoch]).output().unwrap();
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(
        text.contains("events, sensor 346 x 260, 2 on average, up to 1599995000000017 us from 5000000000 us on"),
        "{text}"
    );
}

/// Time in microseconds, column, row, polarity.
type Event = (u64, u16, u16, u8);

/// Columns and rows of the sensor: those of a DVS128.
const SIDE: u16 = 128;

/// Events of 40 ms from a time on, in every corner of the sensor.
fn events(start_us: u64) -> Vec<Event> {
    let event = |at: u16| {
        let [x, y] = [at * 37 % SIDE, at * 91 % SIDE];
        (start_us + u64::from(at) * 101, x, y, (at % 3 % 2).to_le_bytes()[0])
    };
    (0..400).map(event).collect()
}

fn words(bytes: &mut Vec<u8>, words: impl IntoIterator<Item = u32>) {
    words.into_iter().for_each(|word| bytes.extend(word.to_le_bytes()));
}

fn low(t_us: u64) -> u32 {
    u32::try_from(t_us & 0xFFFF_FFFF).unwrap()
}

fn aedat31(events: &[Event]) -> Vec<u8> {
    let mut bytes = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#!END-HEADER\r\n\x01\x00\x01\x00".to_vec();
    let count = u32::try_from(events.len()).unwrap();
    words(&mut bytes, [8, 4, 0, count, count, count]);
    for (t, x, y, p) in events {
        words(&mut bytes, [u32::from(*x) << 17 | u32::from(*y) << 2 | u32::from(*p) << 1 | 1, low(*t)]);
    }
    bytes
}

/// As a DVS128 sends them: from the right, from the bottom, and a bit that says darker.
fn aedat20(events: &[Event]) -> Vec<u8> {
    let mut bytes =
        b"#!AER-DAT2.0\r\n# AEChip: ch.unizh.ini.jaer.chip.retina.DVS128\r\n#End Of ASCII Header\r\n".to_vec();
    for (t, x, y, p) in events {
        let [x, y] = [x, y].map(|place| u32::from(SIDE - 1 - *place));
        bytes.extend((y << 8 | x << 1 | u32::from(1 - *p)).to_be_bytes());
        bytes.extend(low(*t).to_be_bytes());
    }
    bytes
}

fn dat(events: &[Event]) -> Vec<u8> {
    let mut bytes = b"% Data file containing CD events\n% Version 2\n% Width 128\n% Height 128\n\x0C\x08".to_vec();
    for (t, x, y, p) in events {
        words(&mut bytes, [low(*t), u32::from(*x) | u32::from(*y) << 14 | u32::from(*p) << 28]);
    }
    bytes
}

fn evt2(events: &[Event]) -> Vec<u8> {
    let mut bytes = b"% evt 2.0\n% geometry 128x128\n% end\n".to_vec();
    for (t, x, y, p) in events {
        let high = u32::try_from(*t >> 6).unwrap();
        words(&mut bytes, [0x8000_0000 | high]);
        words(&mut bytes, [u32::from(*p) << 28 | (low(*t) & 0x3F) << 22 | u32::from(*x) << 11 | u32::from(*y)]);
    }
    bytes
}

/// Every third event as one of a vector.
fn evt3(events: &[Event]) -> Vec<u8> {
    let mut bytes = b"% format EVT3;height=128;width=128\n% end\n".to_vec();
    for (number, (t, x, y, p)) in events.iter().enumerate() {
        let [high, low] = [t >> 12, *t].map(|part| u16::try_from(part & 0xFFF).unwrap());
        let polarity = u16::from(*p) << 11;
        let place = if number % 3 == 0 {
            let back = (*x).min(9);
            vec![0x3000 | polarity | (x - back), 0x4000 | 1 << back]
        } else {
            vec![0x2000 | polarity | x]
        };
        let all = [0x8000 | high, 0x6000 | low, *y].into_iter().chain(place);
        all.for_each(|word| bytes.extend(word.to_le_bytes()));
    }
    bytes
}

/// As numpy saves what Tonic returns.
fn npy(events: &[Event]) -> Vec<u8> {
    let text = format!(
        "{{'descr': [('t', '<i8'), ('x', '<i2'), ('y', '<i2'), ('p', '|b1')], 'fortran_order': False, 'shape': ({},), }}\n",
        events.len()
    );
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(text.len()).unwrap().to_le_bytes());
    bytes.extend(text.into_bytes());
    for (t, x, y, p) in events {
        bytes.extend([&t.to_le_bytes()[..], &x.to_le_bytes(), &y.to_le_bytes(), &[*p]].concat());
    }
    bytes
}

fn npz(events: &[Event]) -> Vec<u8> {
    let column = |name: &str, of: fn(&Event) -> i64| {
        (name.to_owned(), Array::new(vec![events.len()], Values::Whole(events.iter().map(of).collect())).unwrap())
    };
    let columns = [
        column("t", |event| event.0.cast_signed()),
        column("x", |event| event.1.into()),
        column("y", |event| event.2.into()),
        column("p", |event| event.3.into()),
    ];
    npz::bytes(&columns).unwrap()
}

/// Five bytes an event, whose clock ends after 8 s.
fn bs2(events: &[Event]) -> Vec<u8> {
    let event = |(t, x, y, p): &Event| {
        let [.., high, middle, last] = low(*t).to_be_bytes();
        [x.to_le_bytes()[0], y.to_le_bytes()[0], p << 7 | high, middle, last]
    };
    events.iter().flat_map(event).collect()
}

/// A name, what writes the file, and where its clock stands at first.
type Format = (&'static str, fn(&[Event]) -> Vec<u8>, u64);

/// Of the same events, whatever their format and wherever its clock stands, a network sees the same.
#[test]
fn the_same_events_in_every_format_end_in_the_same_bits() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let formats: [Format; 8] = [
        ("0.aedat", aedat31, 80_048_267),
        ("1.aedat", aedat20, 3_000_000_000),
        ("2.dat", dat, 2_000_000_019),
        ("3.raw", evt2, 17_000_000_001),
        ("4.raw", evt3, 4_097_001),
        ("5.npy", npy, 1_600_000_000_000_123),
        ("6.npz", npz, 1_600_000_000_000_999),
        ("7.bs2", bs2, 5_000_123),
    ];
    let network = field("dvs.toml");
    let mut first = None;
    for (name, write, start_us) in formats {
        fs::write(path(name), write(&events(start_us))).unwrap();
        let found = told(&infer(&network, &path(name), &[]));
        assert_eq!((found.0, found.3.as_str()), (41, ""), "{name}");
        assert!(found.1 > 0, "{name}");
        assert_eq!(found, *first.get_or_insert_with(|| found.clone()), "{name}");
        let shown = command(&["data", "show", &path(name)]).output().unwrap();
        let text = String::from_utf8(shown.stdout).unwrap();
        // The class of a file alone is the number in its name, not that of the folder it happens to lie in.
        let class = &name[..1];
        assert!(text.contains(&format!("labels    {class}:1 (1 class)")), "{name}: {text}");
        let expected = format!("events, sensor 128 x 128, 400 on average, up to 40299 us from {start_us} us on (1)");
        assert!(text.contains(&expected), "{name}: {text}");
    }
    // All of them as samples of one folder, their classes from their names.
    let whole = told(&infer(&network, folder.path().to_str().unwrap(), &[]));
    assert_eq!((whole.0, whole.3.as_str()), (8 * 41, ""));
}

#[test]
fn a_cochlea_is_an_input_of_channels() {
    let folder = TempDir::new().unwrap();
    let network = folder.path().join("n.toml");
    let text = "name = \"n\"\ndt = \"1 ms\"\n[[input]]\nname = \"in\"\nshape = [700]\n[[population]]\nname = \"out\"\nshape = [700]\n\
                v_th = 1\n[[connection]]\nfrom = \"in\"\nto = \"out\"\nkind = \"one_to_one\"\nweights = 100\n";
    fs::write(&network, text).unwrap();
    let network = network.to_str().unwrap();
    let words = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/shd/h5py.h5");
    let words = words.to_str().unwrap();
    let shown = command(&["data", "show", words]).output().unwrap();
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(text.contains("events, sensor 700 x 1, 1 on average, up to 1000000 us (4)"), "{text}");
    assert!(text.contains("0:1 3:1 7:1 19:1 (4 classes)"), "{text}");
    // Time begins with a word: the first one ends in step 250, the second has no spike, the third ends in step 1000.
    let all = told(&infer(network, words, &[]));
    assert_eq!((all.0, all.1, all.3.as_str()), (251 + 1 + 1001 + 126, 6, ""));
    let first = told(&infer(network, words, &["--samples", "1"]));
    assert_eq!((first.0, first.1), (251, 3));
}

#[test]
fn the_built_in_digits_are_samples() {
    let shown = command(&["data", "show", "digits"]).output().unwrap();
    let text = String::from_utf8(shown.stdout).unwrap();
    for part in
        ["digits, test", "digits, train", "samples   360", "samples   1437", "values [8, 8] (360)", "(10 classes)"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    let folder = TempDir::new().unwrap();
    let network = folder.path().join("n.toml");
    fs::write(
        &network,
        "[[input]]\nname = \"in\"\nshape = [8, 8]\n[[population]]\nname = \"out\"\nshape = [10]\n[[connection]]\nfrom = \"in\"\nto \
         = \"out\"\nweights = 2\n[readout]\npopulation = \"out\"\n",
    )
    .unwrap();
    let more = ["--coding", "latency", "--steps", "4"];
    let told = told(&infer(network.to_str().unwrap(), "digits", &more));
    assert_eq!(told.0, 360 * 4);
    // A folder of this name is given with its place.
    fs::create_dir(folder.path().join("digits")).unwrap();
    let built_in = command(&["data", "show", "digits"]).current_dir(folder.path()).output().unwrap();
    assert!(built_in.status.success(), "{}", String::from_utf8_lossy(&built_in.stderr));
    let own = command(&["data", "show", "./digits"]).current_dir(folder.path()).output().unwrap();
    assert_one_sentence(&own, &["./digits: there is nothing here that can be read"]);
    let unknown = command(&["data", "show", "mnits"]).current_dir(folder.path()).output().unwrap();
    assert_one_sentence(&unknown, &["mnits", "no such file or data set"]);
}

/// With a plant, too, however the network moves it.
#[test]
fn probes_find_populations_of_networks_with_a_plant() {
    let temporary = tempfile::tempdir().unwrap();
    for (name, population, neurons) in
        [("stdp-reward", "choices", 2), ("pes-core", "ensemble", 100), ("eprop-pattern", "layer", 100)]
    {
        let folder = temporary.path().join(name);
        let probe = format!("{population}.v@every=1000");
        let arguments = ["run", name, "--epochs", "1", "--probe", &probe, "--out", folder.to_str().unwrap()];
        let output = command(&arguments).output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let sampled = fs::read(folder.join(format!("probe-{population}.v.npy"))).unwrap();
        let head = String::from_utf8_lossy(&sampled[..128]).into_owned();
        assert!(head.contains(&format!(", {neurons})")), "{name}: {head}");
    }
    let other = temporary.path().join("other");
    let arguments = ["run", "stdp-reward", "--probe", "choice.v", "--out", other.to_str().unwrap()];
    let parts = ["unknown population `choice`; there are: choices"];
    assert_one_sentence(&command(&arguments).output().unwrap(), &parts);
    assert!(!other.exists());
}
