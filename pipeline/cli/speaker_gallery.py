"""``transcribe speakers``: the gallery of people whose voices are known."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.options import Debug, Offline, SettingsOptions, options
from pipeline.cli.printing import show, tell
from pipeline.core.atomic_write import is_file
from pipeline.core.errors import ALL_FAILED, CrosstalkError, SettingsError, printable

if TYPE_CHECKING:
    from pipeline.core.types import Transcript
    from pipeline.engine.pipeline import Transcriber
    from pipeline.gallery.forgetting import Search
    from pipeline.gallery.people import Consent, VoicePrint
    from pipeline.gallery.store import Gallery

app = typer.Typer(help="Keep voice prints of people who agreed, to name speakers with --names.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the person.", show_default=False)]
Folder = Annotated[
    Path | None, typer.Option("--gallery", help="Folder of the gallery.", show_default="user's data", readable=False)
]


@dataclass(frozen=True, slots=True)
class GalleryOptions(SettingsOptions):
    """Options of commands that compute voice prints."""

    gallery: Folder = None
    offline: Offline = False
    debug: Debug = False

    def transcriber(self) -> Transcriber:
        """The models of the settings, for clips."""
        from pipeline.engine.pipeline import Transcriber

        given = {"names": True, "gallery": str(self.gallery) if self.gallery else None, "offline": self.offline}
        return Transcriber(self.settings(**given))


@app.command()
@options(shared=GalleryOptions)
def add(
    name: Name,
    shared: GalleryOptions,
    clips: Annotated[list[Path] | None, typer.Argument(help="Recordings in which only this person speaks.")] = None,
    consent: Annotated[str | None, typer.Option(help="Who agreed, how and when; needed once per person.")] = None,
    purpose: Annotated[str | None, typer.Option(help="What the voice prints may be used for.")] = None,
    expires: Annotated[str | None, typer.Option(metavar="DATE", help="Last day of use, such as 2027-12-31.")] = None,
    transcript: Annotated[
        Path | None, typer.Option("--from", help="A transcript (json) with the person in it.")
    ] = None,
    speaker: Annotated[str | None, typer.Option(help="Their label in it, if it is not the name.")] = None,
    recording: Annotated[Path | None, typer.Option(help="Its recording, if it is not beside it.")] = None,
) -> None:
    """Add voice prints of a person: from clips, or from a transcript and its recording."""
    agreed, last = _consent(name, consent, purpose, expires)
    if bool(clips) == bool(transcript) or ((speaker or recording) and not transcript):
        raise SettingsError("give either clips, or --from TRANSCRIPT [--speaker LABEL] [--recording FILE]")
    gallery = _gallery(shared.gallery)
    gallery.require_consent(name, agreed)  # before any work
    transcriber = shared.transcriber()
    if transcript:
        prints = _prints_from(transcriber, transcript, speaker or name, recording)
    else:
        prints = tuple(each for clip in clips or () for each in transcriber.voices.enroll(clip))
    _report_similar(name, prints, gallery, transcriber)
    person = gallery.add(name, prints, agreed, last)
    show(printable(f"{name}: {_count(prints)} added, {_count(person.prints)} in {gallery.folder}") + "\n")


@app.command("list")
def list_people(gallery: Folder = None) -> None:
    """List the people: voice prints, consent, expiry."""
    place = _gallery(gallery)
    today = date.today()
    people, damaged = place.read()
    for person in people:
        state = f"expired {person.expires}" if person.is_expired(today) else f"until {person.expires or 'forgotten'}"
        agreed = person.consent.date if person.consent else "–"
        show(printable(f"{person.name}  {_count(person.prints)}  consent {agreed}  {state}") + "\n")
    for line in damaged:
        tell(printable(f"transcribe: warning: {line}"))
    show(printable(f"in {place.folder}") + "\n")


@app.command("show")
def show_person(name: Name, gallery: Folder = None) -> None:
    """Show what is stored about a person; the voice prints themselves are never shown."""
    person = _gallery(gallery).find(name)
    lines = [person.name]
    if person.consent:
        lines += [f"consent: {person.consent.text} ({person.consent.date})", f"purpose: {person.consent.purpose}"]
    lines.append(f"expires: {person.expires or 'never'}")
    for each in person.prints:
        speech = f"{each.band} band, {each.seconds:.1f} s of {each.source}"
        lines.append(f"voice print: {speech}, added {each.added}, {each.embedder}")
    show("".join(f"{printable(line)}\n" for line in lines))


@app.command()
def rename(name: Name, new: Annotated[str, typer.Argument(help="The new name.")], gallery: Folder = None) -> None:
    """Give a person another name."""
    from pipeline.gallery.people import require_name

    _gallery(gallery).rename(name, require_name(new))
    show(printable(f"{name} is now {new}") + "\n")


@app.command()
def merge(name: Name, into: Annotated[str, typer.Argument(help="The same person.")], gallery: Folder = None) -> None:
    """Join two entries of one person; the second one's name and consent stay."""
    merged = _gallery(gallery).merge(name, into)
    show(printable(f"{into}: {_count(merged.prints)}") + "\n")


