"""Train pyannote's segmentation on overlapping speech: makes the default weights, ``crosstalk-segmentation``.

    python -m examples.training.train_segmentation --voices FOLDER --real RECORDING ... [--steps N] [--start MODEL]

Run it in the repository's folder. The network is trained on three kinds of windows:

- meetings simulated from two thirds of the speakers in ``--voices`` (the others are held out), each also 10 % faster
  and slower; the target is the simulated activity;
- real recordings without a reference; the target is the output of the published network (distillation), so that the
  network keeps its accuracy on meetings and telephone calls;
- real recordings mixed with a few seconds of another one; the target is both outputs of the published network.

The filters are frozen; the recurrent and linear layers are trained.
"""

from __future__ import annotations

import argparse
import copy
import json
import pickle
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import permutations
from pathlib import Path

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from scipy.signal import resample_poly

from examples.benchmarks import data
from pipeline import media
from pipeline.core.audio import RATE, Samples, to_sample
from pipeline.core.errors import SettingsError
from pipeline.core.types import Turn
from pipeline.evaluation.simulation.conversation import Conversation
from pipeline.evaluation.simulation.corpus import Speakers, find_speakers
from pipeline.evaluation.simulation.meeting import MeetingConfig, simulate
from pipeline.evaluation.simulation.rendering import Acoustics, Pcm
from pipeline.models.diarizers.pyannet import FRAME_CENTER, FRAME_STEP, WINDOW, PyanNet
from pipeline.models.diarizers.segmentation import load_segmentation
from pipeline.models.weights import Store

SEEDS, LENGTH = (*range(10_000, 11_100), *range(20_000, 21_100)), 30.0
"""Seeds of the simulated meetings, and their length in seconds."""
SPEEDS = {"": (1, 1), "f": (9, 10), "s": (10, 9)}
SIMULATED, REAL, MIXED = 10, 4, 4
"""Windows of each kind in a step: simulated, real, two real ones mixed."""
DISTILLATION_WEIGHT = 1.5
"""Weight of the loss against the published network's output, relative to the loss against the reference."""
WARM_UP, AVERAGE = 30, 0.03
"""Steps of warm-up, and the rate of the moving average of the weights."""
PUBLISHED = "pyannote-segmentation"
MADE_BY = "examples/training/train_segmentation.py"
TRAINED = ("lstm", "linear", "classifier")
WINDOW_SAMPLES = to_sample(WINDOW)

Activity = NDArray[np.float32]
Meeting = tuple[Pcm, tuple[Turn, ...]]


