"""``transcribe speakers``: the gallery of people whose voices are known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.options import SettingsOptions, options
from pipeline.cli.printing import show, tell
from pipeline.core.errors import ALL_FAILED, SettingsError, printable

if TYPE_CHECKING:
    from pipeline.engine.pipeline import Transcriber
    from pipeline.gallery.people import Person, VoicePrint
    from pipeline.gallery.store import Gallery

app = typer.Typer(help="Keep voice prints of people who agreed, to name speakers with --names.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the person.", show_default=False)]
Folder = Annotated[Path | None, typer.Option("--gallery", help="Folder of the gallery.", show_default="user's data")]


@dataclass(frozen=True, slots=True)
class GalleryOptions(SettingsOptions):
    """Options of commands that compute voice prints."""

    gallery: Folder = None
    offline: Annotated[bool, typer.Option("--offline", help="Never download anything.")] = False
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False

    def transcriber(self) -> Transcriber:
        """The models of the settings, for clips."""
        from pipeline.engine.pipeline import Transcriber

        given = {"names": True, "gallery": str(self.gallery) if self.gallery else None, "offline": self.offline}
        return Transcriber(self.settings(**given))


@app.command()
@options(GalleryOptions)
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
    speaker: Annotated[str | None, typer.Option(help="The person's label in that transcript.")] = None,
    recording: Annotated[Path | None, typer.Option(help="Its recording, if it is not beside it.")] = None,
) -> None:
    """Add voice prints of a person: from clips, or from a transcript and its recording."""
    from pipeline.gallery.people import check_name

    try:
        check_name(name)
        expires = date.fromisoformat(expires).isoformat() if expires else None
    except ValueError as error:
        raise SettingsError(str(error)) from error
    if bool(clips) == bool(transcript):
        raise SettingsError("give either clips or --from TRANSCRIPT --speaker LABEL")
    gallery = _gallery(shared.gallery)
    person = _with_consent(name, gallery, consent, purpose, expires)
    transcriber = shared.transcriber()
    if transcript:
        prints = _prints_from(transcriber, transcript, speaker, recording)
    else:
        prints = tuple(each for clip in clips or () for each in transcriber.voices.enroll(clip))
    _report_similar(name, prints, gallery, transcriber)
    gallery.save(_with_prints(person, prints))
    seconds = sum(each.seconds for each in prints if each.band == prints[-1].band)
    show(printable(f"{name}: {len(prints)} voice prints of {seconds:.1f} s of speech in {gallery.folder}") + "\n")


@app.command("list")
def list_people(gallery: Folder = None) -> None:
    """List the people: voice prints, consent, expiry."""
    place = _gallery(gallery)
    today = date.today()
    for person in place.people():
        state = f"expired {person.expires}" if person.is_expired(today) else f"until {person.expires or 'forgotten'}"
        agreed = person.consent.date if person.consent else "–"
        count = len(person.prints)
        show(printable(f"{person.name}  {count} voice prints  consent {agreed}  {state}") + "\n")
    for notice in place.damaged():
        tell(printable(f"transcribe: warning: {notice.message}"))
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
    from pipeline.gallery.people import check_name

    try:
        check_name(new)
    except ValueError as error:
        raise SettingsError(str(error)) from error
    _gallery(gallery).rename(name, new)
    show(printable(f"{name} is now {new}") + "\n")


@app.command()
def merge(name: Name, into: Annotated[str, typer.Argument(help="The same person.")], gallery: Folder = None) -> None:
    """Join two entries of one person; the second one's name and consent stay."""
    merged = _gallery(gallery).merge(name, into)
    show(printable(f"{into}: {len(merged.prints)} voice prints") + "\n")


