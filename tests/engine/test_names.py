"""Names by voice prints in a whole run, on synthetic tones: a speaker's tones are their voice."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.core.errors import InputError, SettingsError
from pipeline.core.types import Word
from pipeline.engine.artifact_cache import DiskCache
from pipeline.engine.known_people import people_hash
from pipeline.engine.pipeline import Transcriber
from pipeline.gallery.forgetting import holds_print
from pipeline.gallery.people import Consent, Person
from pipeline.gallery.store import Gallery
from tests import world

CONSENT = Consent("Ana agreed", "2026-11-28")


def monologue(speaker: str, seconds: float = 6.0) -> tuple[Word, ...]:
    return tuple(Word(n / 2, n / 2 + 0.48, f"{speaker}{n}") for n in range(round(2 * seconds)))


MEETING = (
    *monologue("a"),
    *(replace(word, start=word.start + 7, end=word.end + 7) for word in monologue("b")),
)


@pytest.fixture
def clips(tmp_path: Path) -> dict[str, Path]:
    """A clip of each of three people, and a meeting of the first two."""
    files = {name: world.write_wav(tmp_path / f"{name}.wav", monologue(name[0]), 7.0) for name in ("ana", "bob", "cem")}
    return files | {"meeting": world.write_wav(tmp_path / "meeting.wav", MEETING, 14.0)}


def transcriber(cache: DiskCache | None = None, **settings: Any) -> Transcriber:
    changes = {f"identification.{name}": value for name, value in settings.items()}
    return Transcriber(world.settings(changes), cache=cache)


def stored(gallery: Gallery, clips: dict[str, Path], *names: str, expires: str | None = None) -> None:
    enroll = transcriber(names=True).voices.enroll
    for name in names:
        gallery.add(name, enroll(clips[name]), CONSENT, expires)


@pytest.mark.promise(27)
def test_people_of_clips_are_named_and_strangers_are_not(clips: dict[str, Path]) -> None:
    known = {"Bob": str(clips["bob"]), "Cem": str(clips["cem"])}
    transcript = transcriber(known=known)(clips["meeting"])
    assert transcript.speakers == ("SPEAKER_00", "Bob")
    assert [(i.speaker, i.name, i.decision) for i in transcript.identities] == [
        ("SPEAKER_00", None, "unknown"),
        ("SPEAKER_01", "Bob", "named"),
    ]
    assert transcript.provenance
    assert transcript.provenance.settings["identification"]["known"] == 2
    assert str(clips["bob"]) not in str(transcript)


def test_people_of_the_gallery_are_named_and_nothing_is_read_without_names(
    tmp_path: Path, clips: dict[str, Path]
) -> None:
    gallery = Gallery(tmp_path / "gallery")
    stored(gallery, clips, "ana", "cem")
    assert transcriber(names=True, gallery=str(gallery.folder))(clips["meeting"]).speakers == ("ana", "SPEAKER_01")
    stems = transcriber(names=True, gallery=str(gallery.folder)).split(clips["meeting"])
    assert [stream.speaker for stream in stems.streams] == ["ana", "SPEAKER_01"]
    assert {turn.speaker for turn in stems.turns} == {"ana", "SPEAKER_01"}
    unnamed = transcriber(gallery=str(gallery.folder))(clips["meeting"])
    assert (unnamed.speakers, unnamed.identities) == (("SPEAKER_00", "SPEAKER_01"), ())


@pytest.mark.promise(28)
def test_no_print_is_in_a_result_or_in_the_cache(tmp_path: Path, clips: dict[str, Path]) -> None:
    from pipeline import formats

    gallery, cache = Gallery(tmp_path / "gallery"), DiskCache(tmp_path / "cache")
    stored(gallery, clips, "ana", "bob")
    prints = [each for person in gallery.people() for each in person.prints]
    run = transcriber(cache, names=True, gallery=str(gallery.folder))
    prints += [*run.voices.enroll(clips["cem"])]
    transcript = run(clips["meeting"])
    assert transcript.speakers == ("ana", "bob")
    for name in formats.names():
        (tmp_path / f"result.{name}").write_bytes(formats.dumps(transcript, name))
    written = [p for p in tmp_path.rglob("*") if p.is_file() and gallery.folder not in p.parents]
    assert any(tmp_path / "cache" in path.parents for path in written)
    assert [path for path in written if holds_print(path, prints)] == []


def test_prints_that_may_not_be_used_are_not(tmp_path: Path, clips: dict[str, Path]) -> None:
    gallery = Gallery(tmp_path / "gallery")
    stored(gallery, clips, "ana", expires=(date.today() - timedelta(1)).isoformat())
    prints = transcriber(names=True).voices.enroll(clips["bob"])
    gallery.add("bob", [replace(each, embedder="another 1") for each in prints], CONSENT, None)
    (gallery.folder / "broken.json").write_text("{")
    transcript = transcriber(names=True, gallery=str(gallery.folder))(clips["meeting"])
    assert transcript.speakers == ("SPEAKER_00", "SPEAKER_01")
    codes = [notice.code for notice in transcript.notices]
    assert {"voice_prints_expired", "voice_prints_of_another_model", "gallery_entry_damaged"} <= set(codes)
    notices = " ".join(notice.message for notice in transcript.notices)
    assert not any(text in notices for text in ("ana", "bob", str(tmp_path)))


def test_an_unreadable_or_empty_gallery_is_a_notice(tmp_path: Path, clips: dict[str, Path]) -> None:
    (tmp_path / "file").write_text("")
    for place, code in ((tmp_path / "file", "gallery_unreadable"), (tmp_path / "none", "gallery_empty")):
        transcript = transcriber(names=True, gallery=str(place))(clips["meeting"])
        assert transcript.speakers == ("SPEAKER_00", "SPEAKER_01")
        assert code in [notice.code for notice in transcript.notices]


def test_clips_that_cannot_be_used_are_refused(tmp_path: Path, clips: dict[str, Path]) -> None:
    enroll = transcriber(names=True).voices.enroll
    with pytest.raises(InputError, match="two people"):
        enroll(clips["meeting"])
    with pytest.raises(InputError, match="no speech"):
        enroll(np.zeros(48_000, np.float32), sample_rate=16_000)
    with pytest.raises(InputError, match="at least 2 s"):
        enroll(world.write_wav(tmp_path / "short.wav", monologue("a", 1.5), 2.0))
    with pytest.raises(SettingsError, match="no recording of Ana"):
        transcriber(known={"Ana": str(tmp_path / "none.wav")})
    with pytest.raises(SettingsError, match="label"):
        transcriber(known={"SPEAKER_00": str(clips["ana"])})


def test_a_speaker_of_a_transcript_is_enrolled_from_its_recording(clips: dict[str, Path]) -> None:
    plain = transcriber(names=True).voices
    transcript = transcriber()(clips["meeting"])
    (of_speaker,) = plain.enroll_speaker(clips["meeting"], transcript, "SPEAKER_01")
    (of_clip,) = plain.enroll(clips["bob"])
    np.testing.assert_allclose(of_speaker.array, of_clip.array, atol=0.05)
    with pytest.raises(InputError, match="not the recording"):
        plain.enroll_speaker(clips["ana"], transcript, "SPEAKER_01")
    assert [name for name, _ in plain.similar([of_speaker], [Person("Bob", (of_clip,))])] == ["Bob"]


def test_a_batch_is_done_again_when_the_gallery_changes(tmp_path: Path, clips: dict[str, Path]) -> None:
    gallery = Gallery(tmp_path / "gallery")
    settings = transcriber(names=True, gallery=str(gallery.folder)).config.identification
    hashes = [people_hash(settings)]
    for name in ("ana", "bob"):
        stored(gallery, clips, name)
        hashes.append(people_hash(settings))
    assert len(set(hashes)) == 3
    assert people_hash(transcriber().config.identification) is None


def test_an_embedder_that_was_not_measured_is_refused(clips: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.models.protocols import EmbedderCalibration
    from pipeline.models.synthetic import SyntheticEmbedder

    monkeypatch.setattr(SyntheticEmbedder, "calibration", EmbedderCalibration())
    with pytest.raises(SettingsError, match="not measured for names"):
        transcriber(known={"Ana": str(clips["ana"])})