def main() -> None:
    """Simulate, train and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--voices", type=Path, required=True, help="folder of SPEAKER-anything.flac, one speaker each")
    parser.add_argument("--real", type=Path, nargs="+", required=True, help="recordings of real conversations")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--start", default=PUBLISHED, help="initial weights: a model's name or folder")
    parser.add_argument("--rate", type=float, default=5e-4, help="largest learning rate")
    parser.add_argument("--out", type=Path, default=data.WORK / "crosstalk-segmentation")
    options = parser.parse_args()
    work = data.WORK / "training"
    meetings = make_meetings(training_speakers(find_speakers(options.voices)), work)
    real = [media.decode(path).audio.samples for path in options.real]
    real = [samples for samples in real if len(samples) > WINDOW_SAMPLES]
    network = train(meetings, real, options.steps, options.start, options.rate)
    write(network, options.out)


def training_speakers(voices: Speakers) -> dict[str, tuple[Path, ...]]:
    """Speaker -> recordings, without the held-out speakers."""
    held_out = data.held_out(voices)
    return {name: tuple(r.path for r in voices[name]) for name in sorted(voices) if name not in held_out}


def make_meetings(voices: dict[str, tuple[Path, ...]], work: Path) -> list[Meeting]:
    """Simulated meetings, cached in ``work``."""
    cache = work / "meetings.pickle"
    if not cache.exists():
        folder = work / "voices"
        folder.mkdir(parents=True, exist_ok=True)
        for name, path in ((name, path) for name, paths in voices.items() for path in paths):
            samples, rate = soundfile.read(path)
            for tag, (up, down) in SPEEDS.items():
                resampled = samples if up == down else resample_poly(samples, up, down)
                soundfile.write(folder / f"{name}{tag}-{path.stem}.flac", np.clip(resampled, -1, 1), rate)
        with ProcessPoolExecutor() as processes:
            simulations = list(processes.map(partial(make_meeting, find_speakers(folder)), SEEDS, chunksize=20))
        cache.write_bytes(pickle.dumps([meeting for meeting in simulations if meeting]))
    meetings: list[Meeting] = pickle.loads(cache.read_bytes())
    return meetings


def make_meeting(voices: Speakers, seed: int) -> Meeting | None:
    """Two to four speakers, 10 to 40 % of overlap, three in five in a room, with or without noise; ``None`` where the
    drawn speakers have too little speech."""
    draw = np.random.default_rng(seed)
    speakers, overlap = int(draw.choice([2, 2, 3, 3, 4])), float(draw.choice([0.1, 0.2, 0.3, 0.4]))
    conversation = Conversation(speakers, LENGTH, overlap, gap=float(draw.choice([0.2, 0.4, 0.8])))
    spread = float(draw.choice([0, 3, 6, 9]))
    noise = (None, 40.0, 25.0, 15.0)[draw.integers(4)]
    room = float(draw.choice([0, 0, 0.2, 0.3, 0.5]))
    try:
        meeting = simulate(voices, MeetingConfig(conversation, Acoustics(spread, noise, room), seed))
    except SettingsError:
        return None
    return meeting.audio.mixture, meeting.transcript.turns


def train(
    meetings: Sequence[Meeting], real: Sequence[Samples], steps: int, start: str = PUBLISHED, rate: float = 5e-4
) -> PyanNet:
    """The trained network, with its weights averaged over the last steps."""
    torch.manual_seed(0)
    draw = np.random.default_rng(0)
    published, network = (
        load_segmentation(name, Store(offline=True), torch.device("cpu")) for name in (PUBLISHED, start)
    )
    mean = copy.deepcopy(network)
    centers = frame_centers(published)
    parameters = [value for name, value in network.named_parameters() if name.startswith(TRAINED)]
    optimizer = torch.optim.AdamW(parameters, lr=rate, weight_decay=0)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / WARM_UP) * (1 + np.cos(np.pi * step / steps)) / 2
    )
    network.lstm.train()
    for step in range(steps):
        simulated, reference = simulated_windows(meetings, centers, draw)
        plain, mixed, plain_target, mixed_target = real_windows(real, published, centers, draw)
        output = network(torch.cat([simulated, mixed, plain]))  # (windows, frames, speakers)
        distillation = torch.nn.functional.binary_cross_entropy(output[SIMULATED + MIXED :], plain_target)
        loss = permutation_invariant_loss(output[: SIMULATED + MIXED], torch.cat([reference, mixed_target]))
        loss = loss + DISTILLATION_WEIGHT * distillation
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            for average, value in zip(mean.parameters(), network.parameters(), strict=True):
                average.lerp_(value, AVERAGE)
        if step % 100 == 99:
            sys.stderr.write(f"step {step + 1} of {steps}: {loss.item():.3f}\n")
    return mean


def permutation_invariant_loss(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Cross-entropy under each window's best permutation of speakers; both of shape (windows, frames, speakers)."""
    entropy = torch.nn.functional.binary_cross_entropy
    orders = [list(order) for order in permutations(range(target.shape[2]))]
    losses = [entropy(output, target[:, :, order], reduction="none").mean((1, 2)) for order in orders]
    return torch.stack(losses).min(0).values.mean()


