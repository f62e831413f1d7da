"""Every example runs."""

from __future__ import annotations

import importlib.util
import itertools
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile
import torch

from pipeline import formats
from pipeline.config.schema import Config
from pipeline.core.audio import RATE
from pipeline.core.types import OverlapDecision, SpeakerEvidence, Transcript, Turn, Utterance, Word
from pipeline.evaluation.benchmark.dataset import Recording, find_recordings
from pipeline.evaluation.simulation.corpus import find_voices
from pipeline.models.synthetic import synthesize
from pipeline.models.weights import Store
from tests.conftest import REPOSITORY
from tests.models.voices import pair
from tests.pages import DOCS, block
from tests.world import DIALOGUE

EXAMPLES = REPOSITORY / "examples"
PUBLISHED = "pyannote-segmentation"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_there_is_a_test_for_every_example() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {
        "batch_bench",
        "diarization_bench",
        "minutes",
        "overlap_figure",
        "own_separator",
        "project_bench",
        "separation_scenes",
        "stereo_bench",
        "train_segmentation",
        "train_separation",
    }


def test_minutes() -> None:
    words = (Word(1.0, 1.4, "Good"), Word(1.5, 2.0, "morning."))
    region = OverlapDecision(
        1.5,
        2.0,
        (SpeakerEvidence("A", "morning."), SpeakerEvidence("B")),
        "nmf",
        "mixture",
        "too little solo speech",
    )
    transcript = Transcript(3.0, (Utterance("A", words),), (Turn(1, 2, "A"), Turn(1.5, 2, "B")), (region,))
    text = load("minutes").minutes(transcript)
    assert "     1.0  A: Good morning." in text
    assert "at once, 1.5 to 2.0 s (mixture): A: morning. | B: –" in text


def test_an_own_separator_separates() -> None:
    time = np.arange(2 * RATE) / RATE
    low, high = (np.sin(2 * np.pi * f * time).astype(np.float32) for f in (300.0, 2000.0))
    separator = load("own_separator").SpectralGate.from_config(Config(), Store())
    rows = separator.separate((low + high)[:RATE], {"low": low, "high": high})
    assert rows.shape == (2, RATE)
    assert np.mean((rows[0] - low[:RATE]) ** 2) < 0.01
    assert np.mean((rows[1] - high[:RATE]) ** 2) < 0.01


@pytest.mark.parametrize(
    "name", ["batch_bench", "diarization_bench", "minutes", "overlap_figure", "project_bench", "stereo_bench"]
)
def test_scripts_tell_how_they_are_used(name: str) -> None:
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(EXAMPLES).parent)
    assert "usage:" in done.stdout


def test_the_benchmark_of_nights_in_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    bench = load("batch_bench")
    sources = [
        bench.Source((synthesize(words, 9.0) * 32767).astype(np.int16)[:, None], RATE) for words in (DIALOGUE, ())
    ]
    bench.write_excerpts(sources, [2.0, 1.0, 1.5], tmp_path / "calls")
    assert len({path.read_bytes() for path in (tmp_path / "calls").iterdir()}) == 3
    one, two = (bench.run(tmp_path / "calls", tmp_path / str(n), n, bench.REPLAYS) for n in (1, 2))
    figures = bench.summarize(one, two, one)
    assert figures["done"] == [3, 3]
    assert all(len(counts) == 1 for workers in figures["loads"] for counts in workers)
    assert figures["decoding"] > 0
    assert figures["overhead"] > 0
    assert "| calls done, of 3 (0.1 min) | 3 and 3 |" in bench.as_table(figures)


def test_calls_are_as_long_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(EXAMPLES)
    lengths = load("batch_bench").lengths(200)
    assert lengths == load("batch_bench").lengths(200)
    assert min(lengths) >= 30
    assert 150 < max(lengths) <= 300
    assert sum(lengths) / 200 == pytest.approx(45, abs=3)


