"""The whole run without weights: every word once, valid times, shifts commute, the same bytes every time."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import formats
from pipeline.core import timeline
from pipeline.core.events import Event, NoticeIssued, StageFinished, StageStarted
from pipeline.core.types import Transcript, Word
from pipeline.engine.artifact_cache import DiskCache
from pipeline.engine.pipeline import Transcriber
from pipeline.models.synthetic import FRAME
from tests import world
from tests.max_examples import at_most
from tests.tones import conversations

SETTINGS = [
    {"separation.backend": separator, "recognition.strategy": strategy}
    for separator in ("passthrough", "synthetic")
    for strategy in ("mixture", "streams")
]


def texts(transcript: Transcript) -> Counter[str]:
    return Counter(word.text for word in transcript.words)


def leaked(transcript: Transcript) -> Counter[str]:
    lines = [line for region in transcript.overlaps for line in region.leaked]
    return Counter(word.text for line in lines for word in line.words)


@given(conversations())
def test_every_word_is_in_the_transcript_once(words: tuple[Word, ...]) -> None:
    transcript = world.transcribed(words)
    assert texts(transcript) + leaked(transcript) == Counter(word.text for word in words)


@pytest.mark.promise(13)
@pytest.mark.parametrize("changes", SETTINGS, ids=lambda changes: "-".join(changes.values()))
@at_most(40)
@given(words=conversations())
def test_no_word_is_lost_and_times_are_valid_with_any_settings(
    changes: dict[str, str], words: tuple[Word, ...]
) -> None:
    transcript = world.transcribed(words, changes=changes)
    assert Counter(word.text for word in words) <= texts(transcript) + leaked(transcript)
    assert set(texts(transcript)) <= {word.text for word in words}
    check_times(transcript)


def check_times(transcript: Transcript) -> None:
    """Promise 13."""
    assert list(transcript.turns) == sorted(transcript.turns)
    starts = [utterance.start for utterance in transcript.utterances]
    assert starts == sorted(starts)
    for speaker in transcript.speakers:
        words = [w for u in transcript.utterances if u.speaker == speaker for w in u.words]
        turns = [turn for turn in transcript.turns if turn.speaker == speaker]
        for items in (words, turns):
            assert all(0 <= one.start < one.end <= transcript.duration for one in items)
            assert all(one.end <= other.start for one, other in itertools.pairwise(items))
    assert all(0 <= region.start < region.end <= transcript.duration for region in transcript.overlaps)


@given(conversations())
def test_single_speaker_speech_is_under_one_speaker_each(words: tuple[Word, ...]) -> None:
    transcript = world.transcribed(words)
    attributed = {(w.text, round(w.start / FRAME)): u.speaker for u in transcript.utterances for w in u.words}
    letters: dict[str, str] = {}
    for speaker, spans in timeline.single_speaker(transcript.turns).items():
        for word in words:
            if isolated(word, words) and any(s.start <= word.middle < s.end for s in spans):
                assert attributed[word.text, round(word.start / FRAME)] == speaker
                assert letters.setdefault(speaker, word.text[0]) == word.text[0]
    assert len(set(letters.values())) == len(letters)


def isolated(word: Word, words: tuple[Word, ...]) -> bool:
    """Whether no other speaker talks within 0.4 s of a word."""
    others = (other for other in words if other.text[0] != word.text[0])
    return all(other.end + 0.4 < word.start or word.end + 0.4 < other.start for other in others)


@at_most(40)
@given(conversations(), st.integers(1, 500), st.sampled_from(SETTINGS[::2]))
def test_silence_before_shifts_everything(words: tuple[Word, ...], frames: int, changes: dict[str, str]) -> None:
    offset = frames * FRAME
    later = [Word(word.start + offset, word.end + offset, word.text) for word in words]
    length = max((word.end for word in words), default=0.0) + 1.0
    before, after = world.transcribed(words, length, changes), world.transcribed(later, length + offset, changes)
    assert sorted(times(after)) == pytest.approx(sorted(time + offset for time in times(before)), abs=2e-4)
    assert sorted(lines(after)) == sorted(lines(before))  # rounding may reverse two that start at once
    assert [region.decision for region in after.overlaps] == [region.decision for region in before.overlaps]


def times(transcript: Transcript) -> list[float]:
    values = (*transcript.words, *transcript.turns, *transcript.overlaps)
    return [time for value in values for time in (value.start, value.end)]


def lines(transcript: Transcript) -> list[tuple[str, str]]:
    return [(utterance.speaker, utterance.text) for utterance in transcript.utterances]


@pytest.mark.promise(16)
@at_most(25)
@given(conversations(), st.sampled_from(SETTINGS))
def test_the_same_recording_gives_the_same_bytes(words: tuple[Word, ...], changes: dict[str, str]) -> None:
    once, again = (formats.dumps(world.transcribed(words, changes=changes), "json") for _ in range(2))
    assert once == again
    assert formats.dumps(formats.loads(once, "json"), "json") == once


@pytest.mark.promise(10)
@pytest.mark.parametrize("changes", SETTINGS, ids=lambda changes: "-".join(changes.values()))
def test_silence_is_no_speech(changes: dict[str, str]) -> None:
    transcript = world.transcribed((), 5.0, changes)
    assert (transcript.status, transcript.language, transcript.utterances) == ("no_speech", None, ())
    assert (transcript.notices, transcript.turns) == ((), ())
    assert transcript.duration == 5.0


def test_a_requested_language_is_not_reported_for_silence() -> None:
    assert world.transcribed((), 5.0, {"recognition.language": "de"}).language is None
    assert world.transcribed(world.DIALOGUE, 8.0, {"recognition.language": "de"}).language == "de"


@pytest.mark.promise(12)
@given(conversations(most=4), st.integers(1, 5))
def test_never_more_speakers_than_asked(words: tuple[Word, ...], requested: int) -> None:
    transcript = world.transcribed(words, changes={"diarization.speakers": requested})
    speakers = len({word.text[0] for word in words})
    assert len(transcript.speakers) == min(speakers, requested)
    codes = [notice.code for notice in transcript.notices]
    assert codes == ["fewer_speakers"] * (0 < speakers < requested)


def test_an_overlap_is_in_the_ledger() -> None:
    (region,) = world.transcribed(world.DIALOGUE).overlaps
    assert (region.start, region.end) == pytest.approx((1.8, 2.0))
    assert region.speakers == ("SPEAKER_00", "SPEAKER_01")


def test_a_run_reports_every_stage_to_its_listener(tmp_path: Path) -> None:
    events: list[Event] = []
    path = world.write_wav(tmp_path / "talk.wav")
    run = Transcriber(world.settings({"diarization.speakers": 4}), cache=DiskCache(tmp_path), listener=events.append)
    transcript = run(path)
    stages = ["decode", "diarization", "separation", "recognition"]
    assert [event.stage for event in events if isinstance(event, StageStarted)] == stages
    assert [event.stage for event in events if isinstance(event, StageFinished)] == stages
    (warned,) = (event for event in events if isinstance(event, NoticeIssued))
    assert [warned.message] == [notice.message for notice in transcript.notices]


def test_a_file_and_a_stream_give_the_same_transcript(tmp_path: Path) -> None:
    path = world.write_wav(tmp_path / "talk.wav")
    run = Transcriber(world.settings())
    from_file = run(str(path))
    with path.open("rb") as file:
        from_stream = run.stream(file)
    assert lines(from_file) == [("SPEAKER_00", "a1 a2"), ("SPEAKER_01", "b3 b4 b6"), ("SPEAKER_00", "a5")]
    assert from_stream.utterances == from_file.utterances
    assert from_file.provenance
    assert from_stream.provenance
    assert (from_file.provenance.source, from_stream.provenance.source) == ("talk.wav", "stdin")
    assert from_file.provenance.sha256 == from_stream.provenance.sha256


def test_provenance_has_settings_and_versions_and_nothing_of_the_machine(tmp_path: Path) -> None:
    path = world.write_wav(tmp_path / "talk.wav")
    one, other = (
        Transcriber(world.settings({"runtime.threads": threads, "runtime.batch_size": threads}))(path)
        for threads in (1, 2)
    )
    assert formats.dumps(one, "json") == formats.dumps(other, "json")
    assert one.provenance
    assert str(tmp_path).encode() not in formats.dumps(one, "json")
    assert one.provenance.settings["diarization"]["backend"] == "synthetic"
    assert {"crosstalk", "python", "numpy"} <= set(one.provenance.versions)