def simulated_windows(
    meetings: Sequence[Meeting], centers: Activity, draw: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Random windows at random levels, shape (windows, 1, samples), and their activity (windows, frames, speakers)."""
    windows, activities = [], []
    for _ in range(SIMULATED):
        samples, turns = meetings[int(draw.integers(len(meetings)))]
        at = int(draw.integers(0, len(samples) - WINDOW_SAMPLES))
        window = (samples[at : at + WINDOW_SAMPLES] / 32768).astype(np.float32)
        windows.append(at_random_level(window, draw))
        activities.append(activity(turns, centers + at / RATE))
    return torch.tensor(np.stack(windows))[:, None], torch.tensor(np.stack(activities))


def activity(turns: Sequence[Turn], times: Activity, maximum: int = 3) -> Activity:
    """Activity at each time, shape (times, ``maximum``), of the speakers with most speech, in that order."""
    speakers = sorted({turn.speaker for turn in turns})
    active = np.zeros((len(times), max(maximum, len(speakers))), np.float32)
    for turn in turns:
        active[(times >= turn.start) & (times < turn.end), speakers.index(turn.speaker)] = 1
    order = np.argsort(-active.sum(0), kind="stable")
    return active[:, order[:maximum]]


def real_windows(
    recordings: Sequence[Samples], published: PyanNet, centers: Activity, draw: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Plain windows, mixed windows, and the target of each from the published network's output."""
    chosen = [draw.choice(len(recordings), 2, replace=False) for _ in range(MIXED)]
    plain = [real_window(recordings[int(draw.integers(len(recordings)))], draw) for _ in range(REAL)]
    below = [real_window(recordings[one], draw) for one, _ in chosen]
    above = [real_window(recordings[other], draw) for _, other in chosen]
    with torch.no_grad():
        output = published(torch.tensor(np.stack(plain + below + above))[:, None])
    plain_target, one, other = output.split([REAL, MIXED, MIXED])
    mixed, mixed_target = [], []
    for number in range(MIXED):
        start, length = draw.uniform(-0.5, WINDOW - 0.5), draw.uniform(0.5, 4.0)
        inside = torch.from_numpy((centers >= start) & (centers < start + length))
        answers = torch.cat([one[number], other[number] * inside[:, None]], dim=1)
        mixed_target.append(answers[:, answers.sum(0).argsort(descending=True)[:3]])
        mixed.append(mix_segment(below[number], above[number], start, length, draw))
    plain_windows, mixed_windows = (torch.tensor(np.stack(windows))[:, None] for windows in (plain, mixed))
    return plain_windows, mixed_windows, plain_target, torch.stack(mixed_target)


def mix_segment(below: Samples, above: Samples, start: float, length: float, draw: np.random.Generator) -> Samples:
    """Mix ``length`` seconds of one window into another, at -8 to +4 dB relative to it."""
    times = np.arange(len(below)) / RATE
    faded = above * np.clip(np.minimum(times - start, start + length - times) / 0.02, 0, 1)
    ratio = (np.square(below).mean() + 1e-9) / (np.square(above).mean() + 1e-9)
    gain = np.sqrt(ratio) * 10 ** (draw.uniform(-8, 4) / 20)
    return np.asarray(np.clip(below + gain * faded, -1, 1), np.float32)


def real_window(samples: Samples, draw: np.random.Generator) -> Samples:
    """A random window at a random level; half of them up to 10 % faster or slower, half with white noise."""
    at = int(draw.integers(0, len(samples) - WINDOW_SAMPLES))
    speed = draw.uniform(0.9, 1.1) if draw.random() < 0.5 else 1.0
    segment = samples[at : at + int(1.1 * WINDOW_SAMPLES) + 1]
    window = np.interp(speed * np.arange(WINDOW_SAMPLES), np.arange(len(segment)), segment)
    if draw.random() < 0.5:
        level = np.sqrt((window**2).mean()) * 10 ** (-draw.uniform(10, 35) / 20)
        window = window + level * draw.standard_normal(len(window))
    return at_random_level(window.astype(np.float32), draw)


def at_random_level(window: Samples, draw: np.random.Generator) -> Samples:
    scaled: Samples = np.clip(window * np.float32(10 ** (draw.uniform(-12, 6) / 20)), -1, 1)
    return scaled


def frame_centers(network: PyanNet) -> Activity:
    """The time in seconds of each frame's center, from the window's start."""
    with torch.inference_mode():
        frames = network(torch.zeros(1, 1, WINDOW_SAMPLES)).shape[1]
    return np.asarray(FRAME_CENTER + FRAME_STEP * np.arange(frames), np.float32)


def write(network: PyanNet, folder: Path) -> None:
    """Write the weights, and a ``config.json`` with their origin.

    The trained weights are stored as 16-bit floats; the filters need more precision.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = network.state_dict().items()
    stored = {name: value.half() if name.startswith(TRAINED) else value.clone() for name, value in weights}
    save_file(stored, folder / "model.safetensors")
    config = {"architecture": "PyanNet", "from": "pyannote-segmentation", "made_by": MADE_BY}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
