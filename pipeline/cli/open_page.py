"""``transcribe open A.json``: the page to read, listen and correct, in the browser."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import sys
import tempfile
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import Debug
from pipeline.cli.printing import tell
from pipeline.core.errors import OutputError, SettingsError, printable


def open_page(
    transcript: Annotated[Path, typer.Argument(help="A transcript: json, or another format that can be read.")],
    recording: Annotated[Path | None, typer.Option(help="Its recording, if it is not beside it.")] = None,
    audio: Annotated[str, typer.Option(help="Sound: embed, link or none.")] = "embed",
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page, or only write it.")] = True,
    debug: Debug = False,
) -> None:
    """Open the page of a transcript: read, listen, correct, and download the corrections.

    The page lies in a private temporary folder. It is removed when the command ends: press Enter.
    """
    from pipeline import formats
    from pipeline.core.atomic_write import write_atomically
    from pipeline.formats.reading import read_file
    from pipeline.formats.sound import linked_because_of_size, make_sound, parse_use, recording_beside

    if recording is not None and not recording.is_file():
        raise SettingsError(
            f"the recording is not at {recording}", where="--recording", hint="give the path of its file"
        )
    file = read_file(transcript)
    use = parse_use(audio)
    with _page_folder(transcript) as folder:
        page = folder / f"{formats.stem(transcript, file.kind)}.html"
        source = recording or recording_beside(transcript, file.transcript)
        sound = make_sound(page, recording=source, transcript=file.transcript, use=use)
        write_atomically(page, formats.dumps(file.transcript, "html", file.session, sound=sound))
        reason = linked_because_of_size(file.transcript, use)
        if reason or (sound.missing and use != "none"):
            tell(printable(f"transcribe: {reason or f'no sound: {sound.missing}'}"))
        _show(page, browser)


def _show(page: Path, browser: bool) -> None:
    """Open the page, and wait until the user is done with it: Enter, Ctrl-C, or the end of the terminal."""
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, signal.getsignal(signal.SIGTERM))
    if browser and not webbrowser.open(page.as_uri()):
        tell("transcribe: no browser could be started")
    tell(printable(f"transcribe: the page is {page}; press Enter to remove it"))
    if not sys.stdin.readline():  # started without a terminal
        signal.pause()


@contextmanager
def _page_folder(transcript: Path) -> Iterator[Path]:
    """A folder that only this user can read, the same for the same transcript; removed by the last who leaves it.

    Browsers keep unsaved corrections by the address of a page, so that a new address each time would lose them.
    """
    place = hashlib.sha256(os.fsencode(transcript.absolute())).hexdigest()[:16]
    base = Path(tempfile.gettempdir()) / f"crosstalk-{os.getuid()}"
    folder, lock = base / place, base / f"{place}.lock"
    try:
        base.mkdir(mode=0o700, exist_ok=True)
        if base.is_symlink() or base.stat().st_uid != os.getuid() or base.stat().st_mode & 0o077:
            raise OutputError("is not a private folder", where=str(base), hint="remove it")
        folder.mkdir(mode=0o700, exist_ok=True)
        held = lock.open("w")
    except OSError as error:
        raise OutputError(f"cannot be made: {error.strerror}", where=str(base), hint="set TMPDIR") from error
    with held:
        fcntl.flock(held, fcntl.LOCK_SH)
        try:
            yield folder
        finally:
            with suppress(BlockingIOError):  # another command shows the same transcript
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
                lock.unlink(missing_ok=True)
