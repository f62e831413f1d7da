"""Teach pyannote's segmentation second voices: how the default weights, ``crosstalk-segmentation``, were made.

    python examples/train_segmentation.py --voices FOLDER --real RECORDING ... [--steps N] [--start MODEL]

It learns from three kinds of windows. Simulated meetings of two voices in three of those in ``--voices`` (the others
are kept for measuring), each also a tenth faster and slower: what is true there is known. Real recordings, without
any truth: it is asked for the answers of the network it started from, so that it does not forget how meetings and
telephones sound. And real recordings with some seconds of another one laid over: asked for both answers at once.
Filters stay as they are; recurrent and linear layers learn.
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
import project_bench as project
import soundfile
import torch
from numpy.typing import NDArray
from pyannote.audio import Model
from safetensors.torch import save_file
from scipy.signal import resample_poly

from pipeline import media
from pipeline.core.audio import RATE, Samples, to_sample
from pipeline.core.errors import SettingsError
from pipeline.core.types import Turn
from pipeline.evaluation.simulation.conversation import Conversation
from pipeline.evaluation.simulation.corpus import Speakers, find_speakers
from pipeline.evaluation.simulation.meeting import MeetingConfig, simulate
from pipeline.evaluation.simulation.rendering import Acoustics, Pcm
from pipeline.models.diarizers.segmentation import WINDOW, load_segmentation
from pipeline.models.weights import Store

SEEDS, LENGTH = (*range(10_000, 11_100), *range(20_000, 21_100)), 30.0
SPEEDS = {"": (1, 1), "f": (9, 10), "s": (10, 9)}
SIMULATED, REAL, LAID = 10, 4, 4
"""Windows of each kind in a step: simulated, real, real with another laid over."""
FAITH = 1.5
"""What an error against the first network's answers counts, beside one against the truth."""
WARM, AVERAGE = 30, 0.03
PUBLISHED = "pyannote-segmentation"
LEARNS = ("lstm", "linear", "classifier")
HEARD = to_sample(WINDOW)
"""Samples of a window."""

Truth = NDArray[np.float32]
Meeting = tuple[Pcm, tuple[Turn, ...]]