@app.command()
def forget(
    name: Name,
    gallery: Folder = None,
    results: Annotated[list[Path] | None, typer.Option(help="Folder of transcripts to search for the name.")] = None,
) -> None:
    """Remove a person's voice prints, and say where the name is left."""
    from pipeline.engine import artifact_cache
    from pipeline.gallery.forgetting import search

    missing = next((folder for folder in results or () if not folder.is_dir()), None)
    if missing is not None:
        raise SettingsError("there is no such folder", where=str(missing))
    place = _gallery(gallery)
    person = place.get(name)
    prints = person.prints if person else ()
    for path in place.forget(name):
        show(printable(f"removed: {path}") + "\n")
    if not prints:
        show("the entry was damaged: its voice prints are not known, and were not searched for\n")
    _report("gallery", search(place.folder, prints))
    _report("cache of finished stages", search(artifact_cache.default_root(), prints))
    for folder in results or ():
        found = search(folder, prints, name)
        _report(f"results in {folder}", found)
        for path in found.with_name:
            show(printable(f"the name is still in: {path}{_way_to_remove(path, name)}") + "\n")
    if not results:
        show("results: not searched; --results FOLDER looks for the name in transcripts, which hold no voice prints\n")


def _report(place: str, found: Search) -> None:
    """What a search for voice prints found in a place."""
    show(printable(f"{place}: {found.files} files searched, {len(found.with_print)} hold a voice print") + "\n")
    for path in found.with_print:
        show(printable(f"a voice print is still in: {path}") + "\n")
    for path in found.unreadable:
        show(printable(f"could not be read: {path}") + "\n")


def _way_to_remove(path: Path, name: str) -> str:
    """How a name is taken out of a JSON transcript, for speakers that have it; empty for other files."""
    from pipeline import formats

    try:
        identities = formats.load(path, "json").identities if path.suffix == ".json" else ()
    except CrosstalkError:
        return ""
    label = next((identity.speaker for identity in identities if identity.name == name), None)
    change = shlex.quote(f"{name}={label}")
    return f" (transcribe rename {shlex.quote(str(path))} {change})" if label else ""


@app.command()
@options(shared=GalleryOptions)
def verify(
    clip: Annotated[Path, typer.Argument(help="A recording in which one person speaks.")], shared: GalleryOptions
) -> None:
    """Say who of the gallery speaks in a clip, with the similarities; exit code 4 for none of them."""
    from pipeline.engine.known_people import usable_people

    transcriber = shared.transcriber()
    people, notices = usable_people(_gallery(shared.gallery).people(), transcriber.voices.identity)
    for notice in notices:
        tell(printable(f"transcribe: warning: {notice.message}"))
    identity = transcriber.voices.verify(clip, people)
    show(printable(f"{identity.name or 'unknown'}: {identity.reason}") + "\n")
    for candidate in identity.candidates:
        show(printable(f"  {candidate.name}  {candidate.score:.2f} ({candidate.band} band)") + "\n")
    if identity.name is None:
        raise typer.Exit(ALL_FAILED)


def _gallery(folder: Path | None) -> Gallery:
    from pipeline.gallery.store import Gallery

    return Gallery(folder)


def _consent(
    name: str, text: str | None, purpose: str | None, expires: str | None
) -> tuple[Consent | None, str | None]:
    """The consent and the last day of use that were given; `SettingsError` for impossible values."""
    from pipeline.core.identity import check_name
    from pipeline.gallery.people import PURPOSE, Consent

    if purpose is not None and text is None:
        raise SettingsError("--purpose is part of a consent", hint="give --consent, too")
    try:
        check_name(name)
        last = date.fromisoformat(expires).isoformat() if expires else None
        agreed = Consent(text, date.today().isoformat(), purpose or PURPOSE) if text is not None else None
    except ValueError as error:
        raise SettingsError(str(error)) from error
    return agreed, last


def _count(prints: Sequence[VoicePrint]) -> str:
    return f"{len(prints)} voice print{'s' * (len(prints) != 1)}"


def _prints_from(
    transcriber: Transcriber, transcript: Path, speaker: str, recording: Path | None
) -> tuple[VoicePrint, ...]:
    """The voice prints of a speaker of a transcript, whose recording is ``recording`` or lies beside it."""
    from pipeline.formats.reading import read_file

    result = read_file(transcript, "json").transcript
    if speaker not in result.speakers:
        hint = f"--speaker is one of {', '.join(result.speakers)}"
        raise SettingsError(f"the transcript has no speaker {speaker!r}", where=str(transcript), hint=hint)
    if any(each.name == speaker and each.decision == "named" for each in result.identities):
        same = shlex.quote(f"{speaker}={speaker}")
        hint = f"if it is right: transcribe rename {shlex.quote(str(transcript))} {same}"
        raise SettingsError(f"the program gave the name {speaker!r} itself", where=str(transcript), hint=hint)
    path = existing_recording(result, transcript.parent, "give it with --recording FILE", recording)
    return transcriber.voices.enroll_speaker(path, result, speaker)


def existing_recording(transcript: Transcript, folder: Path, hint: str, given: Path | None = None) -> Path:
    """The recording of a transcript, ``given`` or in the folder; `SettingsError` where it is not."""
    if transcript.provenance is None and given is None:
        raise SettingsError("the transcript does not name its recording", hint=hint)
    path = given or folder / (transcript.provenance.source if transcript.provenance else "")
    if not is_file(path):
        raise SettingsError(f"the recording is not at {path}", hint=hint)
    return path


def _report_similar(name: str, prints: tuple[VoicePrint, ...], gallery: Gallery, transcriber: Transcriber) -> None:
    """Say it when the voice is that of another person of the gallery."""
    for other, score in transcriber.voices.similar(prints, gallery.people()):
        if other != name:
            hint = f"if they are one person: transcribe speakers merge {name!r} {other!r}"
            tell(printable(f"transcribe: warning: this voice is also that of {other} (similarity {score:.2f}); {hint}"))
