"""Train the mask network of the default separator: makes the weights ``crosstalk-separation``.

    python -m examples.training.train_separation --voices FOLDER [--real FOLDER --recordings NAME ...]
        [--begin WEIGHTS] [--scenes N] [--steps N] [--out FOLDER]

Run it in the repository's folder. The network is trained on mixtures of two or three speakers
(`examples.training.separation_scenes`) to correct the masks of NMF. Held-out speakers (`examples.benchmarks.data`) and
real recordings that are not named are not used for training; the figures printed at the end are measured on them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file

from examples.benchmarks import data
from examples.training.separation_scenes import FAR, Example, find_single_speaker, mix, mix_real
from pipeline.core.audio import RATE
from pipeline.evaluation.benchmark.dataset import Recording, find_recordings
from pipeline.evaluation.simulation.corpus import Speakers, find_speakers
from pipeline.models.separators.mask_network import BINS, MaskNetwork, load_mask_network
from pipeline.models.separators.nmf import SHARPNESS
from pipeline.models.weights import Store

BATCH, FRAMES = 8, 96
SNR_STEPS = 500
"""Steps whose loss is the signal-to-noise ratio alone; later steps also weight quiet parts, which matter for words."""
LEARNING_RATE, CONTINUED_RATE, WARM_UP = (1.5e-3, 1.2e-3), 6e-4, 50
"""Largest learning rate in the two phases, and when training continues from weights; steps of warm-up."""
SHARES = {"near": 0.35, "far": 0.25, "real": 0.4}
"""Share of each kind of mixture in a batch."""
POWER, FLOOR = 0.4, 1e-4
"""Exponent that compresses magnitudes, and their floor, relative to the loudest bin."""
MEL_DENSITY = 1 / (700 + torch.arange(BINS) * RATE / 2 / (BINS - 1))
"""Density of the mel scale at each bin."""

Matrix = NDArray[np.float32]
Examples = Mapping[str, Sequence[Example]]
"""Kind of mixture -> examples."""


def main() -> None:
    """Mix, train and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--voices", type=Path, required=True, help="folder of SPEAKER-anything.flac, one speaker each")
    parser.add_argument("--real", type=Path, help="folder of recordings with their references beside them")
    parser.add_argument(
        "--recordings", nargs="*", default=[], help="names of those to train on; the others are for measuring"
    )
    parser.add_argument("--begin", help="initial weights: a model's name or folder")
    parser.add_argument("--scenes", type=int, default=1800)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=data.WORK / "crosstalk-separation")
    options = parser.parse_args()
    voices = find_speakers(options.voices)
    held_out = {name: voices[name] for name in data.held_out(voices)}
    training = {name: voices[name] for name in voices if name not in held_out}
    recordings = find_recordings(options.real) if options.real else ()
    makers = _makers(training, [r for r in recordings if r.name in options.recordings])
    measures = _makers(held_out, [r for r in recordings if r.name not in options.recordings])
    with ProcessPoolExecutor() as processes:
        mix_all = partial(_mix_all, processes)
        seeds = range(30_000, 30_000 + options.scenes // len(makers))
        examples = {kind: mix_all(maker, seeds) for kind, maker in makers.items()}
        measured = {kind: mix_all(maker, range(100, 140)) for kind, maker in measures.items()}
    begin = load_mask_network(options.begin, Store(offline=True), torch.device("cpu")) if options.begin else None
    write(train(examples, measured, options.steps, begin), options.out)


def _makers(voices: Speakers, recordings: Sequence[Recording]) -> Mapping[str, Callable[[int], list[Example]]]:
    """Kind of mixture -> function from a seed to examples, of these speakers and the speakers of these recordings."""
    real = {"real": partial(mix_real, find_single_speaker(recordings))} if recordings else {}
    return {"near": partial(mix, voices), "far": partial(mix, voices, place=FAR)} | real


def _mix_all(
    processes: ProcessPoolExecutor, maker: Callable[[int], list[Example]], seeds: Sequence[int]
) -> list[Example]:
    return [example for scene in processes.map(maker, seeds, chunksize=5) for example in scene]


def train(examples: Examples, measured: Examples, steps: int, begin: MaskNetwork | None = None) -> MaskNetwork:
    """The trained network, from random weights or from ``begin``."""
    torch.manual_seed(0)
    draw = np.random.default_rng(0)
    pools = [{kind: [e for e in examples[kind] if len(e.explained) == n] for kind in examples} for n in (2, 3)]
    network = (begin or MaskNetwork()).train()
    snr_steps = 0 if begin else min(SNR_STEPS, steps)
    for number, (first, last) in enumerate(((0, snr_steps), (snr_steps, steps))):
        maximum = CONTINUED_RATE if begin else LEARNING_RATE[number]
        optimizer = torch.optim.AdamW(network.parameters(), lr=maximum, weight_decay=1e-3)
        for step in range(first, last):
            progress = (step - first) / (steps - snr_steps if number else 3.6 * SNR_STEPS)
            for group in optimizer.param_groups:
                warm_up = min(1, (step - first + 1) / WARM_UP)
                group["lr"] = maximum * warm_up * (1 + np.cos(np.pi * progress)) / 2
            loss = -gain(network, *_batch(pools[draw.random() < 0.25], draw), quiet=bool(number))
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            if step % 100 == 99:
                sys.stderr.write(f"step {step + 1} of {steps}: {loss.item():.3f}\n")
    network.eval()
    for kind, unseen in measured.items():
        sys.stderr.write("".join(f"{kind}, {figure}" for figure in _figures(network, unseen)))
    return network


def gain(
    network: MaskNetwork, magnitude: torch.Tensor, explained: torch.Tensor, truth: torch.Tensor, quiet: bool
) -> torch.Tensor:
    """Mean signal-to-noise ratio in dB over the speakers that are audible in their mixture.

    With ``quiet`` it is mostly that of compressed magnitudes on the mel scale.
    """
    with torch.autocast("cpu", torch.bfloat16):
        masks = network(magnitude, explained.exp())
    output = masks.float() * magnitude[:, None]
    whole = magnitude.square().sum((1, 2))[:, None]
    power = truth.square().sum((2, 3))
    audible = (power > 0.01 * whole).float()
    power = power + 1e-3 * whole / truth.shape[1] + 1e-6
    decibels = 10 * torch.log10(power / ((output - truth).square().sum((2, 3)) + 1e-3 * power))
    if quiet:
        weight = MEL_DENSITY / MEL_DENSITY.mean()
        one, other = _compress(output), _compress(truth)
        power = (weight * other.square()).sum((2, 3)) + 1e-3
        error = (weight * (one - other).square()).sum((2, 3)) + 1e-4 * power
        decibels = 0.4 * decibels + 10 * torch.log10(power / error)
    mean: torch.Tensor = (decibels * audible).sum() / audible.sum().clamp_min(1)
    return mean


def _compress(magnitude: torch.Tensor) -> torch.Tensor:
    compressed: torch.Tensor = (magnitude.clamp_min(0) + FLOOR) ** POWER - FLOOR**POWER
    return compressed


def _batch(pools: Examples, draw: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A batch of excerpts, of two speakers or of three; fewer of three, so that every batch costs about the same."""
    kinds = [kind for kind in pools if pools[kind]]
    speakers = len(pools[kinds[0]][0].explained)
    shares = np.array([SHARES[kind] for kind in kinds])
    rows = []
    for kind in draw.choice(kinds, BATCH * 2 // speakers, p=shares / shares.sum()):
        example = pools[kind][int(draw.integers(len(pools[kind])))]
        first = int(draw.integers(0, max(1, len(example.magnitude) - FRAMES + 1)))
        rows.append(
            (
                _pad(example.magnitude[first:], 0.0),
                _pad(example.explained[:, first:], float(np.log(1e-7))),
                _pad(example.truth[:, first:], 0.0),
            )
        )
    magnitude, explained, truth = (torch.from_numpy(np.stack(values)) for values in zip(*rows, strict=True))
    return magnitude, explained, truth


def _pad(values: NDArray[np.float16], value: float) -> Matrix:
    """The first `FRAMES` frames, padded with ``value``."""
    frames = values[..., :FRAMES, :].astype(np.float32)
    width = [(0, 0)] * (frames.ndim - 2) + [(0, FRAMES - frames.shape[-2]), (0, 0)]
    return np.pad(frames, width, constant_values=value)


def _figures(network: MaskNetwork, measured: Sequence[Example]) -> Iterator[str]:
    """Signal-to-noise ratio of the masks of NMF and of the network, for two and three speakers."""
    for speakers in (2, 3):
        rows = []
        for example in (e for e in measured if len(e.explained) == speakers):
            magnitude, explained, truth = (
                torch.from_numpy(values.astype(np.float32))
                for values in (example.magnitude, example.explained, example.truth)
            )
            with torch.inference_mode():
                masks = (explained * SHARPNESS).softmax(0), network(magnitude[None], explained.exp()[None])[0]
            power = truth.square().sum((1, 2))
            rows.append(
                [float((10 * torch.log10(power / (m * magnitude - truth).square().sum((1, 2)))).mean()) for m in masks]
            )
        before, after = np.mean(rows, axis=0)
        yield f"{speakers} speakers: NMF {before:.2f} dB, refined {after:.2f} dB\n"


def write(network: MaskNetwork, folder: Path) -> None:
    """Write the weights as 16-bit floats, and a ``config.json`` with their origin."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = network.state_dict().items()
    stored = {name: value.half() if value.is_floating_point() else value for name, value in weights}
    save_file(stored, folder / "model.safetensors")
    config = {"architecture": "RefiningNet", "made_by": "examples/training/train_separation.py"}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
