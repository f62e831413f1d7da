"""The people that a run compares its speakers with: those of the gallery, and those of clips that are given with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipeline.config.schema import IdentificationConfig
from pipeline.core.atomic_write import digest_file
from pipeline.core.errors import CrosstalkError, SettingsError
from pipeline.core.types import Notice
from pipeline.engine.artifact_cache import recipe_key
from pipeline.gallery.people import Person, VoicePrint, check_name
from pipeline.gallery.store import Gallery


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
    clips = [Person(_checked(name), enroll(clip)) for name, clip in sorted(settings.known.items())]
    if not settings.names:
        return KnownPeople(tuple(clips))
    gallery = gallery_of(settings)
    try:
        stored, notices = gallery.people(), gallery.damaged()
    except CrosstalkError as error:
        notice = Notice("gallery_unreadable", f"{error.line}; speakers were not compared with it")
        return KnownPeople(tuple(clips), (notice,))
    given = {person.name for person in clips}
    usable, unusable = usable_people([person for person in stored if person.name not in given], embedder)
    return KnownPeople((*usable, *clips), (*notices, *unusable, *_empty(gallery, stored)))


def people_hash(settings: IdentificationConfig) -> str | None:
    """A hash of the gallery's files and of the clips, which changes whenever a name could; None without names."""
    if not settings.is_on:
        return None
    folder = gallery_of(settings).folder
    files = sorted(folder.glob("*.json")) if settings.names and folder.is_dir() else []
    clips = [Path(clip) for _, clip in sorted(settings.known.items())]
    contents = [digest_file(path) for path in (*files, *clips) if path.is_file()]
    return recipe_key(names=sorted(settings.known), contents=contents)


def usable_people(people: Sequence[Person], embedder: str) -> tuple[tuple[Person, ...], tuple[Notice, ...]]:
    """The people with their voice prints of this embedder, and notices about those who have none or are expired."""
    usable: list[Person] = []
    notices: list[Notice] = []
    for person in people:
        prints = person.prints_of(embedder)
        if person.is_expired(date.today()):
            message = f"the voice prints of {person.name} expired on {person.expires} and were not used"
            notices.append(Notice("voice_prints_expired", message))
        elif not prints:
            message = (
                f"the voice prints of {person.name} are of another speaker embedding model and were not used; make "
                f"new ones with: transcribe speakers add {person.name!r} CLIP"
            )
            notices.append(Notice("voice_prints_of_another_model", message))
        else:
            usable.append(Person(person.name, prints, person.consent, person.expires))
    return tuple(usable), tuple(notices)


def _empty(gallery: Gallery, stored: Sequence[Person]) -> tuple[Notice, ...]:
    if stored:
        return ()
    message = f"the gallery {gallery.folder} is empty: add people with transcribe speakers add NAME CLIP"
    return (Notice("gallery_empty", message),)


def _checked(name: str) -> str:
    try:
        return check_name(name)
    except ValueError as error:
        raise SettingsError(str(error), where=f"known: {name!r}") from error
