"""The files of a redacted recording. Pages are made from the redacted sound, never from the recording."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pipeline import formats, media
from pipeline.analytics import analytics_file
from pipeline.core.atomic_write import is_file
from pipeline.core.errors import CannotRedact, FormatError, OutputExists
from pipeline.core.events import no_progress
from pipeline.core.output_record import OutputRecord, source_of_result
from pipeline.core.text import read_text
from pipeline.core.types import Transcript
from pipeline.formats import files
from pipeline.formats.base import Options
from pipeline.formats.rewriting import REWRITABLE
from pipeline.formats.sound import SoundUse, sound_maker
from pipeline.redaction.analytics import redacted_analytics
from pipeline.redaction.redacting import SOUND_STEM, Redacted
from pipeline.redaction.redaction_file import SUFFIX, dumps
from pipeline.redaction.settings import RedactionSettings
from pipeline.redaction.sound import OTHER_FORMAT, redacted_sound
from pipeline.redaction.spans import muted_spans

STEM_KINDS: Final[tuple[files.AudioFormat, ...]] = ("wav", "flac", "mp3", "m4a")
"""Formats in which the stems of speakers are searched."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the files of a redacted recording go, and in which formats.

    ``texts`` is the name of the transcripts without suffix, ``name`` that of the recording: the sound is
    ``NAME.redacted.*``, the list of redactions ``NAME.redaction.json``.
    """

    folder: Path
    texts: str
    name: str
    formats: tuple[str, ...]
    sound: SoundUse = "embed"
    options: Options = field(default_factory=Options)

    @property
    def sound_stem(self) -> str:
        return f"{self.name}{SOUND_STEM}"

    @property
    def redaction_file(self) -> Path:
        return self.folder / f"{self.name}{SUFFIX}"

    def paths(self, suffix: str) -> tuple[Path, ...]:
        """The files that are known before the recording is redacted; ``suffix`` is that of the sound, or empty."""
        sound = (self.folder / f"{self.sound_stem}{suffix}",) if suffix else ()
        texts = files.expected_paths(self.texts, self.folder, self.formats, **self.options)
        return (*texts, *sound, self.redaction_file)


def write(result: Redacted, settings: RedactionSettings, target: Target, record: OutputRecord) -> Iterator[Path]:
    """Write the list of redactions, sound and transcripts, and yield the paths; raises `OutputExists`.

    The list is first, so that what an interrupted run leaves is known to be redacted.
    """
    result = result.named(target.sound_stem)
    sound_path = None
    record.check(target.paths("" if result.sound is None else result.sound.suffix))
    if result.sound is not None:
        sound_path = target.folder / f"{target.sound_stem}{result.sound.suffix}"
    record.write(target.redaction_file, dumps(result, settings, sound_path.name if sound_path else "").encode())
    yield target.redaction_file
    if result.sound is not None and sound_path is not None:
        record.write(sound_path, result.sound.content)
        yield sound_path
    use: SoundUse = "none" if sound_path is None else target.sound
    # All files lie in one folder, so that one sound, or one link to it, serves them all.
    sound = functools.cache(lambda: sound_maker(sound_path, result.transcript, use)(target.redaction_file))
    yield from files.write(
        result.transcript, target.texts, target.folder, target.formats, record, lambda page: sound(), **target.options
    )


def refuse_inputs(outputs: Sequence[Path], inputs: Sequence[Path]) -> None:
    """Raise `OutputExists` where an output would replace an input: the originals stay as they are."""
    for output in outputs:
        for path in inputs:
            if output.exists() and path.exists() and output.samefile(path):
                raise OutputExists("is an input of the redaction", where=str(output), hint="choose another folder")


@dataclass(frozen=True, slots=True)
class Beside:
    """What lies beside a transcript and is redacted with it: formats and their options, analytics, stems by speaker."""

    formats: tuple[str, ...]
    options: Options
    analytics: Path | None
    stems: Mapping[Path, str]

    @property
    def paths(self) -> tuple[Path, ...]:
        return (*([self.analytics] if self.analytics else []), *self.stems)


def beside(path: Path, transcript: Transcript) -> Beside:
    """The files beside the JSON transcript ``path``."""
    stem, folder = formats.stem(path, "json"), path.parent
    texts = {name: files.output_paths(stem, folder, [name])[0] for name in formats.built_in()}
    texts = {name: text for name, text in texts.items() if is_file(text)}
    record, options = OutputRecord(folder, source_of_result(path)), Options()
    for text in texts.values():
        options |= Options(**{k: v for k, v in record.options_of(text).items() if k != REWRITABLE})  # type: ignore[typeddict-item]
    analytics = analytics_file.path_of(folder / stem)
    stems: dict[Path, str] = {}
    for kind in STEM_KINDS:
        paths = files.stem_paths(transcript.speakers, stem, folder, kind)
        stems |= {one: label for label, one in zip(transcript.speakers, paths, strict=True) if is_file(one)}
    return Beside(tuple(texts), options, analytics if is_file(analytics) else None, stems)


def extras(result: Redacted, settings: RedactionSettings, target: Target, found: Beside) -> dict[Path, bytes]:
    """The redacted analytics and stems by path; nothing is written."""
    content: dict[Path, bytes] = {}
    if found.analytics is not None:
        data = redacted_analytics(_json(found.analytics), result.transcript, result.plan, result.labels)
        content[analytics_file.path_of(target.folder / target.texts)] = analytics_file.dumps(data).encode()
    spans = [each.span for each in muted_spans(result.original, result.plan)]
    for path, speaker in found.stems.items():
        _, decode = media.open_input(path)
        decoded = decode(no_progress)
        if abs(decoded.duration - result.original.duration) > 0.07:  # a frame of AAC
            raise CannotRedact("is a stem of another length than the transcript", where=str(path), hint="remove it")
        sound = redacted_sound(decoded, spans, settings.cover, path.suffix)
        kind: Any = sound.suffix.removeprefix(".") or OTHER_FORMAT
        (written,) = files.stem_paths([result.labels.get(speaker, speaker)], target.texts, target.folder, kind)
        content[written] = sound.content
    return content


def _json(path: Path) -> Any:
    try:
        return json.loads(read_text(path).content)
    except ValueError as error:
        raise FormatError(f"cannot be read: {error}", where=str(path)) from error
