//! Instructions per operation of the kernels, counted by callgrind and held to `tests/instructions.toml`.
//!
//! A change that is meant to move them records them anew, in that file:
//! `UPDATE_INSTRUCTIONS=1 cargo test --profile tests --package conformance --test gates`
//!
//! A run of steps has a beginning that is not counted, so every network runs for two numbers of steps. Their difference
//! is what the steps between cost; and the difference of two networks is what a kernel's operations cost.

use host_harness::cost::kernels::{IDLE_AXONS, KERNELS, Kernel, KernelCost, SIZES, costs};
use loihi_core::ops::OpCounts;
use object::{Object as _, ObjectSection as _};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};
use std::thread;
use zerocopy::FromBytes as _;

/// Records the counts anew.
const RECORD: &str = "UPDATE_INSTRUCTIONS=1 cargo test --profile tests --package conformance --test gates";
/// How far a count may be from the recorded one.
const TOLERANCE: f64 = 0.02;
/// How far a step may be from one of as many synaptic events in a network of more synapses.
const TOLERANCE_IDLE: f64 = 0.01;
/// Steps of the two runs of a network.
const STEPS: [u32; 2] = [16, 80];

/// What a network cost between two numbers of steps.
#[derive(Clone, Copy)]
struct Count {
    instructions: f64,
    operations: f64,
}

#[test]
#[cfg_attr(not(target_arch = "x86_64"), ignore = "the counts are of x86-64")]
fn every_kernel_costs_what_is_recorded() {
    let runs: Vec<(Kernel, u32)> = KERNELS.into_iter().flat_map(|kernel| SIZES.map(|size| (kernel, size))).collect();
    let counts = count_all(&runs);
    let slopes: Vec<f64> = counts.as_chunks::<2>().0.iter().map(|[small, large]| slope(*small, *large)).collect();
    let costs = costs(&slopes);
    if std::env::var_os("UPDATE_INSTRUCTIONS").is_some() {
        fs::write(recorded_path(), record(&costs)).unwrap();
        return;
    }
    let (compiler, recorded) = recorded();
    let complaints = compare(&recorded, &costs);
    assert!(
        complaints.is_empty(),
        "{}\nRecorded with {compiler}, built with {}. A difference that is meant, or the compiler's, is recorded by \
         `{RECORD}`",
        complaints.join("\n"),
        built_with()
    );
}

#[test]
#[cfg_attr(not(target_arch = "x86_64"), ignore = "the counts are of x86-64")]
fn synapses_without_a_spike_cost_nothing() {
    let counts = count_all(&[(IDLE_AXONS, 100), (IDLE_AXONS, 1000)]);
    let (few, many) = (counts[0], counts[1]);
    assert!(few.operations > 0.0 && same(few.operations, many.operations, 0.0), "as many events in both");
    assert!(
        same(few.instructions, many.instructions, TOLERANCE_IDLE),
        "steps with the same synaptic events cost {} instructions in a network and {} in one of ten times the synapses",
        few.instructions,
        many.instructions
    );
}

fn same(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * a.abs()
}

/// Instructions per operation, of whatever comes with it too.
fn slope(small: Count, large: Count) -> f64 {
    (large.instructions - small.instructions) / (large.operations - small.operations)
}

/// Counts networks of kernels at given sizes, as many at once as the machine likes.
fn count_all(networks: &[(Kernel, u32)]) -> Vec<Count> {
    let counts = Mutex::new(vec![None; networks.len()]);
    let next = Mutex::new(0..networks.len());
    let work = || {
        let take = || next.lock().unwrap().next();
        while let Some(at) = take() {
            let (kernel, size) = &networks[at];
            let count = count(kernel, *size);
            counts.lock().unwrap()[at] = Some(count);
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    counts.into_inner().unwrap().into_iter().map(Option::unwrap).collect()
}

/// What the steps between the two numbers of [`STEPS`] cost.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn count(kernel: &Kernel, size: u32) -> Count {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("image");
    fs::write(&image, (kernel.network)(size).build().unwrap().bytes()).unwrap();
    let runs = STEPS.map(|steps| callgrind(&image, steps, kernel.learn));
    let [(few_instructions, few), (many_instructions, many)] =
        runs.map(|(instructions, ops)| (instructions, (kernel.operations)(&ops)));
    Count { instructions: (many_instructions - few_instructions) as f64, operations: (many - few) as f64 }
}

/// Instructions of a run from reading its image on, and what was counted in it.
pub(super) fn callgrind(image: &Path, steps: u32, learn: bool) -> (u64, OpCounts) {
    let there = Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success());
    assert!(there, "valgrind is not installed: run `cargo xtask setup`");
    let counts = image.with_extension(format!("{steps}"));
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--quiet"]).arg(format!("--callgrind-out-file={}", counts.display()));
    command.arg(counted()).arg(image).arg(steps.to_string()).arg(u8::from(learn).to_string());
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} fails, {}: {said}", output.status);
    let text = fs::read_to_string(&counts).unwrap_or_else(|error| panic!("valgrind wrote no counts: {error}, {said}"));
    let total = text.lines().find_map(|line| line.strip_prefix("summary: ").or(line.strip_prefix("totals: ")));
    let total = total.unwrap_or_else(|| panic!("valgrind wrote no total: {said}"));
    (total.trim().parse().unwrap(), OpCounts::read_from_bytes(&output.stdout).unwrap())
}

