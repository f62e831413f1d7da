"""``transcribe minutes A.json``: topics, key points, decisions, actions and questions, each with its moment."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.options import Debug, Overwrite, SoundOptions, options
from pipeline.cli.printing import show, tell
from pipeline.core.choices import comma_list
from pipeline.core.errors import CrosstalkError, ResourceError, SettingsError, exit_code_of, printable

if TYPE_CHECKING:
    from pipeline.core.output_record import OutputRecord
    from pipeline.core.types import Transcript
    from pipeline.formats.base import Sound
    from pipeline.formats.sound import SoundUse
    from pipeline.minutes.llm.model import LanguageModel
    from pipeline.minutes.types import Minutes

FORMATS = {"md": "minutes", "json": "minutes-json", "docx": "minutes-docx", "html": "minutes-html"}
"""The transcript format of each name in ``--format``."""


@dataclass(frozen=True, slots=True)
class MinutesOptions:
    """Options that choose what the minutes hold."""

    max_items: Annotated[int, typer.Option(min=1, help="Maximum number of items of each kind.")] = 10
    only: Annotated[str | None, typer.Option(help="Kinds to keep: points,decisions,actions,questions.")] = None
    date: Annotated[str | None, typer.Option(help="Date of the meeting, such as 2026-11-27.")] = None
    agenda: Annotated[Path | None, typer.Option(help="A text file of agenda lines to match.")] = None
    previous: Annotated[Path | None, typer.Option(help="Earlier NAME.minutes.json: are its actions mentioned?")] = None
    llm: Annotated[str | None, typer.Option(metavar="URL", help="Server of a language model that chooses.")] = None
    llm_model: Annotated[str | None, typer.Option(metavar="NAME", help="The language model on that server.")] = None
    llm_context: Annotated[int, typer.Option(min=1, help="Its context in tokens, as its server was started.")] = 8192
    llm_timeout: Annotated[float, typer.Option(min=1, help="Time limit of one request to it, in seconds.")] = 120.0

    def maker(self) -> Callable[[Transcript], Minutes]:
        """Makes the minutes of a transcript. Raises errors of the options, and of the files that they name, at once."""
        from pipeline.minutes.agenda import read_agenda
        from pipeline.minutes.follow_up import read_previous
        from pipeline.minutes.making import make_minutes
        from pipeline.minutes.matching import matched

        kinds, date, model = self.kinds, self.iso_date, self.language_model
        agenda = read_agenda(self.agenda) if self.agenda else ()
        previous = read_previous(self.previous) if self.previous else ()

        def make(transcript: Transcript) -> Minutes:
            made = make_minutes(transcript, self.max_items, only=kinds)
            made = _chosen_by(model, transcript, made, self.max_items, kinds) if model else made
            return matched(replace(made, date=date or made.date), transcript, agenda, previous)

        return make

    @property
    def recorded(self) -> dict[str, bool]:
        """What the record of outputs says of the files: minutes of other settings do not follow from the transcript."""
        from pipeline.formats.rewriting import REWRITABLE

        return {} if self == MinutesOptions() else {REWRITABLE: False}

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of items; raises `SettingsError` for an unknown one."""
        from pipeline.minutes.types import KINDS

        return KINDS if self.only is None else _chosen(self.only, KINDS, "--only")

    @property
    def language_model(self) -> LanguageModel | None:
        """The language model that is named, with the key of the environment; raises `SettingsError`."""
        from pipeline.minutes.llm.model import LanguageModel

        if (self.llm is None) != (self.llm_model is None):
            missing, given = ("--llm", "--llm-model") if self.llm is None else ("--llm-model", "--llm")
            raise SettingsError(f"{given} needs {missing}", hint="name the server and the model on it")
        if self.llm is None or self.llm_model is None:
            default = MinutesOptions()
            if (self.llm_context, self.llm_timeout) != (default.llm_context, default.llm_timeout):
                raise SettingsError("--llm-context and --llm-timeout need --llm", hint="name the server")
            return None
        return LanguageModel.from_environment(self.llm, self.llm_model, self.llm_context, self.llm_timeout)

    @property
    def iso_date(self) -> str | None:
        """The date in ISO 8601; raises `SettingsError` for what is no date."""
        try:
            return None if self.date is None else datetime.date.fromisoformat(self.date).isoformat()
        except ValueError:
            raise SettingsError(f"{self.date!r} is no date", where="--date", hint="for example 2026-11-27") from None


