"""Training beside PyTorch: the same network, batch, optimiser and number of threads, in one run.

    python3 host-harness/benches/train_beside_torch.py LOIHI MNIST [THREADS]

LOIHI is the program `loihi`, MNIST a folder with MNIST's IDX files; 12,000 training images are used. Both train 784-256-10 for 18
steps in the chip's integers: pixels integrate their values, decays truncate, weights are rounded to even mantissas, gradients go
through the rounding, the surrogate is the arctangent's. Sums of all steps are one product of matrices in PyTorch, too. A second
is one of wall time or of the processor's in an epoch; what comes before and after the epochs is left out.
"""

import gzip
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

THREADS = sys.argv[3] if len(sys.argv) > 3 else "1"
os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = THREADS
import numpy as np  # noqa: E402
import torch  # noqa: E402

STEPS, BATCH, SAMPLES, EPOCHS, ROUNDS = 18, 128, 12_000, 3, 3
RATE, PER_SCORE, V_TH = 1.0, 0.5, [400 * 64.0, 400 * 64.0]
KEEP_V = [1 - 256 / 4096, 1 - 128 / 4096]

NETWORK = """
name = "beside-torch"
steps = 16
late_steps = 2
[[input]]
name = "image"
bias_of = "pixels"
[[population]]
name = "pixels"
shape = [28, 28]
v_th = 3
[[population]]
name = "hidden"
shape = [256]
decay_u = 4096
decay_v = 256
v_th = 400
[[population]]
name = "out"
shape = [10]
decay_u = 4096
decay_v = 128
v_th = 400
[[connection]]
from = "pixels"
to = "hidden"
weights = { init = "normal", std = 16.0 }
[[connection]]
from = "hidden"
to = "out"
weights = { init = "normal", std = 16.0 }
[readout]
population = "out"
[train]
batch = 128
rate = 1.0
per_score = 0.5
schedule = "constant"
"""


def loihi(program, data, epochs):
    """Seconds of wall time and of the processor, and the accuracy on what was learned."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "net.toml")
        file.write_text(NETWORK)
        words = [program, "train", str(file), "--train", data, "--samples", str(SAMPLES), "--epochs", str(epochs)]
        before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([*words, "--jobs", THREADS, "--out", f"{folder}/out", "--quiet"], check=True, capture_output=True)
        after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - wall
        rows = Path(folder, "out/metrics.csv").read_text().splitlines()
        accuracy = float(rows[-1].split(",")[rows[0].split(",").index("accuracy_train")])
        return np.array([wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime]), accuracy


class Spike(torch.autograd.Function):
    """Above the threshold, with the derivative of the arctangent."""

    @staticmethod
    def forward(context, v, v_th):
        context.save_for_backward(v)
        context.v_th = v_th
        return (v > v_th).float()

    @staticmethod
    def backward(context, by_spikes):
        (v,) = context.saved_tensors
        x = (v - context.v_th) / context.v_th
        return by_spikes / (1 + x * x) / context.v_th, None


class Decay(torch.autograd.Function):
    """Truncated toward zero, with the derivative of the product."""

    @staticmethod
    def forward(context, v, keep):
        context.keep = keep
        return torch.trunc(v * keep)

    @staticmethod
    def backward(context, by_kept):
        return by_kept * context.keep, None


def rounded(weights):
    """Even mantissas of 8 bits; the derivative goes through."""
    return weights + ((weights / 2).round().mul(2).clamp(-254, 254) - weights).detach()


def layer(sums, keep, v_th):
    """Spikes of all steps; a reset sets the voltage to 0 and has no derivative."""
    v, spikes = torch.zeros_like(sums[0]), []
    for of_step in sums:
        v = Decay.apply(v, keep) + of_step
        spikes.append(Spike.apply(v, v_th))
        v = v * (1 - spikes[-1].detach())
    return torch.stack(spikes)


def pixels(values):
    """Values are added in every step; above 192 a pixel spikes and begins anew."""
    v, spikes = torch.zeros_like(values), []
    for _ in range(STEPS):
        v = v + values
        spikes.append((v > 192).float())
        v = v * (1 - spikes[-1])
    return torch.stack(spikes)


def later(spikes):
    """A spike of a population arrives a step later."""
    return torch.cat([torch.zeros_like(spikes[:1]), spikes[:-1]])


def scores(weights, values):
    spikes = pixels(values)
    for own, keep, v_th in zip(weights, KEEP_V, V_TH):
        spikes = layer(64 * (later(spikes) @ rounded(own)), keep, v_th)
    return spikes.sum(0)


def idx(path):
    with gzip.open(path) as file:
        data = file.read()
    extents = [int.from_bytes(data[4 + 4 * at : 8 + 4 * at], "big") for at in range(data[3])]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(extents)


class Torch:
    def __init__(self, data):
        torch.set_num_threads(int(THREADS))
        torch.manual_seed(0)
        self.images = torch.tensor(idx(f"{data}/train-images-idx3-ubyte.gz")[:SAMPLES].reshape(-1, 784).astype(np.float32))
        self.labels = torch.tensor(idx(f"{data}/train-labels-idx1-ubyte.gz")[:SAMPLES].astype(np.int64))
        shapes = [(784, 256), (256, 10)]
        self.weights = [torch.nn.Parameter(torch.randn(shape) * 16) for shape in shapes]
        self.optimiser = torch.optim.AdamW(self.weights, lr=RATE, weight_decay=0.0)

    def epoch(self):
        """Seconds of wall time and of the processor, and the accuracy on what was learned."""
        wall, processor, right = time.perf_counter(), time.process_time(), 0
        for places in torch.randperm(SAMPLES).split(BATCH):
            found = scores(self.weights, self.images[places])
            loss = torch.nn.functional.cross_entropy(PER_SCORE * found, self.labels[places])
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            right += int((found.argmax(1) == self.labels[places]).sum())
        return np.array([time.perf_counter() - wall, time.process_time() - processor]), right / SAMPLES


def main():
    program, data = sys.argv[1:3]
    peer = Torch(data)
    peer.epoch()
    seconds = {"loihi": [], "torch": []}
    accuracy = {}
    for _ in range(ROUNDS):
        one, _ = loihi(program, data, 1)
        more, accuracy["loihi"] = loihi(program, data, 1 + EPOCHS)
        seconds["loihi"].append((more - one) / EPOCHS)
        epochs = [peer.epoch() for _ in range(EPOCHS)]
        accuracy.setdefault("torch", epochs[-1][1])
        seconds["torch"].append(np.mean([own for own, _ in epochs], axis=0))
    print(f"torch {torch.__version__}, {THREADS} thread(s), {SAMPLES} images, median of {ROUNDS} rounds of {EPOCHS} epochs")
    medians = {name: np.median(own, axis=0) for name, own in seconds.items()}
    for name, (wall, processor) in medians.items():
        print(f"{name}: {wall:.2f} s an epoch, {processor:.2f} s of the processor, training accuracy {accuracy[name]:.4f}")
    print("ratio: {:.2f} of wall time, {:.2f} of the processor's".format(*(medians["torch"] / medians["loihi"])))


main()
