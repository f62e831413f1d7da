"""Verification with the default recognizer: words of a real call do not come back from a muted span."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import media
from pipeline.core.audio import RATE, Samples
from pipeline.core.types import Transcript, Turn, Utterance
from pipeline.engine.pipeline import Transcriber
from pipeline.redaction.settings import Cover
from pipeline.redaction.sound import muted
from pipeline.redaction.spans import muted_spans
from pipeline.redaction.types import Plan, Redaction
from pipeline.redaction.verifying import verify

pytestmark = [pytest.mark.weights, pytest.mark.slow]


def test_muted_words_do_not_come_back(sample: Path) -> None:
    recognizer = Transcriber().models.recognizer
    samples = media.decode(sample).audio.samples[: 20 * RATE]
    (words,) = recognizer.recognize([samples], "en")
    line = Utterance("SPEAKER_00", words)
    transcript = Transcript(20.0, (line,), (Turn(line.start, min(20.0, line.end), "SPEAKER_00"),), language="en")
    first = max(range(1, len(words) - 3), key=lambda i: min(len(word.text) for word in words[i : i + 2]))
    chosen, places = words[first : first + 2], ((0, first), (0, first + 1))
    text = " ".join(word.text for word in chosen)
    plan = Plan(("name",), (Redaction("name", chosen[0].start, chosen[1].end, "SPEAKER_00", places, "planted", text),))
    spans = muted_spans(transcript, plan)

    def result_of(recording: Samples) -> str:
        return verify(recording, transcript, plan, spans, recognizer)[0].result

    covers: tuple[Cover, ...] = ("silence", "tone")
    covered = [muted(samples[None], [each.span for each in spans], cover)[0] for cover in covers]
    assert [result_of(each) for each in (samples, *covered)] == ["came back", "verified", "verified"]