@options(making=MinutesOptions, page=SoundOptions)
def minutes(
    transcripts: Annotated[list[Path], typer.Argument(help="Transcripts: json, seglst, stm or ctm.")],
    making: MinutesOptions,
    page: SoundOptions,
    output_dir: Annotated[Path, typer.Option("--output-dir", "-o", help="Where the files go.")] = Path(),
    format_: Annotated[str, typer.Option("--format", "-f", help=f"Comma list of {', '.join(FORMATS)}.")] = "md,json",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not print the minutes.")] = False,
    overwrite: Overwrite = False,
    debug: Debug = False,
) -> None:
    """Make minutes of transcripts: every item is words that were said, with who and when. No model is needed."""
    from pipeline.formats.files import output_paths

    names = [FORMATS[name] for name in _chosen(format_, tuple(FORMATS), "--format")]
    make, use = making.maker(), page.sound_use
    failures: list[bool] = []
    for path in transcripts:
        try:
            document, record = _read(path, output_dir, use, overwrite)
            targets = dict(zip(names, output_paths(document.title, output_dir, names), strict=True))
            record.check(targets.values())
            made = make(document.transcript)
            _show(made, document.title, quiet)
            page.tell_of_sound(document.transcript, names)
            for name, target in targets.items():
                record.write(target, document.content(made, name, target), making.recorded)
                tell(printable(f"transcribe: wrote {target}"))
        except CrosstalkError as error:
            if len(transcripts) == 1 or error.affects_all:
                raise
            failures.append(isinstance(error, ResourceError))
            tell(f"transcribe: {error.line}")
    raise typer.Exit(exit_code_of(failures, len(transcripts)))


def _show(made: Minutes, title: str, quiet: bool) -> None:
    from pipeline.minutes.documents import markdown

    for notice in made.notices:
        tell(printable(f"transcribe: {title}: warning: {notice.message}"))
    if not quiet:
        show(markdown.render(made, title))


@dataclass(frozen=True, slots=True)
class Document:
    """A transcript whose minutes are written under a title; ``sound_of`` makes the sound for the page at a path."""

    transcript: Transcript
    title: str
    sound_of: Callable[[Path], Sound]

    def content(self, made: Minutes, name: str, path: Path) -> bytes:
        """Minutes in the transcript format ``name``, as the bytes of the file at a path."""
        from pipeline.minutes.documents import docx_, html, json_, markdown

        match name:
            case "minutes":
                return markdown.render(made, self.title).encode()
            case "minutes-json":
                return json_.render(made, self.title).encode()
            case "minutes-docx":
                return docx_.render(made, self.title)
            case _:
                return html.render(made, self.transcript, self.title, self.sound_of(path)).encode()


def _read(path: Path, folder: Path, use: SoundUse, overwrite: bool) -> tuple[Document, OutputRecord]:
    """A transcript file, and the record for what is made of it in a folder."""
    from pipeline import formats
    from pipeline.core.output_record import OutputRecord, source_of, source_of_result
    from pipeline.formats.reading import read_file
    from pipeline.formats.sound import recording_beside, sound_maker

    file = read_file(path)
    for line in file.notice_lines():
        tell(line)
    source = source_of_result(path) if file.kind == "json" else source_of(path)
    sound_of = sound_maker(recording_beside(path, file.transcript), file.transcript, use)
    document = Document(file.transcript, formats.stem(path, file.kind), sound_of)
    return document, OutputRecord(folder, source, overwrite=overwrite)


def _chosen_by(
    model: LanguageModel, transcript: Transcript, made: Minutes, max_items: int, kinds: Sequence[str]
) -> Minutes:
    """The minutes with the choice of a language model; where the words go is printed before they are sent."""
    from pipeline.minutes.corrected import corrected
    from pipeline.minutes.llm.making import minutes_with
    from pipeline.minutes.making import rarity_for

    tell(printable(f"transcribe: the words of the transcript are sent to {model.host}"))
    made = minutes_with(transcript, made, model, max_items, kinds, _tell_progress)
    return corrected(made, transcript, rarity_for(transcript.language))


def _tell_progress(done: int, total: int) -> None:
    """A line for each tenth of the requests."""
    if done * 10 // total > (done - 1) * 10 // total:
        tell(f"transcribe: language model: {done} of {total} requests")


def _chosen(text: str, known: tuple[str, ...], option: str) -> tuple[str, ...]:
    """The names of a comma list, each once; raises `SettingsError` for an unknown one."""
    names = comma_list(text, known, option)
    if unknown := [name for name in names if name not in known]:
        raise SettingsError(f"unknown: {', '.join(unknown)}", where=option, hint=f"known are {', '.join(known)}")
    return names