/// The program that is counted. It is judged by its machine code, so it is built in the profile `dist`, whatever that of
/// this test; that takes no time if it is up to date.
fn counted() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        // TARGET/PROFILE/deps/THIS_TEST
        let test = std::env::current_exe().unwrap();
        let target = test.ancestors().nth(3).unwrap();
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.current_dir(env!("CARGO_MANIFEST_DIR")).args([
            "build",
            "--quiet",
            "--profile",
            "dist",
            "--bin",
            "count_kernels",
        ]);
        let built = build.arg("--target-dir").arg(target).output().expect("cargo starts");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        target.join("dist/count_kernels")
    })
}

/// What is wrong with kernels that are not recorded, or not there, or further than [`TOLERANCE`] from what is recorded.
fn compare(recorded: &BTreeMap<String, Vec<f64>>, costs: &[KernelCost]) -> Vec<String> {
    let complaint = |cost: &KernelCost| {
        let KernelCost { kernel, unit, instructions } = cost;
        let Some(expected) = recorded.get(*kernel) else {
            return Some(format!("{kernel}: nothing is recorded, got {instructions:.4} instructions per {unit}"));
        };
        let off: Vec<String> =
            expected.iter().map(|expected| format!("{:+.1} %", (instructions / expected - 1.0) * 100.0)).collect();
        (!expected.iter().any(|expected| same(*expected, *instructions, TOLERANCE))).then(|| {
            let off = off.join(", ");
            format!("{kernel}: expected {expected:?} instructions per {unit}, got {instructions:.4} ({off})")
        })
    };
    let gone = recorded.keys().filter(|name| costs.iter().all(|cost| cost.kernel != name.as_str()));
    let gone = gone.map(|name| format!("{name}: recorded, but there is no such kernel"));
    costs.iter().filter_map(complaint).chain(gone).collect()
}

fn recorded_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.toml")
}

/// The compiler of the recorded counts, and the counts. Of a loop that the compiler makes in more than one way, by names of
/// symbols that follow from where the sources lie, each is recorded.
fn recorded() -> (String, BTreeMap<String, Vec<f64>>) {
    let text = fs::read_to_string(recorded_path()).unwrap_or_else(|error| panic!("tests/instructions.toml: {error}"));
    let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("tests/instructions.toml: {error}"));
    let counts = table["instructions"].as_table().expect("a table of instructions");
    let number = |count: &toml::Value| count.as_float().expect("a number with a point");
    let counts = counts.iter().map(|(kernel, count)| {
        let ways = count.as_array().map_or_else(|| vec![number(count)], |ways| ways.iter().map(number).collect());
        (kernel.clone(), ways)
    });
    (table["compiler"].as_str().expect("the compiler's name").to_owned(), counts.collect())
}

/// The text of `tests/instructions.toml`.
fn record(costs: &[KernelCost]) -> String {
    let mut text = format!(
        "# Instructions per operation of the portable step on x86-64, in the profile `dist`, which a test holds to\n\
         # ±{} %. Recorded by:\n\
         # {RECORD}\n\n\
         compiler = {:?}\n\n[instructions]\n",
        TOLERANCE * 100.0,
        built_with()
    );
    for KernelCost { kernel, unit, instructions } in costs {
        writeln!(text, "{kernel:?} = {instructions:.4} # per {unit}").unwrap();
    }
    text
}

/// The compiler that built what is counted, as it says in the program.
fn built_with() -> String {
    let program = fs::read(counted()).unwrap();
    let file = object::File::parse(&*program).unwrap();
    let comment = file.section_by_name(".comment").and_then(|section| section.data().ok()).unwrap_or_default();
    let mut names = comment.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    let version = names.find_map(|name| name.strip_prefix("rustc version ").map(str::to_owned));
    version.map_or_else(|| "an unknown compiler".to_owned(), |version| format!("rustc {version}"))
}
