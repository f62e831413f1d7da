"""The contract of a format, checked for every format that is found and for one of another package."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import formats
from pipeline.core.errors import FormatError
from pipeline.core.types import Transcript, Turn, Utterance, Word
from tests.max_examples import at_most
from tests.strategies import transcripts

EVERY = pytest.mark.parametrize("name", [*formats.names(), "tests.formats.external_format:FORMAT"])
READABLE = pytest.mark.parametrize("name", [*formats.readable(), "tests.formats.external_format:FORMAT"])


@EVERY
def test_the_declaration_is_complete(name: str) -> None:
    format_ = formats.get(name)
    assert format_.version >= 1
    assert format_.help.endswith(".")
    assert formats.suffix(name) == format_.suffix
    suffixes = [formats.suffix(other) for other in formats.names() if other != format_.name]
    assert format_.suffix not in suffixes


@EVERY
@at_most(25)
@given(transcript=transcripts(hostile=True))
def test_hostile_transcripts_give_the_same_inert_bytes(name: str, transcript: Transcript) -> None:
    data = formats.dumps(transcript, name, "talk")
    assert formats.dumps(transcript, name, "talk") == data
    if not formats.get(name).binary:
        text = data.decode("utf-8")
        assert "\r" not in text
        invisible = {c for c in text if not c.isprintable() and c not in "\n\t\u200c\u200d"}
        assert not invisible & {*map(chr, range(0xA0)), *"\u2028\u2029\u202e\u2066\ufeff"}


@EVERY
def test_doubts_are_marked_where_the_format_declares_it(name: str) -> None:
    words = (Word(0, 1, "well", 0.9), Word(1, 2, "maybe", 0.01))
    transcript = Transcript(2.0, (Utterance("A", words),), (Turn(0, 2, "A"),))
    marked = formats.dumps(transcript, name, mark_doubts=True)
    assert (marked != formats.dumps(transcript, name)) == ("mark_doubts" in formats.get(name).options)


@READABLE
@at_most(40)
@given(transcript=transcripts(ledger=False))
def test_reading_and_writing_settle_at_once(name: str, transcript: Transcript) -> None:
    data = formats.dumps(transcript, name, "talk")
    sessions = formats.loads_sessions(data, name)
    assert len(sessions) <= 1
    for session, read in sessions.items():
        again = formats.dumps(read, name, session)
        one, two = (sorted(line.rstrip(b",") for line in lines.splitlines()) for lines in (again, data))
        assert one == two, "only rows that begin together may change places"
        assert formats.loads(again, name) == read


@READABLE
@at_most(40)
@given(data=st.binary(max_size=60))
def test_other_files_are_refused_with_an_error_of_the_package(name: str, data: bytes) -> None:
    try:
        sessions = formats.loads_sessions(data, name)
    except FormatError:
        return
    assert all(isinstance(transcript, Transcript) for transcript in sessions.values())
