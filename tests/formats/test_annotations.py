"""Praat's and ELAN's annotations, read back by praatio and pympi: nothing is lost, and no tier has gaps or overlaps."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import formats
from pipeline.core.types import Provenance, Transcript, Turn, Utterance, Word
from pipeline.formats.sanitize import clean, xml
from pipeline.formats.tiers import last_end, speaker_tiers
from tests.rendered import rendered
from tests.strategies import transcripts, utterances

Write = Callable[[bytes], Path]


@pytest.fixture(scope="session")
def write(tmp_path_factory: pytest.TempPathFactory) -> Write:
    """Writes a file for a reader that takes a path."""
    path = tmp_path_factory.mktemp("annotations") / "talk"

    def written(data: bytes) -> Path:
        path.write_bytes(data)
        return path

    return written


def one_speaker(several: list[tuple[Utterance, ...]]) -> Transcript:
    """Utterances that overlap, all of one speaker."""
    lines = [replace(utterance, speaker="A") for group in several for utterance in group]
    return Transcript(100.0, tuple(sorted(lines, key=lambda utterance: utterance.start)))


OVERLAPPING = st.lists(utterances(hostile=True), min_size=2, max_size=3).map(one_speaker)
ANY = st.one_of(transcripts(hostile=True), OVERLAPPING)


def glyphs(text: str) -> str:
    """The visible characters of a text in one order, whatever their order was."""
    return "".join(sorted(xml(text).replace(" ", "")))


@given(ANY)
def test_no_two_intervals_of_a_tier_overlap_and_no_word_is_lost(transcript: Transcript) -> None:
    tiers = speaker_tiers(transcript, xml)
    assert len({name for tier in tiers for name in (tier.name, tier.words_name)}) == 2 * len(tiers)
    for speaker, tier in zip(transcript.speakers, tiers, strict=True):
        wholes = [passage.whole for passage in tier.passages]
        assert all(one.end <= two.start for one, two in pairwise(wholes))
        for passage in tier.passages:
            assert all(one.end <= two.start for one, two in pairwise(passage.words))
            assert all(passage.whole.start <= word.start < word.end <= passage.whole.end for word in passage.words)
        spoken = glyphs("".join(u.text for u in transcript.utterances if u.speaker == speaker))
        assert glyphs("".join(whole.text for whole in wholes)) == spoken
        assert glyphs("".join(word.text for passage in tier.passages for word in passage.words)) == spoken


def test_utterances_of_one_speaker_that_overlap_share_an_interval() -> None:
    first = Utterance("A", (Word(0, 1, "one"), Word(1, 4, "two")))
    second = Utterance("A", (Word(2, 3, "three"), Word(3, 6, "four")))
    third = Utterance("A", (Word(6, 7, "five"),))
    (tier,) = speaker_tiers(Transcript(9.0, (first, second, third)), clean)
    assert [(p.whole.start, p.whole.end, p.whole.text) for p in tier.passages] == [
        (0, 6000, "one two three four"),
        (6000, 7000, "five"),
    ]
    words = [(word.start, word.end, word.text) for word in tier.passages[0].words]
    assert words == [(0, 1000, "one"), (1000, 2000, "two"), (2000, 3000, "three"), (3000, 6000, "four")]


@pytest.mark.promise(26)
@given(transcript=ANY)
def test_praatio_reads_every_interval_of_a_textgrid(transcript: Transcript, write: Write) -> None:
    textgrid = pytest.importorskip("praatio.textgrid")
    tiers = speaker_tiers(transcript, lambda text: clean(text) or "_")
    data = rendered(transcript, "textgrid").encode()
    read = textgrid.openTextgrid(str(write(data)), includeEmptyIntervals=True, reportingMode="error")
    end = last_end(transcript, tiers) / 1000
    expected = [name for tier in tiers for name in (tier.name, tier.words_name)]
    assert list(read.tierNames) == (expected or ["utterances"])
    for tier in read.tiers:
        entries = list(tier.entries)
        assert (entries[0].start, entries[-1].end) == (0, pytest.approx(end))
        assert all(one.end == two.start for one, two in pairwise(entries)), "intervals follow each other without gaps"
    texts = [entry.label for tier in read.tiers for entry in tier.entries if entry.label]
    assert texts == [
        interval.text
        for tier in tiers
        for interval in (*(p.whole for p in tier.passages), *(word for p in tier.passages for word in p.words))
    ]


@given(ANY)
def test_every_line_of_a_textgrid_is_one_that_praat_writes(transcript: Transcript) -> None:
    """Praat reads numbers and texts in quotation marks in their order, so nothing else may be between them."""
    number, text = r"\d+\.\d{3}", r'"(?:[^"]|"")*"'
    line = re.compile(
        rf"    item \[\d+\]:| {{8}}(class = \"IntervalTier\"|name = {text}|xmin = {number}|xmax = {number}"
        rf"|intervals: size = \d+|intervals \[\d+\]:| {{4}}xmin = {number}| {{4}}xmax = {number}| {{4}}text = {text})"
    )
    head, _, body = rendered(transcript, "textgrid").partition("item []:\n")
    assert head.startswith('File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0.000\nxmax = ')
    assert all(line.fullmatch(each) for each in body.removesuffix("\n").split("\n"))


@pytest.mark.promise(26)
@given(transcript=ANY)
def test_pympi_reads_every_annotation_of_an_eaf(transcript: Transcript, write: Write) -> None:
    elan = pytest.importorskip("pympi.Elan")
    tiers = speaker_tiers(transcript, lambda text: xml(text) or "_")
    eaf = elan.Eaf(str(write(rendered(transcript, "eaf").encode())), suppress_version_warning=True)
    assert list(eaf.get_tier_names()) == [name for tier in tiers for name in (tier.name, tier.words_name)]
    for tier in tiers:
        expected = [(p.whole.start, p.whole.end, p.whole.text) for p in tier.passages]
        assert annotations(eaf, tier.name) == sorted(expected)
        words = [(word.start, word.end, word.text) for p in tier.passages for word in p.words]
        assert annotations(eaf, tier.words_name) == sorted(words)
        assert eaf.get_parameters_for_tier(tier.words_name)["PARENT_REF"] == tier.name


def annotations(eaf: Any, tier: str) -> list[tuple[int, int, str]]:
    return sorted((start, end, text) for start, end, text, *_ in eaf.get_annotation_data_for_tier(tier))


ATTRIBUTES = {
    "ANNOTATION_DOCUMENT": {"AUTHOR", "DATE", "FORMAT", "VERSION", f"{{{'http://www.w3.org/2001/XMLSchema-instance'}}}"
                            "noNamespaceSchemaLocation"},
    "HEADER": {"MEDIA_FILE", "TIME_UNITS"},
    "MEDIA_DESCRIPTOR": {"MEDIA_URL", "MIME_TYPE", "RELATIVE_MEDIA_URL"},
    "PROPERTY": {"NAME"},
    "TIME_ORDER": set(),
    "TIME_SLOT": {"TIME_SLOT_ID", "TIME_VALUE"},
    "TIER": {"TIER_ID", "LINGUISTIC_TYPE_REF", "PARTICIPANT", "PARENT_REF", "LANG_REF"},
    "ANNOTATION": set(),
    "ALIGNABLE_ANNOTATION": {"ANNOTATION_ID", "TIME_SLOT_REF1", "TIME_SLOT_REF2"},
    "ANNOTATION_VALUE": set(),
    "LINGUISTIC_TYPE": {"LINGUISTIC_TYPE_ID", "TIME_ALIGNABLE", "GRAPHIC_REFERENCES", "CONSTRAINTS"},
    "LANGUAGE": {"LANG_ID", "LANG_LABEL"},
    "CONSTRAINT": {"STEREOTYPE", "DESCRIPTION"},
}  # fmt: skip
"""The elements of the file with their attributes, from the schema of EAF 3.0."""
ORDER = ("HEADER", "TIME_ORDER", "TIER", "LINGUISTIC_TYPE", "LANGUAGE", "CONSTRAINT")
"""The children of the document in the order of the schema."""


@given(ANY)
def test_an_eaf_obeys_the_rules_of_the_schema(transcript: Transcript) -> None:
    root = ElementTree.fromstring(rendered(transcript, "eaf"))
    for element in root.iter():
        assert set(element.attrib) <= ATTRIBUTES[element.tag]
    children = [ORDER.index(child.tag) for child in root]
    assert children == sorted(children)
    slots = [(slot.attrib["TIME_SLOT_ID"], int(slot.attrib["TIME_VALUE"])) for slot in root.iter("TIME_SLOT")]
    assert [time for _, time in slots] == sorted(time for _, time in slots)
    used = [a.attrib[key] for a in root.iter("ALIGNABLE_ANNOTATION") for key in ("TIME_SLOT_REF1", "TIME_SLOT_REF2")]
    assert sorted(used) == sorted(name for name, _ in slots), "each slot belongs to one annotation"
    names = [a.attrib["ANNOTATION_ID"] for a in root.iter("ALIGNABLE_ANNOTATION")]
    assert len(set(names)) == len(names)
    kinds = {kind.attrib["LINGUISTIC_TYPE_ID"]: kind.attrib.get("CONSTRAINTS") for kind in root.iter("LINGUISTIC_TYPE")}
    assert kinds == {"utterance": None, "word": "Included_In"}
    assert {tier.attrib["LINGUISTIC_TYPE_REF"] for tier in root.iter("TIER")} <= set(kinds)


@pytest.mark.parametrize(
    ("source", "place", "kind"),
    [
        ("meeting.wav", "meeting.wav", "audio/x-wav"),
        ("folder/a b & ü.MP4", "a%20b%20%26%20%C3%BC.MP4", "video/mp4"),
        ("noise.xyz", "noise.xyz", "unknown"),
    ],
)
def test_an_eaf_names_its_recording_without_the_folder(source: str, place: str, kind: str) -> None:
    root = ElementTree.fromstring(rendered(Transcript(1.0, provenance=Provenance(source, "")), "eaf"))
    (medium,) = root.iter("MEDIA_DESCRIPTOR")
    assert medium.attrib == {"MEDIA_URL": place, "MIME_TYPE": kind, "RELATIVE_MEDIA_URL": f"./{place}"}


@pytest.mark.parametrize("name", ["textgrid", "eaf"])
def test_transcripts_without_words_turns_or_length_are_written(name: str) -> None:
    for transcript in (Transcript(0.0), Transcript(5.0), Transcript(5.0, turns=(Turn(1.0, 2.0, ""),))):
        assert formats.dumps(transcript, name)


def test_a_golden_textgrid() -> None:
    talk = Transcript(3.0, (Utterance('Zoë "Z"', (Word(0.5, 1, 'say "hi"'), Word(1, 2.0004, "now"))),))
    assert rendered(talk, "textgrid").split("item []:\n")[1] == (
        '    item [1]:\n        class = "IntervalTier"\n        name = "Zoë ""Z"""\n        xmin = 0.000\n'
        "        xmax = 3.000\n        intervals: size = 3\n        intervals [1]:\n            xmin = 0.000\n"
        '            xmax = 0.500\n            text = ""\n        intervals [2]:\n            xmin = 0.500\n'
        '            xmax = 2.000\n            text = "say ""hi"" now"\n        intervals [3]:\n'
        '            xmin = 2.000\n            xmax = 3.000\n            text = ""\n    item [2]:\n'
        '        class = "IntervalTier"\n        name = "Zoë ""Z"" words"\n        xmin = 0.000\n'
        "        xmax = 3.000\n        intervals: size = 4\n        intervals [1]:\n            xmin = 0.000\n"
        '            xmax = 0.500\n            text = ""\n        intervals [2]:\n            xmin = 0.500\n'
        '            xmax = 1.000\n            text = "say ""hi"""\n        intervals [3]:\n'
        '            xmin = 1.000\n            xmax = 2.000\n            text = "now"\n        intervals [4]:\n'
        '            xmin = 2.000\n            xmax = 3.000\n            text = ""\n'
    )
