"""Transcripts as files: their names, collisions, and content."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import formats
from pipeline.core.errors import SettingsError
from pipeline.core.output_record import OutputRecord
from pipeline.core.types import Transcript
from pipeline.formats import files
from tests import strategies


@given(st.lists(st.sampled_from(formats.names()), min_size=1))
def test_a_comma_list_is_read_in_order_each_once(names: list[str]) -> None:
    assert files.parse_formats(" , ".join(names) + ",") == tuple(dict.fromkeys(names))


@pytest.mark.parametrize("text", ["", " , ", "odt", "txt,odt", "TXT"])
def test_an_unknown_format_is_refused_with_the_known_ones(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        files.parse_formats(text)
    assert caught.value.where == "--format"
    assert all(name in caught.value.hint for name in formats.names())


def test_every_format_has_a_distinct_file_name() -> None:
    paths = files.output_paths("a.b", Path("out"), formats.names())
    assert len(set(paths)) == len(formats.names())
    assert Path("out/a.b.srt") in paths
    assert Path("out/a.b.seglst.json") in paths


def test_two_recordings_of_one_name_are_refused() -> None:
    files.refuse_collisions(["a", "b", "A"], ["json"])
    with pytest.raises(SettingsError, match=r"'a\.json'"):
        files.refuse_collisions(["a", "b", "a"], ["json"])


@given(transcript=strategies.transcripts(hostile=True), names=st.sets(st.sampled_from(formats.names()), min_size=1))
def test_files_hold_what_the_formats_render(
    transcript: Transcript, names: set[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp() / "written" / "deep"
    chosen = sorted(names)
    paths = files.write(transcript, "talk", folder, chosen, OutputRecord(folder, ""))
    for path, name in zip(paths, chosen, strict=True):
        assert path.read_bytes() == formats.dumps(transcript, name, "talk")


@pytest.mark.parametrize("stem", ["a b", "-i", "%05d", "a\nb", "\udcff", ".hidden", "日本"])
def test_any_stem_makes_files(tmp_path: Path, stem: str) -> None:
    (path,) = files.write(Transcript(1.0), stem, tmp_path, ["json"], OutputRecord(tmp_path, ""))
    assert path.name == f"{stem}.json"
    assert formats.loads(path.read_text(encoding="utf-8"), "json") == Transcript(1.0)


def test_names_that_collide_through_their_suffixes_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"a\.seglst\.json"):
        files.refuse_collisions(["a", "a.seglst"], ["seglst", "json"])


@given(st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=300))
def test_a_stem_leaves_room_for_every_suffix(stem: str) -> None:
    short = files.shortened(stem)
    assert files.shortened(short) == short
    for name in formats.names():
        assert len(os.fsencode(files.output_paths(short, Path(), [name])[0].name)) <= 255
    assert len(os.fsencode(f"{short}.analytics.json")) <= 255
    assert (short == stem) == (len(os.fsencode(stem)) <= 239)


def test_shortened_stems_stay_different() -> None:
    stems = ["\udcff" * 250, *(f"{'é' * 120}{end}" for end in ("a", "b"))]
    results = {files.shortened(stem) for stem in stems}
    assert len(results) == 3
    assert all(len(os.fsencode(stem)) <= 239 for stem in results)
