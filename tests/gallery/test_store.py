"""The gallery: people are stored and read as they are, privately; a damaged entry costs only itself."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.errors import CrosstalkError, SettingsError
from pipeline.core.identity import NAME_LENGTH, check_name, is_label
from pipeline.gallery.forgetting import holds_print, search
from pipeline.gallery.people import Consent, Person, VoicePrint, decoded_vector, encoded_vector
from pipeline.gallery.store import Gallery, GalleryError

CONSENT = Consent("Ana agreed by e-mail", "2026-11-28")
VECTORS = st.lists(st.floats(-1, 1), min_size=1, max_size=5).filter(lambda values: np.linalg.norm(values) > 0.01)
NAMES = st.text(min_size=1, max_size=NAME_LENGTH).filter(lambda name: _is_allowed(name))


def _is_allowed(name: str) -> bool:
    try:
        check_name(name)
    except ValueError:
        return False
    return True


def voice_print(values: list[float], added: str = "2026-11-28") -> VoicePrint:
    vector = np.array(values, np.float64) / np.linalg.norm(values)
    return VoicePrint(encoded_vector(vector.astype(np.float32)), "wide", 12.5, "campplus 1", "ana.wav", added)


def save(gallery: Gallery, person: Person) -> None:
    gallery.add(person.name, person.prints, person.consent, person.expires)


ANA = Person("Ana", (voice_print([0.6, 0.8]),), CONSENT)
PEOPLE = st.builds(
    Person,
    NAMES,
    st.lists(VECTORS.map(voice_print), max_size=3, unique=True).map(tuple),
    st.builds(Consent, st.text(min_size=1).filter(str.strip), st.dates().map(date.isoformat)),
    st.none() | st.dates().map(date.isoformat),
)


@given(st.lists(PEOPLE, max_size=4, unique_by=lambda person: person.name))
def test_people_are_read_as_they_were_saved(people: list[Person]) -> None:
    with TemporaryDirectory() as folder:
        gallery = Gallery(Path(folder) / "gallery")
        for person in people:
            save(gallery, person)
        assert gallery.people() == tuple(sorted(people, key=lambda person: person.name))
        assert gallery.damaged() == ()
        for person in people:
            assert len(gallery.forget(person.name)) == 1
        assert gallery.people() == ()


@given(VECTORS)
def test_a_vector_is_stored_without_loss(values: list[float]) -> None:
    vector = voice_print(values).array
    np.testing.assert_array_equal(decoded_vector(encoded_vector(vector)), vector)
    np.testing.assert_allclose(vector, np.array(values) / np.linalg.norm(values), atol=1e-6)


@pytest.mark.parametrize(
    "name", ["", " Ana", "a\nb", "a=b", "a,b", "\x1b[31m", "x" * (NAME_LENGTH + 1), "SPEAKER_00", "\u202eAna"]
)
def test_names_that_no_table_could_hold_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="a name"):
        Person(name, (), CONSENT)


def test_names_of_any_script_are_accepted_and_labels_are_distinguished() -> None:
    assert [check_name(name) for name in ("Zoë", "жанна", "李雷", "👩", "Ana (sales)")]
    assert is_label("SPEAKER_12")
    assert is_label("channel_1")
    assert not is_label("Speaker Bob")


def test_files_are_for_the_owner_only(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path / "gallery")
    save(gallery, ANA)
    assert stat.S_IMODE(gallery.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in gallery.folder.iterdir()} == {0o600}


@pytest.mark.promise(28)
def test_a_person_without_consent_is_never_stored(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="consent"):
        Gallery(tmp_path).add("Ana", ANA.prints, None, None)
    with pytest.raises(ValueError, match="consent"):
        Consent("  ", "2026-11-28")
    assert list(tmp_path.glob("*.json")) == []


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff\xfe", b'{"version": "crosstalk-person/9"}'])
def test_a_damaged_entry_costs_only_itself_and_can_be_forgotten(tmp_path: Path, damage: bytes) -> None:
    gallery = Gallery(tmp_path)
    save(gallery, ANA)
    save(gallery, replace(ANA, name="Bob"))
    (path,) = (path for path in tmp_path.glob("*.json") if json.loads(path.read_text())["name"] == "Bob")
    path.write_bytes(damage)
    assert gallery.people() == (ANA,)
    assert [str(path) in line for line in gallery.damaged()] == [True]
    assert gallery.forget("Bob") == (path,)
    assert gallery.damaged() == ()


@pytest.mark.parametrize("change", [{"consent": None}, {"expires": "soon"}, {"name": "a=b"}, {"extra": 1}])
def test_an_entry_with_an_impossible_value_is_not_used(tmp_path: Path, change: dict[str, object]) -> None:
    gallery = Gallery(tmp_path)
    save(gallery, ANA)
    (path,) = tmp_path.glob("*.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert gallery.people() == ()
    assert len(gallery.damaged()) == 1


def test_a_copied_gallery_is_the_same(tmp_path: Path) -> None:
    one, other = Gallery(tmp_path / "one"), Gallery(tmp_path / "other")
    save(one, ANA)
    other.folder.mkdir()
    for path in one.folder.glob("*.json"):
        (other.folder / path.name).write_bytes(path.read_bytes())
    assert other.people() == one.people()


def test_rename_and_merge(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path)
    save(gallery, ANA)
    save(gallery, replace(ANA, name="Anna", prints=(voice_print([1.0, 0.0]),)))
    with pytest.raises(SettingsError, match="merge"):
        gallery.rename("Anna", "Ana")
    assert gallery.merge("Anna", "Ana").prints == (*ANA.prints, voice_print([1.0, 0.0]))
    gallery.rename("Ana", "Ana Lima")
    assert [person.name for person in gallery.people()] == ["Ana Lima"]
    assert len(list(tmp_path.glob("*.json"))) == 1
    for act in (lambda: gallery.find("Ana"), lambda: gallery.forget("Ana"), lambda: gallery.merge("X", "Ana Lima")):
        with pytest.raises(SettingsError, match="has no"):
            act()
    with pytest.raises(SettingsError, match="themselves"):
        gallery.merge("Ana Lima", "Ana Lima")


def test_an_absent_folder_is_empty_and_a_file_in_its_place_an_error(tmp_path: Path) -> None:
    assert Gallery(tmp_path / "none").people() == ()
    (tmp_path / "file").write_text("")
    with pytest.raises(GalleryError, match="cannot be read"):
        Gallery(tmp_path / "file").people()
    with pytest.raises(CrosstalkError):
        save(Gallery(tmp_path / "file"), ANA)


@given(st.dates(), st.integers(-2, 2))
def test_the_day_of_expiry_is_the_last_one(today: date, days: int) -> None:
    try:
        last = today + timedelta(days)
    except OverflowError:
        return
    assert replace(ANA, expires=last.isoformat()).is_expired(today) == (days < 0)


def test_names_and_prints_are_found_in_results(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.json").write_text('{"speaker": "Ana"}')
    (tmp_path / "sub" / "b.json").write_text(json.dumps({"vector": ANA.prints[0].vector}))
    (tmp_path / "c.txt").write_text("Ana: yes")
    (tmp_path / "d.txt").write_text("Anabel: yes")
    (tmp_path / "raw").write_bytes(b"x" + ANA.prints[0].array.tobytes())
    found = search(tmp_path, ANA.prints, "Ana")
    assert found.with_name == (tmp_path / "a.json", tmp_path / "c.txt")
    assert found.with_print == (tmp_path / "raw", tmp_path / "sub" / "b.json")
    assert (found.files, found.unreadable) == (5, ())
    assert holds_print(tmp_path / "raw", ANA.prints)
    assert not holds_print(tmp_path / "c.txt", ANA.prints)


def test_an_entry_that_was_copied_is_one_person(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path)
    save(gallery, ANA)
    (path,) = tmp_path.glob("*.json")
    (tmp_path / "copy.json").write_bytes(path.read_bytes())
    assert gallery.people() == (ANA,)
    save(gallery, ANA)
    assert list(tmp_path.glob("*.json")) == [path]
    (tmp_path / "copy.json").write_bytes(path.read_bytes())
    assert set(gallery.forget("Ana")) == {path, tmp_path / "copy.json"}


def test_an_unfinished_file_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".crosstalk-0123").write_text(ANA.prints[0].vector)
    save(Gallery(tmp_path), ANA)
    assert Gallery(tmp_path).forget("Ana")
    assert search(tmp_path, ANA.prints).with_print == ()


def test_a_folder_that_others_can_read_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    with pytest.raises(SettingsError, match="chmod 700"):
        save(Gallery(tmp_path / "open"), ANA)
    assert stat.S_IMODE((tmp_path / "open").stat().st_mode) == 0o755
    assert list((tmp_path / "open").iterdir()) == []


def test_merged_prints_expire_on_the_earlier_day(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path)
    save(gallery, ANA)
    save(gallery, replace(ANA, name="Anna", prints=(voice_print([1.0, 0.0]),), expires="2027-01-01"))
    assert gallery.merge("Anna", "Ana").expires == "2027-01-01"


@pytest.mark.parametrize("length", [0.5, 1000.0])
def test_a_vector_of_another_length_is_damaged(length: float) -> None:
    vector = encoded_vector(np.array([length, 0], np.float32))
    with pytest.raises(ValueError, match="length"):
        VoicePrint(vector, "wide", 9.0, "campplus 1", "ana.wav", "2026-11-28")


def test_files_that_are_other_do_not_stop_the_gallery(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path)
    save(gallery, ANA)
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "deep.json").write_text("[" * 200_000)
    assert gallery.people() == (ANA,)
    assert ["deep.json" in line for line in gallery.damaged()] == [True]
    with pytest.raises(SettingsError, match="has no"):
        gallery.forget("\udcff")
