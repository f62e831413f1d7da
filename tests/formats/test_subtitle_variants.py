"""Subtitles without overlap, without names, one file per speaker; and SubStation Alpha, read back by pysubs2."""

from __future__ import annotations

import html
import os
import re
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import formats
from pipeline.core.errors import OutputExists
from pipeline.core.output_record import OutputRecord
from pipeline.core.types import Transcript, Turn, Utterance, Word
from pipeline.formats import files
from pipeline.formats.ass import _LOOKALIKES
from pipeline.formats.line_breaking import columns
from pipeline.formats.sanitize import clean
from pipeline.formats.subtitles import COLUMNS, LINES, LONGEST, READABLE, cues
from tests.formats.test_hostile_text import glyphs, parsed_cues
from tests.rendered import rendered
from tests.strategies import transcripts, utterances

ASIDE = Transcript(
    10.0,
    (
        Utterance("Ana", (Word(1, 2, "We"), Word(2, 3, "begin."))),
        Utterance("Bob", (Word(1.5, 2, "Yes."),)),
        Utterance("Ana", (Word(6, 7, "Next."),)),
    ),
    (Turn(1, 3, "Ana"), Turn(1.5, 2, "Bob"), Turn(6, 7, "Ana")),
)


@given(transcripts(hostile=True), st.booleans())
def test_without_overlap_no_two_cues_are_shown_at_once_and_nothing_is_lost(
    transcript: Transcript, labelled: bool
) -> None:
    result = cues(transcript, labelled, overlap=False)
    assert all(one.end <= two.start for one, two in pairwise(result))
    for cue in result:
        assert 0 <= cue.start < cue.end <= cue.start + LONGEST
        assert all(columns(line) <= COLUMNS for line in cue.lines)
        assert len(cue.lines) <= LINES + labelled
    room = 1000 * transcript.duration / max(1, len(result))
    assert all(cue.end - cue.start >= min(READABLE, int(room)) for cue in result)
    shown: dict[str, str] = {}
    for cue in result:
        for part in cue.parts:
            shown[part.speaker] = shown.get(part.speaker, "") + "".join(token.text for token in part.tokens)
    for speaker in transcript.speakers:
        words = [word.text for u in transcript.utterances if u.speaker == speaker for word in u.words]
        assert glyphs(shown.get(speaker, "")) == glyphs("".join(clean(word) for word in words))


@given(st.lists(utterances(), min_size=1, max_size=3))
def test_without_overlap_one_speakers_own_overlaps_stay_in_order(several: list[tuple[Utterance, ...]]) -> None:
    own = sorted((replace(u, speaker="A") for group in several for u in group), key=lambda u: u.start)
    transcript = Transcript(100.0, tuple(own))
    assert cues(transcript, labelled=True, overlap=False) == cues(transcript, labelled=True)


def test_two_short_utterances_at_once_become_one_cue_with_a_line_each() -> None:
    assert rendered(ASIDE, "srt", overlap_cues=False) == (
        "1\n00:00:01,000 --> 00:00:03,000\n- Ana: We begin.\n- Bob: Yes.\n\n"
        "2\n00:00:06,000 --> 00:00:07,000\nAna: Next.\n"
    )
    assert rendered(ASIDE, "srt", overlap_cues=False, speaker_names=False) == (
        "1\n00:00:01,000 --> 00:00:03,000\n- We begin.\n- Yes.\n\n2\n00:00:06,000 --> 00:00:07,000\nNext.\n"
    )
    assert rendered(ASIDE, "vtt", overlap_cues=False) == (
        "WEBVTT\n\n1\n00:00:01.000 --> 00:00:03.000\n<v Ana>- We begin.</v>\n<v Bob>- Yes.</v>\n\n"
        "2\n00:00:06.000 --> 00:00:07.000\n<v Ana>Next.\n"
    )


def test_long_utterances_at_once_follow_each_other() -> None:
    one = Utterance("Ana", tuple(Word(i * 0.5, i * 0.5 + 0.4, f"evening{i}") for i in range(12)))
    two = Utterance("Bob", tuple(Word(1 + i * 0.5, 1.4 + i * 0.5, f"morning{i}") for i in range(8)))
    result = cues(Transcript(9.0, (one, two)), labelled=True, overlap=False)
    assert {cue.speaker for cue in result} == {"Ana", "Bob"}
    assert all(cue.with_other is None for cue in result)
    assert all(cue.lines[0].startswith(f"{cue.speaker}: ") for cue, before in zip(result[1:], result, strict=False)
               if cue.speaker != before.speaker)  # fmt: skip


@given(transcripts(hostile=True), st.booleans(), st.booleans())
def test_variants_are_read_by_a_strict_parser(transcript: Transcript, overlap: bool, named: bool) -> None:
    srt = parsed_cues(rendered(transcript, "srt", overlap_cues=overlap, speaker_names=named), ",")
    _, _, body = rendered(transcript, "vtt", overlap_cues=overlap, speaker_names=named).partition("\n\n")
    vtt = parsed_cues(body, r"\.")
    if not overlap:
        assert all(one[1] <= two[0] for several in (srt, vtt) for one, two in pairwise(several))
    for _, _, payload in vtt:
        pattern = r"<v [^<>\n]*>[^<>]*|(<v [^<>\n]*>[^<>\n]*</v>\n?){2}" if named else r"[^<>]*"
        assert re.fullmatch(pattern, payload)
    if not named:
        spoken = glyphs("".join(word.text for word in transcript.words)).replace("-", "")
        shown = "".join(glyphs(html.unescape(payload)) for _, _, payload in vtt).replace("-", "")
        assert sorted(shown) == sorted(spoken)