def main() -> None:
    """Simulate, train, write the weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--voices", type=Path, required=True, help="SPEAKER-anything.flac, one speaker each")
    parser.add_argument("--real", type=Path, nargs="+", required=True, help="recordings of real conversations")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--start", default=PUBLISHED, help="the model to go on from: a name or a folder")
    parser.add_argument("--rate", type=float, default=5e-4, help="of learning, at its highest")
    parser.add_argument("--out", type=Path, default=project.WORK / "crosstalk-segmentation")
    options = parser.parse_args()
    work = project.WORK / "training"
    meetings = make_meetings(taught(find_speakers(options.voices)), work)
    real = [media.decode(path).audio.samples for path in options.real]
    real = [samples for samples in real if len(samples) > HEARD]
    network = train(meetings, real, options.steps, options.start, options.rate)
    write(network, options.out)


def taught(voices: Speakers) -> dict[str, tuple[Path, ...]]:
    """Two voices in three; every third, in the order of their names, is for measuring only."""
    kept = project.untaught(voices)
    return {name: tuple(r.path for r in voices[name]) for name in sorted(voices) if name not in kept}


def make_meetings(voices: dict[str, tuple[Path, ...]], work: Path) -> list[Meeting]:
    """Simulated meetings, kept in ``work`` for the next time."""
    kept = work / "meetings.pickle"
    if not kept.exists():
        folder = work / "voices"
        folder.mkdir(parents=True, exist_ok=True)
        for name, path in ((name, path) for name, paths in voices.items() for path in paths):
            samples, rate = soundfile.read(path)
            for tag, (up, down) in SPEEDS.items():
                other = samples if up == down else resample_poly(samples, up, down)
                soundfile.write(folder / f"{name}{tag}-{path.stem}.flac", np.clip(other, -1, 1), rate)
        with ProcessPoolExecutor() as processes:
            made = list(processes.map(partial(make_meeting, find_speakers(folder)), SEEDS, chunksize=20))
        kept.write_bytes(pickle.dumps([meeting for meeting in made if meeting]))
    meetings: list[Meeting] = pickle.loads(kept.read_bytes())
    return meetings


def make_meeting(voices: Speakers, seed: int) -> Meeting | None:
    """Two to four people, 10 to 40 % of their speech overlapped, three in five of them in a room, noise or none;
    None where the drawn speakers have too little to say for it."""
    draw = np.random.default_rng(seed)
    people, overlap = int(draw.choice([2, 2, 3, 3, 4])), float(draw.choice([0.1, 0.2, 0.3, 0.4]))
    conversation = Conversation(people, LENGTH, overlap, gap=float(draw.choice([0.2, 0.4, 0.8])))
    spread = float(draw.choice([0, 3, 6, 9]))
    noise = (None, 40.0, 25.0, 15.0)[draw.integers(4)]
    room = float(draw.choice([0, 0, 0.2, 0.3, 0.5]))
    try:
        made = simulate(voices, MeetingConfig(conversation, Acoustics(spread, noise, room), seed))
    except SettingsError:
        return None
    return made.audio.mixture, made.transcript.turns


def train(
    meetings: Sequence[Meeting], real: Sequence[Samples], steps: int, start: str = PUBLISHED, rate: float = 5e-4
) -> Model:
    """The network after ``steps`` steps, its weights averaged over the last of them."""
    torch.manual_seed(0)
    draw = np.random.default_rng(0)
    first, network = (load_segmentation(name, Store(offline=True), torch.device("cpu")) for name in (PUBLISHED, start))
    mean = copy.deepcopy(network)
    centres = middles(network)
    learning = [value for name, value in network.named_parameters() if name.startswith(LEARNS)]
    optimizer = torch.optim.AdamW(learning, lr=rate, weight_decay=0)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / WARM) * (1 + np.cos(np.pi * step / steps)) / 2
    )
    network.lstm.train()
    for step in range(steps):
        heard, truth = simulated_windows(meetings, centres, draw)
        known, laid, wanted, both = real_windows(real, first, centres, draw)
        found = network(torch.cat([heard, laid, known]))
        kept = torch.nn.functional.binary_cross_entropy(found[SIMULATED + LAID :], wanted)
        loss = distance(found[: SIMULATED + LAID], torch.cat([truth, both])) + FAITH * kept
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            for average, value in zip(mean.parameters(), network.parameters(), strict=True):
                average.lerp_(value, AVERAGE)
        if step % 100 == 99:
            sys.stderr.write(f"step {step + 1} of {steps}: {loss.item():.3f}\n")
    return mean


def distance(found: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Cross-entropy under the order of speakers that fits each window best; both (windows, frames, speakers)."""
    entropy = torch.nn.functional.binary_cross_entropy
    orders = [list(order) for order in permutations(range(truth.shape[2]))]
    every = [entropy(found, truth[:, :, order], reduction="none").mean((1, 2)) for order in orders]
    return torch.stack(every).min(0).values.mean()


