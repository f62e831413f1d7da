from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.core.audio import RATE
from pipeline.core.errors import FormatError
from pipeline.evaluation.simulation.corpus import TICK, Recording, find_speakers, passages


def bursts(*spans: tuple[float, float], length: float, rate: int = RATE) -> np.ndarray:
    """Noise within the spans, silence elsewhere."""
    rng = np.random.default_rng(0)
    samples = np.zeros(round(length * rate))
    for start, end in spans:
        samples[round(start * rate) : round(end * rate)] = 0.1 * rng.standard_normal(
            round(end * rate) - round(start * rate)
        )
    return samples


def write(path: Path, samples: np.ndarray, rate: int = RATE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, subtype="PCM_16")
    return path


def test_librispeech_layout(tmp_path: Path) -> None:
    write(tmp_path / "12/34/12-34-0000.flac", bursts((0, 1), length=1))
    write(tmp_path / "12/34/12-34-0001.flac", bursts((0, 1), length=1))
    (tmp_path / "12/34/12-34.trans.txt").write_text("12-34-0000 HELLO THERE\n12-34-0001 YES\n", "utf-8")
    recordings = find_speakers(tmp_path)
    assert {s: [r.text for r in group] for s, group in recordings.items()} == {"12": ["HELLO THERE", "YES"]}


def test_flat_folder_has_no_texts(tmp_path: Path) -> None:
    write(tmp_path / "ann-1.flac", bursts((0, 1), length=1))
    write(tmp_path / "bob-1.wav", bursts((0, 1), length=1))
    assert {s: [r.text for r in group] for s, group in find_speakers(tmp_path).items()} == {
        "ann": [None],
        "bob": [None],
    }


def test_csv_with_and_without_times(tmp_path: Path) -> None:
    table = tmp_path / "voices.csv"
    table.write_text("path,speaker,text,start,end\na.wav,ann,hi there,1.5,2.5\nb.wav,bob,,,\n", "utf-8")
    recordings = find_speakers(table)
    assert recordings["ann"] == (Recording(tmp_path / "a.wav", "ann", "hi there", 1.5, 2.5),)
    assert recordings["bob"] == (Recording(tmp_path / "b.wav", "bob"),)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("file,who\na.wav,ann\n", "line 2"),
        ("path,speaker,text,start\na.wav,ann,hi,early\n", "line 2"),
        ("path,speaker,text\n", "voices.csv"),
        ("path,speaker,text\na.wav,../ann,hi\n", "'../ann'"),
    ],
)
def test_a_bad_table_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    table = tmp_path / "voices.csv"
    table.write_text(text, "utf-8")
    with pytest.raises(FormatError, match=reason):
        find_speakers(table)


def test_an_empty_or_missing_folder_is_refused(tmp_path: Path) -> None:
    for where in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(FormatError, match=re.escape(str(where))):
            find_speakers(where)


def test_silence_is_removed_and_a_text_is_not_divided(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", bursts((1, 2), (3, 4), length=6))
    (passage,) = passages(Recording(path, "a", "two bursts"), np.random.default_rng(0))
    assert len(passage.samples) == passage.ticks * TICK
    assert passage.ticks / 100 == pytest.approx(2.2, abs=0.03)  # both bursts and 0.2 s of the pause
    assert passage.source == "a.wav@1.00"


def test_pauses_are_found_in_noise(tmp_path: Path) -> None:
    noise = 0.003 * np.random.default_rng(1).standard_normal(6 * RATE)
    path = write(tmp_path / "a.wav", bursts((1, 2), (3, 4), length=6) + noise)
    (passage,) = passages(Recording(path, "a", "two bursts"), np.random.default_rng(0))
    assert passage.ticks / 100 == pytest.approx(2.2, abs=0.05)


def test_noise_before_speech_is_removed(tmp_path: Path) -> None:
    noise = 0.035 * np.random.default_rng(1).standard_normal(4 * RATE)
    path = write(tmp_path / "a.wav", bursts((2, 3), length=4) + noise)
    (passage,) = passages(Recording(path, "a", "one burst"), np.random.default_rng(0))
    assert passage.ticks / 100 == pytest.approx(1.0, abs=0.1)


def test_speech_without_pauses_is_unchanged(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", bursts((0, 3), length=3))
    (passage,) = passages(Recording(path, "a", "on and on"), np.random.default_rng(0))
    assert passage.ticks == 300


def test_without_a_text_passages_are_cut_at_pauses(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", bursts(*[(2 * i, 2 * i + 1.5) for i in range(20)], length=40))
    recordings = passages(Recording(path, "a"), np.random.default_rng(0))
    assert len(recordings) > 4
    assert all(len(p.samples) <= 8 * RATE and p.text is None for p in recordings)
    assert sum(p.ticks for p in recordings) / 100 == pytest.approx(20 * 1.7 - 0.2 * len(recordings), abs=0.3)


def test_a_range_of_a_file_with_another_sampling_rate(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", bursts((0, 10), length=10, rate=8000), 8000)
    (passage,) = passages(Recording(path, "a", "part", 2.0, 5.0), np.random.default_rng(0))
    assert passage.ticks == pytest.approx(300, abs=2)


def test_silence_has_no_passages_and_a_broken_file_is_an_error(tmp_path: Path) -> None:
    silent = write(tmp_path / "a.wav", np.zeros(RATE))
    assert passages(Recording(silent, "a", "nothing"), np.random.default_rng(0)) == ()
    broken = tmp_path / "b.wav"
    broken.write_bytes(b"<html>")
    with pytest.raises(FormatError, match=r"b\.wav"):
        passages(Recording(broken, "b"), np.random.default_rng(0))
