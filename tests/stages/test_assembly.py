"""Assembly: every word once, in order, in time; utterances end at pauses; coverage adds up."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.schema import AssemblyConfig
from pipeline.core import timeline
from pipeline.core.types import OverlapDecision, SpeakerEvidence, Turn, Utterance, Word
from pipeline.models.protocols import Diarization
from pipeline.stages.assembly.stage import assemble, collect_removed, measure_coverage
from tests import strategies

DURATION = 10.0


@st.composite
def lines(draw: st.DrawFn) -> tuple[Utterance, ...]:
    """Possible words of each speaker: crowded, overlapping, beyond the end."""
    rows = []
    for speaker in strategies.LABELS[:3]:
        times = draw(st.lists(st.tuples(st.floats(0, 9.97), st.floats(0.001, 3)), max_size=8))
        words = [Word(start, start + length, f"{speaker[-1]}{n}") for n, (start, length) in enumerate(times)]
        if words:
            rows.append(Utterance(speaker, tuple(words)))
    return tuple(rows)


def regions(turns: Sequence[Turn]) -> list[OverlapDecision]:
    rows = timeline.overlaps(turns)
    return [
        OverlapDecision(o.start, o.end, tuple(map(SpeakerEvidence, o.speakers)), "mixture", "mixture", "x")
        for o in rows
    ]


@pytest.mark.promise(13)
@given(lines(), strategies.turns(strategies.LABELS[:3]))
def test_every_word_once_and_times_valid(spoken: tuple[Utterance, ...], turns: tuple[Turn, ...]) -> None:
    turns = timeline.normalize(turns, DURATION)
    utterances, ledger = assemble(spoken, Diarization(turns), regions(turns), DURATION, AssemblyConfig())
    duplicates = [line for region in ledger for line in region.leaked]
    texts = Counter(text for u in (*utterances, *duplicates) for word in u.words for text in word.text.split())
    assert texts == Counter(word.text for line in spoken for word in line.words)
    assert list(utterances) == sorted(utterances, key=lambda u: u.start)
    for speaker in {u.speaker for u in utterances}:
        words_of_speaker = [word for u in utterances if u.speaker == speaker for word in u.words]
        assert all(0 <= word.start < word.end <= DURATION for word in words_of_speaker)
        assert all(one.end <= other.start for one, other in itertools.pairwise(words_of_speaker))


@given(strategies.utterances(), st.sampled_from([0.0, 0.5, 2.0]))
def test_a_pause_ends_an_utterance_and_nothing_else_does(recognized: tuple[Utterance, ...], pause: float) -> None:
    words = {u.speaker: [w for v in recognized if v.speaker == u.speaker for w in v.words] for u in recognized}
    spoken = [
        Utterance(speaker, tuple(replace(w, no_space=False) for w in words_of_speaker))
        for speaker, words_of_speaker in words.items()
    ]
    duration = max((u.end for u in recognized), default=0.0) + 1.0
    utterances, _ = assemble(spoken, Diarization(()), (), duration, AssemblyConfig(pause=pause, max_utterance=1e6))
    for utterance in utterances:
        pairs = zip(utterance.words, utterance.words[1:], strict=False)
        assert all(other.start - one.end <= pause for one, other in pairs)
    for one, other in itertools.pairwise(utterances):
        assert one.speaker != other.speaker or other.start - one.end > pause


def test_a_long_utterance_ends_with_its_sentence() -> None:
    words = tuple(Word(n, n + 0.9, "so" if n % 3 else "so.") for n in range(12))
    utterances, _ = assemble([Utterance("A", words)], Diarization(()), (), 20.0, AssemblyConfig(max_utterance=4.0))
    assert [len(u.words) for u in utterances] == [7, 5]


def test_an_utterance_never_begins_with_a_joined_word() -> None:
    words = (Word(0, 1, "twenty"), Word(5, 6, "-five", no_space=True))
    (utterance,), _ = assemble([Utterance("A", words)], Diarization(()), (), 20.0, AssemblyConfig(pause=0.0))
    assert utterance.text == "twenty-five"


def test_the_ledger_has_the_words_of_each_speaker_and_words_their_margin() -> None:
    turns = (Turn(0, 3, "A", 0.5), Turn(2, 5, "B", 0.25))
    spoken = (
        Utterance("A", (Word(0, 1, "one"), Word(2.1, 2.6, "two"))),
        Utterance("B", (Word(2.2, 2.7, "three"), Word(4, 5, "four"), Word(7, 8, "five"))),
    )
    utterances, (region,) = assemble(spoken, Diarization(turns), regions(turns), DURATION, AssemblyConfig())
    assert [(entry.speaker, entry.text) for entry in region.evidence] == [("A", "two"), ("B", "three")]
    margins = {word.text: word.margin for utterance in utterances for word in utterance.words}
    assert margins == {"one": 0.5, "two": 0.5, "three": 0.25, "four": 0.25, "five": None}


def test_duplicates_are_in_the_ledger_only() -> None:
    turns = (Turn(0, 3, "A"), Turn(1, 3, "B"))
    spoken = (
        Utterance("A", (Word(1.5, 2, "yes", 0.9),)),
        Utterance("B", (Word(1.6, 2, "Yes,", 0.4),)),
    )
    (utterance,), (region,) = assemble(spoken, Diarization(turns), regions(turns), DURATION, AssemblyConfig())
    assert (utterance.speaker, utterance.text) == ("A", "yes")
    assert [(line.speaker, line.text) for line in region.leaked] == [("B", "Yes,")]


@given(strategies.turns(), strategies.utterances())
def test_coverage_adds_up(turns: tuple[Turn, ...], recognized: tuple[Utterance, ...]) -> None:
    coverage = measure_coverage(turns, recognized, 100.0, 99.0)
    assert (coverage.duration, coverage.decoded) == (100.0, 99.0)
    assert coverage.speech == pytest.approx(timeline.covered(turn.span for turn in turns))
    assert coverage.with_words + coverage.uncovered == pytest.approx(coverage.speech)
    assert -1e-9 <= coverage.uncovered <= coverage.speech + 1e-9
    assert all(isinstance(value, float) for value in (coverage.speech, coverage.with_words, coverage.uncovered))


@pytest.mark.promise(11)
def test_speech_without_words_is_counted_where_it_is_long() -> None:
    turns = (Turn(0, 10, "A"), Turn(20, 22, "A"))
    recognized = (Utterance("A", (Word(0, 1, "x"), Word(3, 6, "y"))),)
    assert measure_coverage(turns, recognized, 30.0, 30.0).uncovered == pytest.approx(4.0)


@pytest.mark.promise(15)
def test_removed_words_are_listed_with_their_reason_and_counted() -> None:
    lines = [Utterance("A", (Word(1, 1.01, "x", suspect="no time left"), Word(9.99, 10.5, "y", suspect="no speech")))]
    removed, (notice,) = collect_removed(lines, DURATION, AssemblyConfig())
    assert [(u.speaker, u.text, u.words[0].suspect) for u in removed] == [
        ("A", "x", "no time left"),
        ("A", "y", "no speech"),
    ]
    assert removed[-1].end == DURATION
    assert notice.code == "hallucinations_removed"
    assert collect_removed([], DURATION, AssemblyConfig()) == ((), ())


@pytest.mark.parametrize(
    ("tracks", "has_bleed", "count"),
    [({}, False, 1), ({"A": 1, "B": 1}, False, 1), ({"A": 0, "B": 1}, False, 0), ({"A": 0, "B": 1}, True, 1)],
)
def test_duplicates_are_removed_where_one_track_can_hold_both_whatever_the_region_is_called(
    tracks: dict[str, int], has_bleed: bool, count: int
) -> None:
    diarization = Diarization((Turn(0, 4, "A"), Turn(1, 5, "B")), tracks=tracks)
    spoken = [Utterance("A", (Word(2, 2.5, "bye"),)), Utterance("B", (Word(2.1, 2.6, "bye"),))]
    for name in ("channels", "x"):
        entries = [OverlapDecision(1, 4, (SpeakerEvidence("A"), SpeakerEvidence("B")), name, "separated", "x")]
        _, ledger = assemble(spoken, diarization, entries, DURATION, AssemblyConfig(), has_bleed)
        assert sum(len(region.leaked) for region in ledger) == count


@pytest.mark.parametrize(("has_bleed", "name"), [(False, "channels"), (True, "channels with echo")])
def test_overlaps_between_tracks_are_added_to_the_ledger(has_bleed: bool, name: str) -> None:
    turns = (Turn(0, 4, "A"), Turn(1, 5, "B"), Turn(3, 6, "C"))
    diarization = Diarization(turns, tracks={"A": 0, "B": 1, "C": 1})
    entries = [region for region in regions(turns) if region.speakers == ("B", "C")]
    _, ledger = assemble((), diarization, entries, DURATION, AssemblyConfig(), has_bleed)
    rows = [(r.start, r.end, r.speakers, r.separator, r.decision) for r in ledger]
    assert rows == [
        (1, 3, ("A", "B"), name, "separated"),
        (3, 4, ("A", "B", "C"), name, "separated"),
        (4, 5, ("B", "C"), "mixture", "mixture"),
    ]
