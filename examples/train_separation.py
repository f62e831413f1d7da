"""Teach a small network to refine exemplar masks: how the default weights, ``crosstalk-separation``, were made.

    python examples/train_separation.py --voices FOLDER [--real FOLDER --recordings NAME ...] [--begin WEIGHTS]
                                        [--scenes N] [--steps N] [--out FOLDER]

The network learns from scenes of two or three voices (`separation_scenes`) to correct the masks so that each voice
comes out nearer to the truth. Voices kept for measuring (`project_bench.untaught`) are not learned from, nor are real
recordings that are not named: the figures printed at the end are on them.
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
import project_bench as project
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from separation_scenes import FAR, Example, find_alone, mix, mix_real

from pipeline.core.audio import RATE
from pipeline.evaluation.benchmark.dataset import Recording, find_recordings
from pipeline.evaluation.simulation.corpus import Speakers, find_speakers
from pipeline.models.separators.mask_network import BINS, MaskNetwork, load_mask_network
from pipeline.models.separators.nmf import SHARPNESS
from pipeline.models.weights import Store

BATCH, FRAMES = 8, 96
ALONE = 500
"""Steps that look at the signal-to-noise ratio alone; what is quiet, and yet makes words, counts only after them."""
RATE_OF_LEARNING, GOING_ON, WARM = (1.5e-3, 1.2e-3), 6e-4, 50
"""In the two parts of a training, and where one goes on from weights; and the steps it takes to get there."""
SHARES = {"near": 0.35, "far": 0.25, "real": 0.4}
"""How often each kind of scene comes up."""
POWER, LEAST = 0.4, 1e-4
"""Compression of magnitudes, and what is too quiet to matter, relative to the loudest bin."""
WEIGHT = 1 / (700 + torch.arange(BINS) * RATE / 2 / (BINS - 1))
"""How dense the mel scale is at each bin."""

Matrix = NDArray[np.float32]
Examples = Mapping[str, Sequence[Example]]
"""By the kind of scene."""


def main() -> None:
    """Mix, train, write the weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--voices", type=Path, required=True, help="SPEAKER-anything.flac, one speaker each")
    parser.add_argument("--real", type=Path, help="recordings with their references beside them")
    parser.add_argument("--recordings", nargs="*", default=[], help="those to learn from; the others measure")
    parser.add_argument("--begin", help="weights to go on from")
    parser.add_argument("--scenes", type=int, default=1800)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=project.WORK / "crosstalk-separation")
    options = parser.parse_args()
    voices = find_speakers(options.voices)
    kept = {name: voices[name] for name in project.untaught(voices)}
    taught = {name: voices[name] for name in voices if name not in kept}
    recordings = find_recordings(options.real) if options.real else ()
    makers = _makers(taught, [r for r in recordings if r.name in options.recordings])
    measures = _makers(kept, [r for r in recordings if r.name not in options.recordings])
    with ProcessPoolExecutor() as processes:
        mixed = partial(_mixed, processes)
        seeds = range(30_000, 30_000 + options.scenes // len(makers))
        examples = {kind: mixed(maker, seeds) for kind, maker in makers.items()}
        measured = {kind: mixed(maker, range(100, 140)) for kind, maker in measures.items()}
    begin = load_mask_network(options.begin, Store(offline=True), torch.device("cpu")) if options.begin else None
    write(train(examples, measured, options.steps, begin), options.out)


def _makers(voices: Speakers, recordings: Sequence[Recording]) -> dict[str, Callable[[int], list[Example]]]:
    """What makes scenes of each kind, of these voices and of the people in these recordings, from a seed."""
    real = {"real": partial(mix_real, find_alone(recordings))} if recordings else {}
    return {"near": partial(mix, voices), "far": partial(mix, voices, place=FAR)} | real


def _mixed(
    processes: ProcessPoolExecutor, maker: Callable[[int], list[Example]], seeds: Sequence[int]
) -> list[Example]:
    return [example for scene in processes.map(maker, seeds, chunksize=5) for example in scene]


def train(examples: Examples, measured: Examples, steps: int, begin: MaskNetwork | None = None) -> MaskNetwork:
    """The network after ``steps`` steps, from nothing or from weights."""
    torch.manual_seed(0)
    draw = np.random.default_rng(0)
    pools = [{kind: [e for e in examples[kind] if len(e.explained) == n] for kind in examples} for n in (2, 3)]
    network = (begin or MaskNetwork()).train()
    alone = 0 if begin else min(ALONE, steps)
    for number, (first, last) in enumerate(((0, alone), (alone, steps))):
        fastest = GOING_ON if begin else RATE_OF_LEARNING[number]
        optimizer = torch.optim.AdamW(network.parameters(), lr=fastest, weight_decay=1e-3)
        for step in range(first, last):
            progress = (step - first) / (steps - alone if number else 3.6 * ALONE)
            for group in optimizer.param_groups:
                warm = min(1, (step - first + 1) / WARM)
                group["lr"] = fastest * warm * (1 + np.cos(np.pi * progress)) / 2
            loss = -gain(network, *_batch(pools[draw.random() < 0.25], draw), quiet=bool(number))
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            if step % 100 == 99:
                sys.stderr.write(f"step {step + 1} of {steps}: {loss.item():.3f}\n")
    network.eval()
    for kind, unheard in measured.items():
        sys.stderr.write("".join(f"{kind}, {figure}" for figure in _figures(network, unheard)))
    return network


def gain(
    network: MaskNetwork, magnitude: torch.Tensor, explained: torch.Tensor, truth: torch.Tensor, quiet: bool
) -> torch.Tensor:
    """How well voices come out, in dB, over the voices that are heard: signal to noise; with ``quiet``, mostly that of
    compressed magnitudes on the mel scale."""
    with torch.autocast("cpu", torch.bfloat16):
        masks = network(magnitude, explained.exp())
    found = masks.float() * magnitude[:, None]
    whole = magnitude.square().sum((1, 2))[:, None]
    power = truth.square().sum((2, 3))
    heard = (power > 0.01 * whole).float()
    power = power + 1e-3 * whole / truth.shape[1] + 1e-6
    decibels = 10 * torch.log10(power / ((found - truth).square().sum((2, 3)) + 1e-3 * power))
    if quiet:
        weight = WEIGHT / WEIGHT.mean()
        one, other = _compressed(found), _compressed(truth)
        power = (weight * other.square()).sum((2, 3)) + 1e-3
        error = (weight * (one - other).square()).sum((2, 3)) + 1e-4 * power
        decibels = 0.4 * decibels + 10 * torch.log10(power / error)
    mean: torch.Tensor = (decibels * heard).sum() / heard.sum().clamp_min(1)
    return mean


def _compressed(magnitude: torch.Tensor) -> torch.Tensor:
    return (magnitude.clamp_min(0) + LEAST) ** POWER - LEAST**POWER


def _batch(pools: Examples, draw: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """As many excerpts, of two voices or of three, as are about equally much to compute."""
    kinds = [kind for kind in pools if pools[kind]]
    people = len(pools[kinds[0]][0].explained)
    shares = np.array([SHARES[kind] for kind in kinds])
    rows = []
    for kind in draw.choice(kinds, BATCH * 2 // people, p=shares / shares.sum()):
        example = pools[kind][draw.integers(len(pools[kind]))]
        first = int(draw.integers(0, max(1, len(example.magnitude) - FRAMES + 1)))
        rows.append(
            (
                _filled(example.magnitude[first:], 0.0),
                _filled(example.explained[:, first:], float(np.log(1e-7))),
                _filled(example.truth[:, first:], 0.0),
            )
        )
    magnitude, explained, truth = (torch.from_numpy(np.stack(values)) for values in zip(*rows, strict=True))
    return magnitude, explained, truth


def _filled(values: NDArray[np.float16], value: float) -> Matrix:
    """`FRAMES` frames, those that lack filled up."""
    kept = values[..., :FRAMES, :].astype(np.float32)
    width = [(0, 0)] * (kept.ndim - 2) + [(0, FRAMES - kept.shape[-2]), (0, 0)]
    return np.pad(kept, width, constant_values=value)


def _figures(network: MaskNetwork, measured: Sequence[Example]) -> Iterator[str]:
    """Signal to noise of exemplar masks and of the network's, for two and three voices."""
    for people in (2, 3):
        rows = []
        for example in (e for e in measured if len(e.explained) == people):
            magnitude, explained, truth = (
                torch.from_numpy(values.astype(np.float32))
                for values in (example.magnitude, example.explained, example.truth)
            )
            with torch.inference_mode():
                both = (explained * SHARPNESS).softmax(0), network(magnitude[None], explained.exp()[None])[0]
            power = truth.square().sum((1, 2))
            rows.append(
                [float((10 * torch.log10(power / (m * magnitude - truth).square().sum((1, 2)))).mean()) for m in both]
            )
        before, after = np.mean(rows, axis=0)
        yield f"{people} voices: exemplars {before:.2f} dB, refined {after:.2f} dB\n"


def write(network: MaskNetwork, folder: Path) -> None:
    """The weights as 16-bit floats, and how they were made."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = network.state_dict().items()
    kept = {name: value.half() if value.is_floating_point() else value for name, value in weights}
    save_file(kept, folder / "model.safetensors")
    made = {"architecture": "RefiningNet", "made_by": "examples/train_separation.py"}
    (folder / "config.json").write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