@app.command()
def forget(
    name: Name,
    gallery: Folder = None,
    results: Annotated[list[Path] | None, typer.Option(help="Folder of transcripts to search for the name.")] = None,
) -> None:
    """Remove a person's voice prints, and say where the name is left."""
    from pipeline.engine import artifact_cache
    from pipeline.gallery.forgetting import find_name, search

    place = _gallery(gallery)
    prints = place.prints_of(name)
    for path in place.forget(name):
        show(printable(f"removed: {path}") + "\n")
    searched, found = search(artifact_cache.default_root(), prints)
    show(f"cache of finished stages: {searched} files searched, {found} hold a voice print\n")
    for folder in results or ():
        files = find_name(folder, name, prints)
        for path in files:
            show(printable(f"the name is still in: {path} (transcribe rename {path} {name}=SPEAKER)") + "\n")
        show(printable(f"results: {folder} searched, the name is in {len(files)} transcripts") + "\n")
    if not results:
        show("results: not searched; --results FOLDER looks for the name in transcripts, which hold no voice prints\n")


@app.command()
@options(GalleryOptions)
def verify(
    clip: Annotated[Path, typer.Argument(help="A recording in which one person speaks.")], shared: GalleryOptions
) -> None:
    """Say who of the gallery speaks in a clip, with the similarities; exit code 4 for none of them."""
    transcriber = shared.transcriber()
    people = transcriber.known_people
    for notice in people.notices if people else ():
        tell(printable(f"transcribe: warning: {notice.message}"))
    identity = transcriber.voices.verify(clip, people.people if people else ())
    show(printable(f"{identity.name or 'unknown'}: {identity.reason}") + "\n")
    for candidate in identity.candidates:
        show(printable(f"  {candidate.name}  {candidate.score:.2f} ({candidate.band} band)") + "\n")
    if identity.name is None:
        raise typer.Exit(ALL_FAILED)


def _gallery(folder: Path | None) -> Gallery:
    from pipeline.gallery.store import Gallery

    return Gallery(folder)


def _with_consent(name: str, gallery: Gallery, consent: str | None, purpose: str | None, expires: str | None) -> Person:
    """The person as stored, or a new one; `SettingsError` for a new one without consent."""
    from dataclasses import replace

    from pipeline.gallery.people import Consent, Person

    stored = next((person for person in gallery.people() if person.name == name), None)
    if consent is not None and consent.strip():
        agreed = Consent(consent, date.today().isoformat())
        agreed = replace(agreed, purpose=purpose) if purpose else agreed
        return Person(name, stored.prints if stored else (), agreed, expires or (stored.expires if stored else None))
    if stored is None:
        hint = 'say who agreed, how and when: --consent "Ana agreed by e-mail on 3 May 2027"'
        raise SettingsError(f"voice prints of {name} need their consent", hint=hint)
    return replace(stored, expires=expires or stored.expires)


def _with_prints(person: Person, prints: tuple[VoicePrint, ...]) -> Person:
    from dataclasses import replace

    return replace(person, prints=tuple(dict.fromkeys((*person.prints, *prints))))


def _prints_from(
    transcriber: Transcriber, transcript: Path, speaker: str | None, recording: Path | None
) -> tuple[VoicePrint, ...]:
    """The voice prints of a speaker of a transcript, whose recording is ``recording`` or lies beside it."""
    from pipeline.formats.reading import read_file

    result = read_file(transcript, "json").transcript
    if speaker not in result.speakers:
        hint = f"--speaker is one of {', '.join(result.speakers)}"
        raise SettingsError(f"the transcript has no speaker {speaker!r}", where=str(transcript), hint=hint)
    source = result.provenance.source if result.provenance else ""
    path = recording or transcript.parent / source
    if not path.is_file():
        raise SettingsError(f"the recording is not at {path}", hint="give it with --recording FILE")
    return transcriber.voices.enroll_speaker(path, result, speaker)


def _report_similar(name: str, prints: tuple[VoicePrint, ...], gallery: Gallery, transcriber: Transcriber) -> None:
    """Say it when the voice is that of another person of the gallery."""
    for other, score in transcriber.voices.similar(prints, gallery.people()):
        if other != name:
            hint = f"if they are one person: transcribe speakers merge {name!r} {other!r}"
            tell(printable(f"transcribe: warning: this voice is also that of {other} (similarity {score:.2f}); {hint}"))
