"""The people that a run compares its speakers with: those of the gallery, and those of clips that are given with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from pipeline.config.schema import IdentificationConfig
from pipeline.core.atomic_write import digest_file
from pipeline.core.errors import CrosstalkError
from pipeline.core.types import Notice
from pipeline.engine.artifact_cache import recipe_key
from pipeline.gallery.people import Person, VoicePrint
from pipeline.gallery.store import Gallery

SEE = "see: transcribe speakers list"


@dataclass(frozen=True, slots=True)
class KnownPeople:
    """People with voice prints that may be used, and notices about those whose prints may not."""

    people: tuple[Person, ...] = ()
    notices: tuple[Notice, ...] = ()


def gallery_of(settings: IdentificationConfig) -> Gallery:
    """The gallery of the settings."""
    return Gallery(Path(settings.gallery) if settings.gallery else None)


def load_people(
    settings: IdentificationConfig, embedder: str, enroll: Callable[[str], tuple[VoicePrint, ...]]
) -> KnownPeople:
    """The people of the settings; ``enroll`` makes the voice prints of a clip, ``embedder`` is what computes them.

    A gallery that cannot be read is a notice: the run goes on without it. A clip that cannot be used is an error.
    """
    clips = [Person(name, enroll(clip)) for name, clip in sorted(settings.known.items())]
    if not settings.names:
        return KnownPeople(tuple(clips))
    gallery = gallery_of(settings)
    try:
        stored, damaged = gallery.read()
    except CrosstalkError as error:
        notice = Notice("gallery_unreadable", f"{error.what}; speakers were not compared with it")
        return KnownPeople(tuple(clips), (notice,))
    given = {person.name for person in clips}
    usable, notices = usable_people([person for person in stored if person.name not in given], embedder)
    if damaged:
        notices += (
            Notice("gallery_entry_damaged", f"entries of the gallery that cannot be read: {len(damaged)}; {SEE}"),
        )
    if not stored:
        message = "the gallery is empty: add people with transcribe speakers add NAME CLIP"
        notices += (Notice("gallery_empty", message),)
    return KnownPeople((*usable, *clips), notices)


def people_hash(settings: IdentificationConfig) -> str | None:
    """A hash of the gallery's files and of the clips, which changes when they do; None without names."""
    if not settings.is_on:
        return None
    folder = gallery_of(settings).folder
    files = sorted(folder.glob("*.json")) if settings.names and folder.is_dir() else []
    clips = [Path(clip) for _, clip in sorted(settings.known.items())]
    contents = [_digest(path) for path in (*files, *clips) if path.is_file()]
    return recipe_key(names=sorted(settings.known), contents=contents)


def _digest(path: Path) -> str:
    try:
        return digest_file(path)
    except OSError as error:
        return str(error)


def usable_people(people: Sequence[Person], embedder: str) -> tuple[tuple[Person, ...], tuple[Notice, ...]]:
    """The people with their voice prints of this embedder, and notices that count those who have none or are expired.

    The notices are part of a transcript, which the people may have nothing to do with: they hold no names.
    """
    valid = [person for person in people if not person.is_expired(date.today())]
    usable = [replace(person, prints=person.prints_of(embedder)) for person in valid if person.prints_of(embedder)]
    notices: list[Notice] = []
    if len(valid) < len(people):
        message = f"people whose voice prints are expired and were not used: {len(people) - len(valid)}; {SEE}"
        notices.append(Notice("voice_prints_expired", message))
    if len(usable) < len(valid):
        others = f"{len(valid) - len(usable)}; make new ones with: transcribe speakers add NAME CLIP"
        message = f"people whose voice prints are of another speaker embedding model and were not used: {others}"
        notices.append(Notice("voice_prints_of_another_model", message))
    return tuple(usable), tuple(notices)
