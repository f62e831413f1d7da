"""The benchmark: systems on recordings with references, sums of counts, seconds by stage."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline import formats
from pipeline.cli.bench import parse_systems
from pipeline.config.presets import baseline
from pipeline.config.schema import Config
from pipeline.core.audio import RATE
from pipeline.core.errors import CrosstalkError, FormatError, SettingsError
from pipeline.core.types import Unscored
from pipeline.evaluation.benchmark import bench
from pipeline.evaluation.benchmark.bench import System, measure, read_reference, read_session
from pipeline.evaluation.benchmark.dataset import find_recordings
from pipeline.evaluation.benchmark.tables import (
    COMPARISON_HEADINGS,
    HEADINGS,
    as_comparison_table,
    as_json,
    as_table,
    draw,
    figures,
    summarize,
)
from pipeline.evaluation.metrics.scoring import ScoreConfig
from pipeline.models.registry import required_models
from pipeline.models.synthetic import synthesize
from pipeline.models.weights import Store
from tests import world


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two recordings of tones with references, and one without."""
    for name in ("one", "two"):
        world.write_wav(tmp_path / f"{name}.wav")
        truth = world.transcribed(world.DIALOGUE, 8.0)
        for kind in ("stm", "rttm"):
            (tmp_path / f"{name}.{kind}").write_bytes(formats.dumps(truth, kind, name))
    world.write_wav(tmp_path / "without.wav")
    return tmp_path


def test_counts_add_up_over_recordings(folder: Path, tmp_path: Path) -> None:
    systems = (
        System("tones", world.settings()),
        System("one speaker", world.settings({"diarization.max_speakers": 1})),
    )
    measured = measure(systems, find_recordings(folder, give_speakers=False), Store(), ScoreConfig())
    good, poor = summarize(measured)
    assert [m.recording.name for m in measured] == ["one", "one", "two", "two"]
    assert (good["errors"], good["words"], good["recordings"]) == (0, 12, 2)
    assert good["der"] == 0
    assert poor["errors"] == 2 * (3 + 1), (
        "of the words of the second speaker, three are missing and one is attributed to the first"
    )
    assert set(good["real_time_factor"]) == {"decode", "diarization", "separation", "recognition"}
    assert good["peak_mb"] > 10
    data = json.loads(as_json(figures(measured, systems)))
    assert data["rows"][0]["errors"] == 0
    assert {"processor", "cores", "memory_gib"} <= set(data["machine"])
    table = as_table(data["rows"]).splitlines()
    assert len(table) == 4
    assert all(line.count("|") == len(HEADINGS) + 1 for line in table)
    draw(data["rows"], tmp_path / "chart.png")
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")


BLOCK_KEYS = {"start", "errors", "words", "error_seconds", "speech_seconds"}
COMPARISON_KEYS = {
    "group", "metric", "first", "second", "recordings", "runs", "total", "first_errors", "second_errors",
    "ratio", "lower", "upper", "blocks", "verdict",
}  # fmt: skip


def test_repeated_runs_are_compared_and_not_counted(folder: Path) -> None:
    """On tones a shift and a gain change no word; all times are put back."""
    systems = (
        System("tones", world.settings()),
        System("one speaker", world.settings({"diarization.max_speakers": 1})),
    )
    recordings = find_recordings(folder, give_speakers=False)
    once = measure(systems, recordings, Store(), ScoreConfig())
    measured = measure(systems, recordings, Store(), ScoreConfig(), repeat=3)
    assert [(m.recording.name, m.system, m.run) for m in measured[:4]] == [
        *(("one", "tones", run) for run in range(3)),
        ("one", "one speaker", 0),
    ]
    assert {(m.system, m.scores.cpwer.errors, len(m.blocks)) for m in measured} == {
        ("tones", 0, 1),
        ("one speaker", 4, 1),
    }
    for m in measured:
        assert m.duration == pytest.approx(8.0, abs=1e-3)
        if m.system == "tones":
            assert m.scores.der.errors < 0.1, "times of disturbed runs are those of the recording"
    counted = ("group", "system", "recordings", "errors", "words", "der")
    rows = [[{key: row[key] for key in counted} for row in summarize(each)] for each in (once, measured)]
    assert rows[0] == rows[1]
    data = json.loads(as_json(figures(measured, systems)))
    assert len(data["recordings"]) == len(once)
    assert [(m["recording"], m["run"]) for m in data["repeats"]] == [
        (name, run) for name in ("one", "two") for _ in systems for run in (1, 2)
    ]
    assert all(set(block) == BLOCK_KEYS for m in data["recordings"] for block in m["blocks"])
    assert [block["words"] for m in data["recordings"] for block in m["blocks"]] == [6] * 4
    words, speech = data["comparisons"]
    assert set(words) == COMPARISON_KEYS
    assert (words["first"], words["second"], words["metric"], words["runs"]) == ("tones", "one speaker", "cpWER", 3)
    assert (words["first_errors"]["mean"], words["second_errors"]["mean"]) == (0, 8)
    assert (words["ratio"], words["upper"], words["verdict"]) == (None, None, "cannot tell"), "infinite: 8 to 0"
    assert speech["metric"] == "DER"
    table = as_comparison_table(data["comparisons"]).splitlines()
    assert all(line.count("|") == len(COMPARISON_HEADINGS) + 1 for line in table)
    assert "0.0 (0–0) → 8.0 (8–8)" in table[2]
    assert "∞" in table[2]