def simulated_windows(
    meetings: Sequence[Meeting], centres: Truth, draw: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Windows from anywhere, at any level, and who talks in each frame of theirs."""
    windows, truths = [], []
    for _ in range(SIMULATED):
        samples, turns = meetings[draw.integers(len(meetings))]
        at = int(draw.integers(0, len(samples) - HEARD))
        window = (samples[at : at + HEARD] / 32768).astype(np.float32)
        windows.append(at_any_level(window, draw))
        truths.append(activity(turns, centres + at / RATE))
    return torch.tensor(np.stack(windows))[:, None], torch.tensor(np.stack(truths))


def activity(turns: Sequence[Turn], times: Truth, most: int = 3) -> Truth:
    """Who talks at each time, shape (times, ``most``): those who talk longest, in that order."""
    speakers = sorted({turn.speaker for turn in turns})
    active = np.zeros((len(times), max(most, len(speakers))), np.float32)
    for turn in turns:
        active[(times >= turn.start) & (times < turn.end), speakers.index(turn.speaker)] = 1
    order = np.argsort(-active.sum(0), kind="stable")
    return active[:, order[:most]]


def real_windows(
    recordings: Sequence[Samples], first: Model, centres: Truth, draw: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Windows as they are and with another laid over, and what the first network hears in both kinds."""
    chosen = [draw.choice(len(recordings), 2, replace=False) for _ in range(LAID)]
    plain = [real_window(recordings[draw.integers(len(recordings))], draw) for _ in range(REAL)]
    below = [real_window(recordings[one], draw) for one, _ in chosen]
    above = [real_window(recordings[other], draw) for _, other in chosen]
    with torch.no_grad():
        heard = first(torch.tensor(np.stack(plain + below + above))[:, None])
    wanted, one, other = heard.split([REAL, LAID, LAID])
    laid, both = [], []
    for number in range(LAID):
        start, length = draw.uniform(-0.5, WINDOW - 0.5), draw.uniform(0.5, 4.0)
        inside = torch.from_numpy((centres >= start) & (centres < start + length))
        answers = torch.cat([one[number], other[number] * inside[:, None]], dim=1)
        both.append(answers[:, answers.sum(0).argsort(descending=True)[:3]])
        laid.append(lay_over(below[number], above[number], start, length, draw))
    return torch.tensor(np.stack(plain))[:, None], torch.tensor(np.stack(laid))[:, None], wanted, torch.stack(both)


def lay_over(below: Samples, above: Samples, start: float, length: float, draw: np.random.Generator) -> Samples:
    """Some seconds of one window over another, from 8 dB weaker to 4 dB stronger on the whole."""
    times = np.arange(len(below)) / RATE
    faded = above * np.clip(np.minimum(times - start, start + length - times) / 0.02, 0, 1)
    ratio = (np.square(below).mean() + 1e-9) / (np.square(above).mean() + 1e-9)
    gain = np.sqrt(ratio) * 10 ** (draw.uniform(-8, 4) / 20)
    return np.asarray(np.clip(below + gain * faded, -1, 1), np.float32)


def real_window(samples: Samples, draw: np.random.Generator) -> Samples:
    """From anywhere, at any level; half of them a little faster or slower, half with some white noise."""
    at = int(draw.integers(0, len(samples) - HEARD))
    speed = draw.uniform(0.9, 1.1) if draw.random() < 0.5 else 1.0
    heard = samples[at : at + int(1.1 * HEARD) + 1]
    window = np.interp(speed * np.arange(HEARD), np.arange(len(heard)), heard)
    if draw.random() < 0.5:
        level = np.sqrt((window**2).mean()) * 10 ** (-draw.uniform(10, 35) / 20)
        window = window + level * draw.standard_normal(len(window))
    return at_any_level(window.astype(np.float32), draw)


def at_any_level(window: Samples, draw: np.random.Generator) -> Samples:
    return np.clip(window * np.float32(10 ** (draw.uniform(-12, 6) / 20)), -1, 1)


def middles(network: Model) -> Truth:
    """The time each frame of a window stands for, in seconds."""
    field = network.receptive_field
    frames = network.num_frames(HEARD)
    return np.asarray(field.start + field.duration / 2 + field.step * np.arange(frames), np.float32)


def write(network: Model, folder: Path) -> None:
    """The weights, what was learnt as 16-bit floats (the filters' are too fine for that), and how they were made."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = network.state_dict().items()
    kept = {name: value.half() if name.startswith(LEARNS) else value.clone() for name, value in weights}
    save_file(kept, folder / "model.safetensors")
    made = {"architecture": "PyanNet", "from": "pyannote-segmentation", "made_by": "examples/train_segmentation.py"}
    (folder / "config.json").write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
