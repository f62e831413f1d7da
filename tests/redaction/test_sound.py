"""Muted recordings: nothing is left in a span, nothing changes outside it, the length stays, tags are gone."""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline import media
from pipeline.core.audio import RATE, Samples
from pipeline.core.errors import BackendError, CannotRedact
from pipeline.core.events import no_progress
from pipeline.core.types import Provenance, Span, Transcript, Turn, Utterance, Word
from pipeline.media import Decoded
from pipeline.models.synthetic import SyntheticRecognizer, synthesize
from pipeline.redaction.settings import Cover
from pipeline.redaction.sound import FADE, LEVEL, decoded_recording, muted, redacted_sound
from pipeline.redaction.spans import MAX_PADDING, MIN_PADDING, cut_words, muted_spans, wordless_doubts
from pipeline.redaction.types import Plan, Redaction
from pipeline.redaction.verifying import verify
from tests.max_examples import at_most
from tests.redaction.spoken import TEXTS, tones_in

FADING = round(FADE * RATE)


def decoded(content: bytes) -> Decoded:
    _, decode = media.open_input(content)
    return decode(no_progress)


def noise(channels: int, length: int) -> NDArray[np.float32]:
    return np.random.default_rng(7).uniform(0.2, 0.5, (channels, length)).astype(np.float32)


@st.composite
def cases(draw: st.DrawFn) -> tuple[int, list[Span]]:
    length = draw(st.integers(1, 3000))
    edges = draw(st.lists(st.floats(0, length / RATE), min_size=2, max_size=6, unique=True))
    edges = sorted(edges)
    return length, [Span(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False) if a < b]


@at_most(40)
@given(cases(), st.sampled_from(["silence", "tone"]), st.integers(1, 3))
def test_a_span_holds_its_cover_alone_and_the_rest_stays(
    case: tuple[int, list[Span]], cover: str, channels: int
) -> None:
    length, spans = case
    before = noise(channels, length)
    after = muted(before, spans, cover)  # type: ignore[arg-type]
    assert after.shape == before.shape
    changed = np.zeros(length, bool)
    for span in spans:
        first, last = int(np.floor(span.start * RATE)), min(length, int(np.ceil(span.end * RATE)))
        changed[max(0, first - FADING) : last + FADING] = True
        assert (after[:, first:last] == after[:1, first:last]).all(), "no channel shows what it was"
        assert np.abs(after[:, first:last]).max(initial=0) <= (LEVEL if cover == "tone" else 0)
    assert (after[:, ~changed] == before[:, ~changed]).all()
    assert (np.abs(after) <= np.maximum(np.abs(before), LEVEL)).all(), "fades add nothing"


@pytest.mark.parametrize(
    ("suffix", "channels"), [(".wav", 4), (".FLAC", 2), (".mp3", 1), (".mp3", 4), (".m4a", 2), (".ogg", 1)]
)
def test_the_file_has_the_length_and_the_channels(suffix: str, channels: int) -> None:
    source = decoded(
        media.encode_channels(noise(channels, 2 * RATE + 7) * np.arange(1, channels + 1)[:, None] / 4, "wav")
    )
    sound = redacted_sound(source, [Span(0.5, 1.25)], "silence", suffix)
    kept = suffix.lower() in (".wav", ".flac") or (suffix == ".mp3" and channels <= 2)
    assert sound.suffix == (suffix.lower() if kept else ".flac")
    read = decoded(sound.content).audio
    assert len(read.samples) == len(source.audio.samples) == 2 * RATE + 7
    assert (1 if read.channels is None else len(read.channels)) == channels
    inside = np.abs(read.samples[int(0.52 * RATE) : int(1.23 * RATE)])
    assert inside.max() < (0.01 if sound.suffix == ".mp3" else 1e-4)
    assert np.abs(read.samples[: int(0.45 * RATE)]).min() >= 0
    assert np.abs(read.samples[: int(0.45 * RATE)]).mean() > 0.05


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3"])
@pytest.mark.parametrize("cover", ["silence", "tone"])
def test_both_channels_of_a_stereo_call_are_muted(suffix: str, cover: Cover) -> None:
    """Also where the mix of the channels is silence; outside the spans, each channel keeps its own sound."""
    left = synthesize((Word(0.5, 0.9, "a3"), Word(1.5, 1.9, "a4"), Word(2.5, 2.9, "a5")), 3.5)
    right = synthesize((Word(0.5, 0.9, "b3"), Word(1.5, 1.9, "b4"), Word(2.5, 2.9, "b5")), 3.5)
    for other, expected in ((right, {TEXTS["b3"], TEXTS["b5"]}), (-left, {TEXTS["a3"], TEXTS["a5"]})):
        source = decoded(media.encode_channels(np.stack([left, other]), "wav"))
        written = decoded(redacted_sound(source, [Span(1.3, 2.1)], cover, suffix).content).audio
        assert written.channels is not None
        edge = 0.04 if suffix == ".mp3" else 0.0
        inside = written.channels[:, round((1.3 + edge) * RATE) : round((2.1 - edge) * RATE)]
        assert np.abs(inside[0] - inside[1]).max() < (0.002 if suffix == ".mp3" else 1e-4), "no channel shows its own"
        assert np.abs(inside).max() < (LEVEL + 0.01 if cover == "tone" else 0.003)
        assert [tones_in(channel) for channel in written.channels] == [{TEXTS["a3"], TEXTS["a5"]}, expected]


def test_a_file_in_which_a_channel_is_not_muted_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def one_channel(channels: NDArray[np.float32], spans: Sequence[Span], cover: Cover) -> NDArray[np.float32]:
        return np.stack([muted(channels, spans, cover)[0], channels[1]])

    monkeypatch.setattr("pipeline.redaction.sound.muted", one_channel)
    source = decoded(media.encode_channels(noise(2, RATE), "wav"))
    for suffix in (".wav", ".mp3"):
        with pytest.raises(CannotRedact, match="is not muted"):
            redacted_sound(source, [Span(0.3, 0.7)], "silence", suffix)