def test_channels_of_disturbed_runs_are_kept(tmp_path: Path) -> None:
    """With a speaker per channel, the roles of the channels are the speakers of every run."""
    tones = [synthesize([word for word in world.DIALOGUE if word.text[0] == speaker], 8.0) for speaker in "ab"]
    soundfile.write(tmp_path / "call.wav", np.stack(tones, axis=1), RATE)
    truth = formats.dumps(world.transcribed(world.DIALOGUE, 8.0), "stm", "call")
    (tmp_path / "call.stm").write_bytes(truth)
    changes = {"diarization.channels": "split", "diarization.roles": "left,right"}
    run = bench._runner(System("channels", world.settings(changes)), Store())
    (recording,) = find_recordings(tmp_path, give_speakers=False)
    for number in range(3):
        transcript, _ = run(recording, number)
        assert {(u.speaker, word.text[0]) for u in transcript.utterances for word in u.words} == {
            ("left", "a"),
            ("right", "b"),
        }


def test_recordings_with_turns_only_have_no_word_figures(folder: Path) -> None:
    for path in folder.glob("*.stm"):
        path.unlink()
    systems = [System(name, world.settings()) for name in ("one", "other")]
    measured = measure(systems, find_recordings(folder), Store(), ScoreConfig())
    data = figures(measured, systems)
    assert [row.split("|")[3:6] for row in as_table(data["rows"]).splitlines()[2:]] == 2 * [
        [" –     ", " –            ", " –                  "]
    ]
    assert [row["metric"] for row in data["comparisons"]] == ["DER"]
    assert data["comparisons"][0]["ratio"] == 1


def test_recordings_without_a_reference_are_left_out_of_a_folder(folder: Path) -> None:
    recordings = find_recordings(folder)
    assert [(r.name, r.speakers, r.group) for r in recordings] == [("one", 2, folder.name), ("two", 2, folder.name)]
    reference = read_reference(recordings[0])
    assert [u.speaker for u in reference.utterances]
    assert len(reference.turns) > 2


def test_references_are_found_in_any_encoding_and_case(folder: Path) -> None:
    (folder / "one.rttm").unlink()
    rows = "one 1 Zoë 0 2 café\none 1 x 3 4 IGNORE_TIME_SEGMENT_IN_SCORING\n"
    (folder / "one.stm").write_text(rows, "utf-16")
    (folder / "one.stm").rename(folder / "one.STM")
    one = find_recordings(folder)[0]
    assert one.references == (folder / "one.STM",)
    assert read_reference(one).speakers == ("Zoë",)
    assert read_session(one).unscored == (Unscored(3.0, 4.0, "1"),)


def test_a_manifest_names_recordings(folder: Path) -> None:
    (folder / "manifest.json").write_text(json.dumps([{"audio": "two.wav"}]))
    assert [r.name for r in find_recordings(folder)] == ["two"]
    (folder / "manifest.json").write_text(json.dumps([{"audio": "without.wav"}]))
    with pytest.raises(FormatError, match=r"without\.wav"):
        find_recordings(folder)
    (folder / "manifest.json").write_text("{}x")
    with pytest.raises(FormatError, match=r"manifest\.json"):
        find_recordings(folder)


def test_nothing_to_measure_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=re.escape(str(tmp_path))):
        find_recordings(tmp_path)
    with pytest.raises(SettingsError, match="gone"):
        find_recordings(tmp_path / "gone")


def test_every_system_is_checked_before_the_first_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing model, also of the baseline, is reported before anything is loaded."""

    def refuse(*_: object) -> None:
        raise AssertionError("a model was loaded")

    monkeypatch.setattr("pipeline.evaluation.benchmark.bench._runner", refuse)
    replay = System("synthetic", world.settings())
    missing = System("missing", world.settings({"recognition.backend": "whisper"}))
    broken = System("broken", world.settings({"recognition.backend": "tests.test_preflight:NoLanguage"}))
    base = System("base", Config(), is_baseline=True)
    for system, code in ((missing, 5), (broken, 1), (base, 5)):
        with pytest.raises(CrosstalkError) as caught:
            measure((replay, system), (), Store(tmp_path), ScoreConfig())
        assert caught.value.exit_code == code
    assert "pyannote-segmentation" in caught.value.hint


def test_systems_are_presets_with_settings() -> None:
    base, one, other = parse_systems(["default", "fast,recognition.options.beam_size=5"], baseline=True)
    assert base.is_baseline
    assert base.config == one.config
    assert (other.config.recognition.model, other.config.recognition.options["beam_size"]) == ("whisper-tiny.en", 5)
    assert base.settings == baseline(one.config)
    assert one.settings == one.config
    data = json.loads(as_json(figures((), (base, one))))["systems"]
    assert data[base.name]["models"] == {
        "segmentation": "pyannote-segmentation",
        "embedding": "resemblyzer",
        "recognition": one.config.recognition.model,
    }
    assert data[base.name]["settings"]["diarization"]["method"] == "pyannote"
    assert data[one.name]["models"] == required_models(one.config)
    assert ("baseline" in data[base.name], "baseline" in data[one.name]) == (True, False)
    with pytest.raises(SettingsError, match="--system"):
        parse_systems(["default", "default"], baseline=False)
