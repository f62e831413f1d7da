"""The program of a renderer: write finished transcripts in any format, corrected where that is asked for."""

from __future__ import annotations

import time
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from pipeline.core.atomic_write import write_atomically
from pipeline.core.errors import FormatError, InputError, ResourceError, SettingsError
from pipeline.server.api_errors import problem_of
from pipeline.server.failures import failure_of
from pipeline.server.log import log_to_standard_error
from pipeline.server.work import TRANSCRIPT, Done, Failed, Rendering, require_unmoved
from pipeline.workers.program import Control, Handler

if TYPE_CHECKING:
    from pipeline.core.types import Transcript
    from pipeline.formats.base import Format, Sound

PROGRAM: Final = "pipeline.server.renderer:start"
"""What a renderer runs, for `pipeline.workers.program.Program`; it has no setup."""
SAVE: Final = "corrections"
"""Where a page saves corrections: the address beside the one under which it is served (``result``)."""


def start(setup: None) -> Handler:
    """Nothing is loaded before the first rendering."""
    log_to_standard_error()
    return render


def render(rendering: Rendering, control: Control) -> Done | Failed:
    """Write one file: ``target`` with the suffix of the format. Never raises an `Exception`."""
    began = time.perf_counter()
    try:
        transcript = _transcript(rendering)
        format_ = _format(rendering.format)
        title = PurePath(rendering.name).stem or "recording"
        content = format_.dumps(transcript, title, **_options(format_, rendering, transcript))
        write_atomically(rendering.target.with_name(rendering.target.name + format_.suffix), content)
    except Exception as fault:
        return failure_of(fault)
    notices = tuple(dict.fromkeys(notice.code for notice in transcript.notices))
    return Done(transcript.duration, time.perf_counter() - began, notices=notices)


def _transcript(rendering: Rendering) -> Transcript:
    """The transcript, with its corrections; `SettingsError` for corrections that cannot be used."""
    from pipeline import formats
    from pipeline.core.text import read_text
    from pipeline.corrections import apply_corrections, loads
    from pipeline.corrections.saved import with_misfits

    try:
        transcript = formats.load(rendering.folder / TRANSCRIPT, "json")
    except (FormatError, InputError) as error:
        raise ResourceError("the transcript of this job cannot be read") from error
    if rendering.corrections is None:
        return transcript
    try:
        return with_misfits(apply_corrections(transcript, loads(read_text(rendering.corrections).content)))
    except (FormatError, InputError) as error:
        raise SettingsError(f"corrections: {problem_of(error)}") from error


def _format(name: str) -> Format:
    """The format of a name; those of modules by path are for the command line alone."""
    from pipeline import formats

    if name not in formats.names():
        raise SettingsError(f"format: there is no {name!r}")
    return formats.get(name)


def _options(format_: Format, rendering: Rendering, transcript: Transcript) -> dict[str, Any]:
    """What the format takes: the sound of the recording, and where its page saves corrections."""
    options: dict[str, Any] = {}
    if "sound" in format_.options:
        options["sound"] = _sound(rendering, transcript)
    if "save" in format_.options:
        options["save"] = SAVE
    return options


def _sound(rendering: Rendering, transcript: Transcript) -> Sound:
    """The recording, embedded; what is too large is left out, since a link would lead to a file of the server."""
    from pipeline.formats.base import Sound
    from pipeline.formats.sound import linked_because_of_size, make_sound

    try:
        require_unmoved(rendering.recording, rendering.folder)
    except InputError as error:
        return Sound(missing=error.what)
    if linked_because_of_size(transcript, "embed"):
        return Sound(missing="the recording is too long to be embedded in the page")
    return make_sound(rendering.target, recording=rendering.recording, transcript=transcript)