def test_tags_are_not_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "call.flac"
    with av.open(str(path), "w", format="flac") as container:
        container.metadata.update({"title": "Call of Ana, 4539 5787", "comment": "secret"})
        track = container.add_stream("flac", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.ones((1, 3200), np.int16), format="s16", layout="mono")
        frame.sample_rate, frame.pts = RATE, 0
        container.mux(track.encode(frame))
        container.mux(track.encode(None))
    assert b"4539" in path.read_bytes()
    content = redacted_sound(decoded(path.read_bytes()), [], "silence", ".flac").content
    with av.open(io.BytesIO(content)) as container:
        assert {key.lower() for key in container.metadata} <= {"encoder"}
    assert b"4539" not in content


def test_only_the_recording_of_the_transcript_is_redacted(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(bytes(2 * RATE))
    sha256 = media.decode(path).sha256
    fits = Transcript(1.0, provenance=Provenance("call.wav", sha256))
    assert decoded_recording(path, fits).duration == 1.0
    for transcript, problem in (
        (Transcript(1.0, provenance=Provenance("call.wav", "0" * 64)), "content differs"),
        (Transcript(2.0, provenance=Provenance("call.wav", sha256)), "lasts 1.000 s, the transcript 2.000 s"),
        (Transcript(1.0), "does not say of which recording"),
    ):
        with pytest.raises(CannotRedact, match=problem) as error:
            decoded_recording(path, transcript)
        assert error.value.exit_code == 6


def spoken(*words: tuple[float, float, str], speaker: str = "A") -> Utterance:
    return Utterance(speaker, tuple(Word(*word) for word in words))


def covering(*places: tuple[int, int], start: float, end: float) -> Plan:
    return Plan(("card",), (Redaction("card", start, end, "A", places, "digits", "4539"),))


def spans_of(lines: Sequence[Utterance], plan: Plan, turns: Sequence[Turn] = ()) -> list[tuple[float, float]]:
    transcript = Transcript(20.0, tuple(lines), tuple(turns))
    return [(round(span.start, 3), round(span.end, 3)) for span in muted_spans(transcript, plan)]


def test_spans_are_padded_to_the_words_beside_them() -> None:
    line = spoken((4.0, 4.8, "is"), (5.0, 6.0, "4539"), (6.05, 6.4, "ok"))
    plan = covering((0, 1), start=5.0, end=6.0)
    assert spans_of([line], plan) == [(4.8, 6.0 + MIN_PADDING)], "to the word before; into the word after"
    alone = spoken((2.0, 2.4, "is"), (5.0, 6.0, "4539"), (8.0, 8.4, "ok"))
    assert spans_of([alone], plan) == [(5.0 - MAX_PADDING, 6.0 + MAX_PADDING)]
    other = spoken((6.1, 6.4, "yes"), speaker="B")
    transcript = Transcript(20.0, (alone, other))
    assert cut_words(transcript, plan, muted_spans(transcript, plan)[0].span) == (("B", other.words[0]),)


def test_speech_without_words_that_touches_a_span_is_muted_too() -> None:
    line = spoken((5.0, 6.0, "4539"), (9.0, 9.4, "ok"))
    plan, turns = covering((0, 0), start=5.0, end=6.0), [Turn(4.9, 7.6, "A"), Turn(9.0, 9.4, "A")]
    assert spans_of([line], plan, turns) == [(4.5, 7.6)]
    far = [Turn(4.9, 6.0, "A"), Turn(7.0, 7.6, "A")]
    assert spans_of([line], plan, far) == [(4.5, 6.5)]


def test_long_speech_without_words_near_a_span_is_a_doubt() -> None:
    line = spoken((5.0, 6.0, "4539"))
    plan = covering((0, 0), start=5.0, end=6.0)
    near, far = Turn(8.0, 12.0, "A"), Turn(14.0, 19.0, "A")
    assert [(d.start, d.end) for d in wordless_doubts(Transcript(20.0, (line,), (near, far)), plan)] == [(8.0, 12.0)]


TONES = (Word(0.5, 1.0, "a1"), Word(1.5, 2.0, "b2"), Word(2.1, 2.6, "b3"), Word(3.5, 4.0, "a4"))


class FailingRecognizer(SyntheticRecognizer):
    def recognize(self, *arguments: object) -> list[tuple[Word, ...]]:  # type: ignore[override]
        raise BackendError("out of order")


def test_verification_finds_what_was_not_muted() -> None:
    lines = (spoken((1.5, 2.0, "b2"), (2.1, 2.6, "b3")),)
    transcript = Transcript(5.0, lines, language="en")
    plan = Plan(("card",), (Redaction("card", 1.5, 2.6, "A", ((0, 0), (0, 1)), "digits", "b2 b3"),))
    spans = muted_spans(transcript, plan)
    open_, silent = synthesize(TONES, 5.0), muted(synthesize(TONES, 5.0)[None], [spans[0].span], "silence")[0]

    def result_of(samples: Samples, recognizer: SyntheticRecognizer) -> str:
        (check,) = verify(samples, transcript, plan, spans, recognizer)
        assert "b2" not in check.reason
        return check.result

    assert result_of(open_, SyntheticRecognizer()) == "came back"
    assert result_of(silent, SyntheticRecognizer()) == "verified"
    assert result_of(silent, FailingRecognizer()) == "not verified"
    half = muted(open_[None], [Span(1.4, 2.05)], "silence")[0]
    assert result_of(half, SyntheticRecognizer()) == "came back"
