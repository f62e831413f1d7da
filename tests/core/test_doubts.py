"""The review list: every doubtful word once, ranked, and marked without changing anything else."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given

from pipeline import formats
from pipeline.core.doubts import CLOSE, IMPROBABLE, OPEN, TOSS_UP, WHO, find_doubts, with_marks, without_marks
from pipeline.core.types import Coverage, OverlapDecision, SpeakerEvidence, Transcript, Turn, Utterance, Word
from tests.rendered import rendered
from tests.strategies import transcripts

PLAIN = Word(0.0, 0.4, "well", 0.9, margin=0.4)


def words(*doubtful: dict[str, object]) -> tuple[Word, ...]:
    return tuple(
        replace(PLAIN, start=i * 0.5, end=i * 0.5 + 0.4, text=f"w{i}", **fields)  # type: ignore[arg-type]
        for i, fields in enumerate(doubtful)
    )


def talk(*doubtful: dict[str, object]) -> Transcript:
    return Transcript(60.0, (Utterance("A", words(*doubtful)),), (Turn(0.0, 5.0, "A"),))


@given(transcripts(hostile=True))
def test_every_doubtful_word_is_in_one_doubt(transcript: Transcript) -> None:
    transcript = replace(transcript, corrections=())  # a line that was checked has no doubts
    doubts = find_doubts(transcript)
    assert [doubt.weight for doubt in doubts] == sorted((doubt.weight for doubt in doubts), reverse=True)
    listed = [
        (doubt.utterance, index, doubt.kind == "speaker")
        for doubt in doubts
        if doubt.words is not None
        for index in range(*doubt.words)
    ]
    assert len(set(listed)) == len(listed)
    expected = set()
    for i, utterance in enumerate(transcript.utterances):
        for j, word in enumerate(utterance.words):
            if word.suspect or (word.probability is not None and word.probability < IMPROBABLE):
                expected.add((i, j, False))
            if word.margin is not None and word.margin < TOSS_UP:
                expected.add((i, j, True))
    assert set(listed) == expected
    assert all(0 <= doubt.start < doubt.end <= transcript.duration and doubt.weight >= 0 for doubt in doubts)


@given(transcripts())
def test_marks_change_texts_only_and_can_be_taken_away(transcript: Transcript) -> None:
    marked = with_marks(transcript)
    for one, two in zip(transcript.utterances, marked.utterances, strict=True):
        assert [replace(w, text="") for w in one.words] == [replace(w, text="") for w in two.words]
        assert without_marks(two.text) == one.text
        assert two.text.count(OPEN) == two.text.count(CLOSE)
    assert [doubt.text for doubt in find_doubts(marked)] == [doubt.text for doubt in find_doubts(transcript)]


def test_a_transcript_without_evidence_has_no_doubts() -> None:
    bare = Transcript(20.0, (Utterance("A", (Word(0.0, 1.0, "well"),)),), (Turn(0.0, 20.0, "A"),))
    assert find_doubts(bare) == ()
    assert with_marks(bare) == bare
    assert find_doubts(talk({}, {})) == ()


def test_runs_are_marked_once() -> None:
    low, loop, low_margin = {"probability": 0.1}, {"suspect": "a loop"}, {"margin": 0.01}
    marked = with_marks(talk({}, low, low, {}, loop, low_margin, low))
    assert marked.utterances[0].text == f"w0 {OPEN}w1 w2{CLOSE} w3 {OPEN}w4{CLOSE} {WHO} w5 {OPEN}w6{CLOSE}"
    both = with_marks(talk({"probability": 0.1, "margin": 0.0}))
    assert both.utterances[0].text == f"{WHO} {OPEN}w0{CLOSE}"


def test_the_more_words_may_be_wrong_the_higher_the_rank() -> None:
    low = {"probability": 0.1}
    doubts = find_doubts(talk(low, {}, low, low, low, {}, {"probability": 0.25}))
    assert [doubt.words for doubt in doubts] == [(2, 5), (0, 1), (6, 7)]


def test_overlaps_that_were_not_separated_and_speech_without_words_are_listed() -> None:
    speakers = (SpeakerEvidence("A"), SpeakerEvidence("B"))
    transcript = replace(
        talk({}, {}),
        turns=(Turn(0.0, 9.0, "A"), Turn(2.0, 4.0, "B")),
        overlaps=(
            OverlapDecision(2.0, 4.0, speakers, "nmf", "mixture", "no gain"),
            OverlapDecision(4.0, 4.5, speakers, "nmf", "mixture", "too short to matter"),
            OverlapDecision(5.0, 8.0, speakers, "nmf", "separated", "gain"),
        ),
    )
    assert [(d.kind, d.start, d.end) for d in find_doubts(transcript)] == [("overlap", 2.0, 4.0)]
    measured = replace(transcript, coverage=Coverage(60.0, 60.0, 9.0, 1.0, 8.1))
    assert [(d.kind, d.start, d.end) for d in find_doubts(measured)] == [("uncovered", 0.9, 9.0), ("overlap", 2.0, 4.0)]


def test_the_formats_for_people_show_doubts() -> None:
    doubtful = talk({}, {"probability": 0.1})
    for name in formats.names():
        marked = formats.dumps(doubtful, name, mark_doubts=True)
        assert (marked != formats.dumps(doubtful, name)) == ("mark_doubts" in formats.get(name).options)
    assert f"{OPEN}w1{CLOSE}" in rendered(doubtful, "srt", mark_doubts=True)
    assert "Please check" in rendered(doubtful, "txt", mark_doubts=True)
    assert "Please check" not in rendered(doubtful, "txt")
    assert "Please check" in rendered(doubtful, "md")
    assert "Please check" not in rendered(talk({}, {}), "md")


def test_a_long_list_keeps_the_worst() -> None:
    many = talk(*[{"probability": 0.29} if i % 2 else {} for i in range(120)])
    worst = replace(many.utterances[0].words[77], probability=0.0)
    listed = replace(many.utterances[0], words=(*many.utterances[0].words[:77], worst, *many.utterances[0].words[78:]))
    page = rendered(replace(many, duration=90.0, utterances=(listed,)), "md")
    assert "“w77”" in page
    assert page.count("the recogniser was unsure") == 40
    assert "20 passages with less doubt" in page