@pytest.mark.parametrize(("name", "page"), [("batch", "benchmarks.md"), ("stereo", "stereo-calls.md")])
def test_the_tables_of_batches_are_the_results(name: str, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(EXAMPLES)
    data = json.loads((EXAMPLES / "bench" / f"{name}.json").read_text(encoding="utf-8"))
    assert block(DOCS / page, f"{name}-bench") == load(f"{name}_bench").as_table(data.get("rows", data))


def test_the_table_of_diarization_is_the_results(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.evaluation.metrics.der import DiarizationErrors

    monkeypatch.syspath_prepend(EXAMPLES)
    bench = load("diarization_bench")
    data = json.loads((EXAMPLES / "bench" / "diarization.json").read_text(encoding="utf-8"))["results"]
    results = [bench.Result(**{**row, "errors": DiarizationErrors(**row["errors"])}) for row in data]
    assert block(DOCS / "benchmarks.md", "diarization") == bench.as_table(results)


def test_an_echo_comes_from_the_other_channel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(EXAMPLES)
    channels = np.zeros((RATE, 2))
    channels[100] = (0.5, 0.0)
    soundfile.write(tmp_path / "call.channels.wav", channels, RATE)
    call = Recording("call", tmp_path / "call.wav", ())
    load("stereo_bench").write_call(call, tmp_path / "echo.wav", 0.1)
    heard, _ = soundfile.read(tmp_path / "echo.wav")
    assert np.argwhere(np.abs(heard) > 0.01).tolist() == [[100, 0], [100 + round(0.03 * RATE), 1]]
    assert heard.max(axis=0) == pytest.approx([0.5, 0.05], abs=0.001)


def test_the_figure_of_an_overlap_is_drawn(tmp_path: Path) -> None:
    from tests import world

    talk = world.write_wav(tmp_path / "talk.wav")
    (tmp_path / "talk.json").write_text(formats.dumps(world.heard(world.DIALOGUE), "json", "talk"))
    picture = tmp_path / "overlap.png"
    script = [str(EXAMPLES / "overlap_figure.py"), str(talk), str(tmp_path / "talk.json"), "--output", str(picture)]
    subprocess.run([sys.executable, *script], check=True, cwd=REPOSITORY)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_in_training_the_order_of_speakers_means_nothing() -> None:
    training = load("train_segmentation")
    turns = [Turn(0.0, 2.0, "B"), Turn(1.0, 2.0, "A"), Turn(5.0, 6.0, "C")]
    truth = training.activity(turns, np.arange(0.05, 6, 0.1))
    assert truth.sum(axis=0).tolist() == [20, 10, 10]
    heard = torch.rand((2, len(truth), 3))
    given = torch.tensor(np.stack([truth, truth]))
    losses = [training.distance(heard[..., list(order)], given) for order in itertools.permutations(range(3))]
    assert torch.stack(losses).tolist() == pytest.approx([losses[0].item()] * 6)
    assert training.distance(given.clone(), given).item() == 0.0


@pytest.mark.weights
def test_training_leaves_the_filters_and_writes_what_the_pipeline_loads(tmp_path: Path) -> None:
    from pipeline.models.diarizers.segmentation import load_segmentation

    training = load("train_segmentation")
    noise = np.random.default_rng(0).normal(0, 0.1, (3, 12 * RATE)).astype(np.float32)
    meeting = ((noise[0] * 32767).astype(np.int16), (Turn(0, 7, "A"), Turn(5, 12, "B")))
    training.write(training.train([meeting], list(noise[1:]), 2), tmp_path)
    first, taught = (load_segmentation(name, Store(), torch.device("cpu")) for name in (PUBLISHED, str(tmp_path)))
    for (name, before), after in zip(first.state_dict().items(), taught.state_dict().values(), strict=True):
        assert torch.equal(before, after) == (not name.startswith(("lstm", "linear", "classifier"))), name


def test_scenes_of_real_people_are_of_what_they_say_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(EXAMPLES)
    scenes = load("separation_scenes")
    low, high = pair(24.0, RATE, seed=5)
    low[12 * RATE :], high[: 11 * RATE] = 0, 0
    soundfile.write(tmp_path / "call.wav", low + high, RATE)
    turns = "SPEAKER call 1 {} {} <NA> <NA> {} <NA> <NA>\n"
    (tmp_path / "call.rttm").write_text(turns.format(0, 12, "low") + turns.format(11, 13, "high"))
    alone = scenes.find_alone(find_recordings(tmp_path))
    assert {name: len(samples) for name, samples in alone.items()} == {
        ("call", "low"): 11 * RATE,
        ("call", "high"): 12 * RATE,
    }
    assert np.allclose(alone["call", "high"], high[12 * RATE :], atol=1e-4)
    one, again = (scenes.mix_real(alone, 7) for _ in range(2))
    assert len(one) == scenes.MIXTURES
    assert all(len(example.explained) == 2 for example in one)
    assert all(np.array_equal(x.truth, y.truth) for x, y in zip(one, again, strict=True))


def test_scenes_and_training_of_separation_in_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pipeline.models.separators.mask_network import load_mask_network

    monkeypatch.syspath_prepend(EXAMPLES)
    training = load("train_separation")
    for seed in range(4):
        soundfile.write(tmp_path / f"{seed}-talks.flac", pair(9.0, RATE, seed=seed)[seed % 2], RATE)
    voices = find_voices(tmp_path)
    scenes = [training.mix(voices, seed) for seed in range(4)]
    assert all(len(example.explained) in (2, 3) for scene in scenes for example in scene)
    assert all(np.abs(example.magnitude).max() == 1 for scene in scenes for example in scene)
    again = training.mix(voices, 3)
    assert all(np.array_equal(one.truth, other.truth) for one, other in zip(scenes[3], again, strict=True))
    examples = {"near": [example for scene in scenes for example in scene]}
    monkeypatch.setattr(training, "ALONE", 1)
    network = training.train(examples, examples, 2)
    assert "near, 2 voices: exemplars" in capsys.readouterr().err
    training.write(training.train(examples, {}, 1, network), tmp_path / "taught")
    assert load_mask_network(str(tmp_path / "taught"), Store(), torch.device("cpu")).place.abs().sum() > 0