@pytest.mark.promise(26)
@given(transcripts(hostile=True), st.sampled_from(["talk", "a\nStyle: x", "{\\an8}"]), st.booleans())
def test_pysubs2_reads_every_cue_of_a_script(transcript: Transcript, session: str, named: bool) -> None:
    pysubs2 = pytest.importorskip("pysubs2")
    text = rendered(transcript, "ass", session, speaker_names=named)
    script = pysubs2.SSAFile.from_string(text, format_="ass")
    assert list(script.styles) == [f"Speaker {i + 1}" for i in range(len(transcript.speakers))]
    expected = cues(transcript, labelled=named)
    assert len(script) == len(expected) == text.count("\nDialogue: ")
    for event, cue in zip(script, expected, strict=True):
        assert event.text == "\\N".join(line.translate(_LOOKALIKES) for line in cue.lines)
        assert not set("{}") & set(event.text)
        assert abs(event.start - cue.start) <= 10
        assert abs(event.end - cue.end) <= 10
        assert event.start < event.end
        assert event.style == f"Speaker {transcript.speakers.index(cue.speaker) + 1}"
        assert "," not in event.name


@given(transcripts())
def test_speakers_who_talk_at_once_have_different_lanes(transcript: Transcript) -> None:
    pysubs2 = pytest.importorskip("pysubs2")
    script = pysubs2.SSAFile.from_string(rendered(transcript, "ass"), format_="ass")
    lanes = {name: style.marginv for name, style in script.styles.items()}
    assert all(54 <= lane <= 1080 - 200 for lane in lanes.values())
    for one, two in combinations(script, 2):
        if one.style != two.style and one.start < two.end and two.start < one.end:
            assert abs(lanes[one.style] - lanes[two.style]) >= 200, "three lines fit between two lanes"


def test_a_golden_script() -> None:
    events = rendered(ASIDE, "ass", "talk").partition("[Events]\n")[2].splitlines()
    assert events[1:] == [
        "Dialogue: 0,0:00:01.00,0:00:03.00,Speaker 1,Ana,0,0,0,,Ana: We begin.",
        "Dialogue: 0,0:00:01.50,0:00:02.50,Speaker 2,Bob,0,0,0,,Bob: Yes.",
        "Dialogue: 0,0:00:06.00,0:00:07.00,Speaker 1,Ana,0,0,0,,Ana: Next.",
    ]


def test_each_speaker_has_a_file(tmp_path: Path) -> None:
    names = ["srt", "json", "vtt"]
    paths = files.write(ASIDE, "talk", tmp_path, names, OutputRecord(tmp_path, ""), per_speaker=True)
    assert [path.name for path in paths] == [
        "talk.srt", "talk.json", "talk.vtt", "talk.Ana.srt", "talk.Bob.srt", "talk.Ana.vtt", "talk.Bob.vtt"
    ]  # fmt: skip
    assert (tmp_path / "talk.Bob.srt").read_text() == "1\n00:00:01,500 --> 00:00:02,500\nBob: Yes.\n"
    assert (tmp_path / "talk.srt").read_bytes() == formats.dumps(ASIDE, "srt", "talk")


@given(st.lists(st.sampled_from(["a/b", "a_b", "A_b", "a b", "", ".", "..", "\0", "x" * 300, "X" * 300, "é\n"])
                | st.text(max_size=5), unique=True, min_size=1, max_size=6))  # fmt: skip
def test_any_names_make_files_that_are_distinct_and_safe(names: list[str]) -> None:
    stems = files._speaker_stems(names, "talk")
    assert list(stems) == names
    assert len({stem.casefold() for stem in stems.values()}) == len(names)
    for stem in stems.values():
        assert not set("/\0\n\\") & set(stem)
        assert stem.startswith("talk.")
        assert len(os.fsencode(f"{stem}.srt")) <= 255


def test_files_of_speakers_replace_no_others(tmp_path: Path) -> None:
    (tmp_path / "talk.Bob.srt").write_text("mine")
    with pytest.raises(OutputExists, match=r"talk\.Bob\.srt"):
        files.write(ASIDE, "talk", tmp_path, ["srt"], OutputRecord(tmp_path, ""), per_speaker=True)
    assert [path.name for path in tmp_path.iterdir()] == ["talk.Bob.srt"], "nothing is written before all are checked"
    record = OutputRecord(tmp_path, "", overwrite=True)
    files.write(ASIDE, "talk", tmp_path, ["srt"], record, per_speaker=True)
    assert "Bob" in (tmp_path / "talk.Bob.srt").read_text()


def test_files_of_default_names_are_expected_before_any_work(tmp_path: Path) -> None:
    for name in ("talk.SPEAKER_00.srt", "talk.Ana.srt", "talk.SPEAKER_00.json", "other.SPEAKER_00.srt"):
        (tmp_path / name).touch()
    paths = files.expected_paths("talk", tmp_path, ["srt", "json"], per_speaker=True)
    assert [path.name for path in paths] == ["talk.srt", "talk.json", "talk.SPEAKER_00.srt"]
    assert files.expected_paths("talk", tmp_path, ["srt"]) == (tmp_path / "talk.srt",)
