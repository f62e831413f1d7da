"""Redacted results of a batch: nothing else of a recording is written into the output folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.batch.history import read_results
from pipeline.batch.superseded import ARCHIVE
from pipeline.core.errors import OutputExists, SettingsError
from pipeline.redaction.redaction_file import SUFFIX
from pipeline.redaction.settings import RedactionSettings

if TYPE_CHECKING:
    from pipeline.batch.worker import Setup
    from pipeline.core.output_record import OutputRecord
    from pipeline.core.types import Transcript
    from pipeline.models.protocols import Recognizer
    from pipeline.redaction.outputs import Target

VERSION = 1
"""Version of the redacted results. Raise it when the same transcript gives others: a batch then redacts again."""


def parts_of_key(redaction: RedactionSettings | None) -> tuple[str, ...]:
    """What the redaction adds to the key of a finished recording."""
    if redaction is None:
        return ()
    flags = f"{redaction.cover} {redaction.sound} {redaction.incomplete}"
    return (f"redaction={VERSION} {','.join(redaction.kinds)} {flags}",)


def suffixes_of(redaction: RedactionSettings | None) -> tuple[str, ...]:
    """The suffixes of the further files of a redacted recording."""
    from pipeline.redaction.redacting import SOUND_STEM
    from pipeline.redaction.sound import FORMATS

    return () if redaction is None else (SUFFIX, *(f"{SOUND_STEM}.{name}" for name in FORMATS))


def require_same_redaction(out: Path, redaction: RedactionSettings | None, overwrite: bool) -> None:
    """Raise `SettingsError` for a folder whose results are redacted where these are not, or the other way round.

    Redacted results are never mixed with others, or with results for other kinds: those hold what is redacted.
    """
    present = [
        outputs
        for outputs in read_results(out)
        if any((folder / name).exists() for name in outputs for folder in (out, out / ARCHIVE))
    ]
    hint = "choose another folder with --output-dir"
    if redaction is None:
        if not overwrite and any(_is_redacted(outputs) for outputs in present):
            what = "the folder has redacted results, and --redact is not given"
            raise SettingsError(what, where=str(out), hint=f"{hint}, or replace them with --overwrite")
    elif any(not _is_redacted(outputs) for outputs in present):
        raise SettingsError("the folder has results that are not redacted", where=str(out), hint=hint)
    elif (kinds := _kinds_in(out, present)) and set(kinds) != set(redaction.kinds):
        what = f"the folder has results that are redacted for other kinds ({', '.join(kinds)})"
        raise SettingsError(what, where=str(out), hint=hint)


def _kinds_in(out: Path, present: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """The kinds of the folder's results, by the first list of redactions that is there; empty without one."""
    lists = (out / name for outputs in present for name in outputs if name.endswith(SUFFIX))
    for path in lists:
        with suppress(OSError, ValueError, KeyError, TypeError):  # one that cannot be read says nothing
            return tuple(map(str, json.loads(path.read_bytes())["kinds"]))
    return ()


def _is_redacted(outputs: tuple[str, ...]) -> bool:
    return any(name.endswith(SUFFIX) for name in outputs)


def _refuse_other_results(target: Target, record: OutputRecord) -> None:
    """Raise `OutputExists` for results of the recording that are not redacted: an interrupted batch may have left them.

    The journal does not know them, and other formats would stay where they are.
    """
    present = record.present(target.folder / target.name)
    if present and not target.redaction_file.exists():
        hint = "choose another folder with --output-dir, or remove the results of the recording"
        raise OutputExists("was written before and is not redacted", where=str(present[0]), hint=hint)


def write_redacted(
    transcript: Transcript,
    recording: Path,
    columns: Mapping[str, str],
    place: tuple[Path, Setup, OutputRecord],
    recognizer: Callable[[], Recognizer],
) -> tuple[Transcript, dict[str, str], tuple[Path, ...]]:
    """Redact a transcript and its recording and write both; the redacted transcript and columns, and the paths.

    ``place``: the path of the results without suffix, the batch, and the record of its folder.
    """
    from pipeline.redaction.outputs import Target, write
    from pipeline.redaction.redacting import redact
    from pipeline.redaction.terms import NUMBERS, terms_of

    path, setup, record = place
    assert setup.redaction is not None
    target = Target(path.parent, path.name, path.name, setup.formats, setup.sound, setup.options)
    result = redact(transcript, setup.redaction, recording, recognizer, str(path.relative_to(setup.out)))
    _refuse_other_results(target, record)
    terms = terms_of(result.plan, NUMBERS)
    paths = tuple(write(result, setup.redaction, target, record))
    redacted = result.named(target.sound_stem).transcript
    return redacted, {name: terms.distinct(value) for name, value in columns.items()}, paths
