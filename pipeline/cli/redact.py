"""``transcribe redact A.json``: a transcript, its other files and its recording without personal data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.options import (
    AllowIncomplete,
    Debug,
    Device,
    Model,
    Offline,
    Overwrite,
    SettingsOptions,
    Threads,
    options,
)
from pipeline.cli.printing import FORMATS, show, tell
from pipeline.core.errors import CannotRedact, SettingsError, printable
from pipeline.redaction.types import KINDS, parsed_kinds

if TYPE_CHECKING:
    from pipeline.config.schema import Config
    from pipeline.core.types import Transcript
    from pipeline.models.protocols import Recognizer
    from pipeline.redaction.outputs import Beside, Target
    from pipeline.redaction.redacting import Redacted
    from pipeline.redaction.settings import RedactionSettings
    from pipeline.redaction.types import Plan

ALL = ",".join(KINDS)
"""Every kind, as the option has them."""


@dataclass(frozen=True, slots=True)
class RedactOptions(SettingsOptions):
    """Options of the command: what is redacted, and the recognizer that verifies it."""

    kinds: Annotated[str, typer.Option(help="A comma list of what is redacted.")] = ALL
    audio: Annotated[str | None, typer.Option(help="The recording; none: only the texts. Default: beside.")] = None
    sound: Annotated[str, typer.Option(help="What stands in muted spans: silence or tone.")] = "silence"
    allow_incomplete: AllowIncomplete = False
    model: Model = None
    device: Device = None
    threads: Threads = None
    offline: Offline = False

    def recognizer_settings(self) -> Config:
        """The settings of the recognizer that transcribes the muted spans."""
        return self.settings(model=self.model, device=self.device, threads=self.threads, offline=self.offline)

    def redaction(self) -> RedactionSettings:
        """What is redacted, and how; raises `SettingsError`."""
        from pipeline.redaction.settings import RedactionSettings, parse_cover

        cover = parse_cover(self.sound)
        return RedactionSettings(
            parsed_kinds(self.kinds.split(",")), cover, self.audio != "none", self.allow_incomplete
        )


@options(chosen=RedactOptions)
def redact(
    transcript: Annotated[Path, typer.Argument(help="A JSON transcript.")],
    chosen: RedactOptions,
    review: Annotated[bool, typer.Option("--review", help="Only list the plan, with the words.")] = False,
    output_dir: Annotated[Path | None, typer.Option("--output-dir", "-o", help="Where the files go.")] = None,
    format_: Annotated[str | None, typer.Option("--format", "-f", help=f"Default: those beside. {FORMATS}")] = None,
    overwrite: Overwrite = False,
    debug: Debug = False,
) -> None:
    """Write a transcript, its other files and its recording without personal data: NAME.redacted.*

    Nothing is written where something cannot be covered or verified (exit code 6); the originals stay as they are.
    """
    from pipeline import formats
    from pipeline.formats.reading import read_file
    from pipeline.redaction.redacting import planned

    if formats.guess(transcript) != "json":
        hint = "other formats have no times of words: give the JSON transcript"
        raise SettingsError("only a JSON transcript can be redacted", where=str(transcript), hint=hint)
    settings = chosen.redaction()
    file = read_file(transcript, "json")
    for line in file.notice_lines():
        tell(line)
    if review:
        show(_listed(planned(file.transcript, settings.kinds)))
        return
    folder = transcript.parent if output_dir is None else output_dir
    raise typer.Exit(_redact(transcript, file.transcript, chosen, (folder, format_, overwrite)))


def _redact(path: Path, transcript: Transcript, chosen: RedactOptions, output: tuple[Path, str | None, bool]) -> int:
    """Redact and write; returns the exit code. ``output``: folder, formats, and whether to overwrite."""
    from pipeline.core.output_record import OutputRecord, source_of_result
    from pipeline.redaction import outputs
    from pipeline.redaction.redacting import redact as redact_recording

    folder, names, overwrite = output
    settings, recording, found = (
        chosen.redaction(),
        _recording(path, transcript, chosen),
        outputs.beside(path, transcript),
    )
    target = _target(path, folder, names, found)
    record = OutputRecord(folder, source_of_result(path), overwrite=overwrite)
    inputs = [path, *found.paths, *([recording] if recording else [])]
    outputs.refuse_inputs(target.paths("" if recording is None else recording.suffix), inputs)
    record.check(target.paths(""))
    result = redact_recording(transcript, settings, recording, lambda: _recognizer(chosen), target.name)
    further = outputs.extras(result, settings, target, found)
    outputs.refuse_inputs([*target.paths(result.sound.suffix if result.sound else ""), *further], inputs)
    record.check(further)
    for written in outputs.write(result, settings, target, record):
        tell(printable(f"transcribe: wrote {written}"))
    for written, content in further.items():
        record.write(written, content)
        tell(printable(f"transcribe: wrote {written}"))
    return _summary(result)


def _target(path: Path, folder: Path, names: str | None, found: Beside) -> Target:
    """Where the files go: in the formats that were asked for, else in those beside the transcript; always as JSON."""
    from pipeline import formats
    from pipeline.formats import files
    from pipeline.redaction.outputs import Target
    from pipeline.redaction.redacting import SOUND_STEM

    name = formats.stem(path, "json")
    kinds = tuple(dict.fromkeys((*(found.formats if names is None else files.parse_formats(names)), "json")))
    return Target(folder, files.shortened(f"{name}{SOUND_STEM}"), files.shortened(name), kinds, options=found.options)


def _recording(path: Path, transcript: Transcript, chosen: RedactOptions) -> Path | None:
    """The recording: the one given, else the one beside the transcript. Raises `SettingsError`."""
    from pipeline.core.atomic_write import is_file
    from pipeline.formats.sound import recording_beside

    if chosen.audio == "none":
        return None
    if chosen.audio is not None:
        if not is_file(Path(chosen.audio)):
            raise SettingsError("there is no such recording", where=f"--audio {chosen.audio}", hint="give its path")
        return Path(chosen.audio)
    recording = recording_beside(path, transcript)
    if recording is None or not is_file(recording):
        tell("transcribe: the recording is not beside the transcript: only the texts are redacted; see --audio")
        return None
    return recording


def _recognizer(chosen: RedactOptions) -> Recognizer:
    """The recognizer that transcribes the muted spans."""
    from pipeline.engine.pipeline import Transcriber

    return Transcriber(chosen.recognizer_settings()).models.recognizer


def _summary(result: Redacted) -> int:
    """Say what was redacted and what is not certain; returns the exit code."""
    from pipeline.core.text import counted
    from pipeline.redaction.redacting import unchecked_speech

    seconds = sum(each.end - each.start for each in result.spans)
    verified = sum(check.result == "verified" for check in result.checks)
    line = f"transcribe: {counted(len(result.plan.redactions), 'redaction')}"
    if result.sound is not None:
        line += f", {counted(len(result.spans), 'span')} muted ({seconds:.1f} s), {verified} verified"
    tell(line)
    silent = unchecked_speech(result)
    if silent:
        tell(f"transcribe: {silent:.1f} s of speech have no words: nothing can be found there, and nothing is muted")
    for problem in result.problems:
        place = "" if problem.start is None else f"{problem.start:.1f} to {problem.end:.1f} s, "
        tell(printable(f"transcribe: not certain: {place}{problem.reason}"))
    return CannotRedact.exit_code if result.problems else 0


def _listed(plan: Plan) -> str:
    """The plan for people, with the words: a line for each redaction, then the doubts."""
    from pipeline.formats.timestamps import whole_seconds

    lines = [
        f"{whole_seconds(each.start)}  {each.kind:<8} {each.speaker}: {each.text or '(no words)'}  [{each.reason}]"
        for each in plan.redactions
    ]
    lines += [f"{whole_seconds(each.start)}  {each.kind:<8} not covered: {each.reason}" for each in plan.doubts]
    return "".join(f"{printable(line)}\n" for line in lines or ["nothing to redact"])
