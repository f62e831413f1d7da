"""The batch size must not change results on the CPU, with the default models."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import Transcript, transcribe

pytestmark = pytest.mark.weights


def with_batch_size(recording: Path, size: int) -> Transcript:
    return transcribe(recording, speakers=2, device="cpu", settings={"runtime.batch_size": size})


def test_batch_sizes_give_the_same_words_and_turns(sample: Path) -> None:
    small, large = (with_batch_size(sample, size) for size in (1, 32))
    assert len(small.words) > 50
    assert [(u.speaker, u.text) for u in small.utterances] == [(u.speaker, u.text) for u in large.utterances]
    assert [word.start for word in small.words] == pytest.approx([word.start for word in large.words], abs=0.05)
    assert [turn.speaker for turn in small.turns] == [turn.speaker for turn in large.turns]
    assert [turn.start for turn in small.turns] == pytest.approx([turn.start for turn in large.turns], abs=0.05)
