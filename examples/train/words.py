#!/usr/bin/env python3
"""Spoken digits of several speakers, one of whom is new: what `words-new-speaker.toml` learns from. Takes Python 3 and NumPy.

    words.py idx FOLDER --new 3 --out DIR     recordings as IDX files, [words, frames, mel bands], labels and speakers
    words.py voices --new 4 --out DIR         voices of espeak-ng, which has to be installed

DIR gets others.npz and others-test.npz, words of all speakers but the new one; and user.npz, user-validation.npz and
user-test.npz, words of the new one to learn from, to choose settings by, and to test on: `x` [words, 50, 20], values of 0 to 255,
and `y`, the digits.
"""

import argparse
import gzip
import io
import pathlib
import struct
import subprocess
import wave

import numpy as np

FRAMES, BANDS = 50, 20
SHOTS, VALIDATION = 20, 5  # recorded words of a digit that the new speaker offers to learn from, and to choose settings by
VOICE_SHOTS, VOICE_VALIDATION = 2, 0  # the same of a voice
DIGITS = "zero one two three four five six seven eight nine".split()
VOICES = ["en-us+m3", "en-gb+f2", "en-029+m1", "en-gb-scotland+m7", "en-us+f4"]
PITCHES, SPEEDS = [38, 46, 54, 62], [140, 170]
HEIGHTS = np.array([0, 52, 103, 154, 205])  # what four levels tell apart


def levelled(word):
    """A word [frames, bands] free of loudness, colour and tempo: half of each band's mean is taken away, values become their
    rank among all of the word, 1 to 255, and its frames are stretched to 50. Silence, rows of zeros, does not count."""
    spoken = word.any(axis=1)
    rows = word[spoken].astype(float)
    rows -= rows.mean(axis=0) / 2
    _, inverse, counts = np.unique(rows, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - counts / 2) / counts.sum()
    own = np.zeros(word.shape)
    own[spoken] = np.rint(1 + 254 * ranks[inverse.reshape(rows.shape)])
    at = np.linspace(0, np.flatnonzero(spoken).max(), FRAMES)
    low = np.floor(at).astype(int)
    high, share = np.minimum(low + 1, len(own) - 1), (at - low)[:, None]
    return np.rint(own[low] * (1 - share) + own[high] * share).astype(np.uint8)


def idx(path):
    """An array of bytes in an IDX file."""
    data = gzip.decompress(path.read_bytes())
    shape = struct.unpack(f">{data[3]}I", data[4 : 4 + 4 * data[3]])
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)


def recorded(folder, split):
    """Words, digits and speakers of a split."""
    return [idx(next(folder.glob(f"{split}-{name}*idx*.gz"))) for name in ["mel", "labels", "speakers"]]


def mel(samples, rate):
    """Logarithms of the energies of 20 mel bands, 100 to 4,000 Hz, in windows of 25 ms every 12.5 ms; 1 to 255 is a range of 60 dB."""
    size, hop = rate // 40, rate // 80
    starts = range(0, len(samples) - size, hop)
    power = np.abs(np.fft.rfft([samples[at : at + size] * np.hanning(size) for at in starts], 1024)) ** 2
    edges = 700 * (10 ** (np.linspace(*(2595 * np.log10(1 + np.array([100, 4000]) / 700)), BANDS + 2) / 2595) - 1)
    hertz = np.fft.rfftfreq(1024, 1 / rate)
    rise = [(hertz - low) / (mid - low) for low, mid in zip(edges, edges[1:-1])]
    fall = [(high - hertz) / (high - mid) for mid, high in zip(edges[1:-1], edges[2:])]
    bands = power @ np.clip(np.minimum(rise, fall), 0, None).T
    level = 10 * np.log10(bands + 1e-9)
    level -= level.max() - 60
    spoken = np.flatnonzero(level.max(axis=1) > 20)
    return np.clip(1 + level[spoken[0] : spoken[-1] + 1] * 254 / 60, 1, 255)


def voices():
    """Words, digits and speakers that espeak-ng says."""
    words, digits, speakers = [], [], []
    for speaker, voice in enumerate(VOICES):
        for digit, text in enumerate(DIGITS):
            for number, (pitch, speed) in enumerate([(p, s) for p in PITCHES for s in SPEEDS]):
                if (number + digit) % 2 == 0:
                    command = ["espeak-ng", "-v", voice, "-p", str(pitch), "-s", str(speed), "--stdout", text]
                    said = subprocess.run(command, check=True, capture_output=True).stdout
                    with wave.open(io.BytesIO(said)) as file:
                        samples = np.frombuffer(file.readframes(10**7), "<i2").astype(float)
                        words.append(mel(samples, file.getframerate()))
                    digits.append(digit)
                    speakers.append(speaker)
    return words, np.array(digits), np.array(speakers)


def save(path, words, digits):
    np.savez_compressed(path, x=np.array(words, np.uint8), y=digits.astype(np.int64))
    print(f"{len(words)} words in {path}")


def first_of_each(digits, most):
    """Whether a word is among the first of its digit."""
    return np.array([np.count_nonzero(digits[:at] == digit) < most for at, digit in enumerate(digits)])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", choices=["idx", "voices"])
    parser.add_argument("folder", nargs="?", type=pathlib.Path)
    parser.add_argument("--new", type=int, required=True, help="the number of the new speaker")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    if args.source == "idx":
        (x, y, who), (x_test, y_test, who_test) = (recorded(args.folder, split) for split in ["train", "test"])
        words = np.array([levelled(word) for word in x])
        tested = np.array([levelled(word) for word in x_test])
        shots, validation = SHOTS, VALIDATION
    else:
        said, y, who = voices()
        words = HEIGHTS[[np.searchsorted(HEIGHTS, levelled(word), "right") - 1 for word in said]]
        is_test = np.arange(len(y)) % 4 == 3
        tested, y_test, who_test = words[is_test], y[is_test], who[is_test]
        words, y, who = words[~is_test], y[~is_test], who[~is_test]
        shots, validation = VOICE_SHOTS, VOICE_VALIDATION
    new, new_test = who == args.new, who_test == args.new
    save(args.out / "others.npz", words[~new], y[~new])
    save(args.out / "others-test.npz", tested[~new_test], y_test[~new_test])
    x, y = words[new], y[new]
    learned, seen = first_of_each(y, shots), first_of_each(y, shots + validation)
    save(args.out / "user.npz", x[learned], y[learned])
    if validation:
        save(args.out / "user-validation.npz", x[seen & ~learned], y[seen & ~learned])
    save(args.out / "user-test.npz", np.concatenate([x[~seen], tested[new_test]]), np.concatenate([y[~seen], y_test[new_test]]))


if __name__ == "__main__":
    main()
