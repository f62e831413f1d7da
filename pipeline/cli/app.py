"""The command ``transcribe``: parse, call one function, render; errors become one line and an exit code.

Exit codes: 0 done (no speech counts as done) · 1 usage or settings · 2 input refused · 3 some of a batch failed · 4 all
failed · 5 out of disk, memory or missing models, resumable · 6 not redacted or not verified · 130/143 interrupted,
resumable.
"""

from __future__ import annotations

import difflib
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

import typer

from pipeline.cli import (
    analyze,
    apply,
    batch,
    bench,
    cache,
    config,
    convert,
    doctor,
    minutes,
    models,
    open_page,
    redact,
    rename,
    run,
    score,
    serve,
    simulate,
    speaker_comparison,
    speaker_gallery,
    split,
)
from pipeline.cli.printing import drop_unread
from pipeline.core.allocator import keep_freed_memory
from pipeline.core.atomic_write import as_error_of_unknown_direction
from pipeline.core.errors import CrosstalkError, OutOfMemory, SettingsError

USAGE, INTERRUPTED, TERMINATED = 1, 130, 143
"""Exit codes beside those of `pipeline.core.errors`; the last two are 128 and the number of the signal."""
COMMANDS = (
    "run",
    "split",
    "batch",
    "analyze",
    "report",
    "convert",
    "rename",
    "apply",
    "redact",
    "open",
    "minutes",
    "speakers",
    "serve",
    "models",
    "score",
    "simulate",
    "bench",
    "config",
    "doctor",
    "cache",
)
OLD_OPTIONS = {"batch": {"--out": "--output-dir"}}
"""Old names of options, by command: they are accepted, and not in the help."""
_COMMAND_LIKE = re.compile(r"[A-Za-z][A-Za-z-]*")
_GROUP_OPTIONS = ("--help", "-h", "--version", "--install-completion", "--show-completion")

_UsageError: Any = typer.BadParameter.__mro__[1]
"""click's, which typer vendors and does not name."""

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="`transcribe RECORDING...` is short for `transcribe run RECORDING...`; its options: transcribe run --help",
)


@app.callback(invoke_without_command=True)
def _top(version: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
    """Transcribe recordings with several speakers, also in overlapping speech.

    transcribe meeting.m4a --speakers 3
    """
    if version:
        from pipeline import __version__

        typer.echo(f"transcribe {__version__}")
        raise typer.Exit


app.command("run")(run.run)
app.command("batch")(batch.batch)
app.command("analyze")(analyze.analyze)
app.command("report")(analyze.report)
app.command("split")(split.split)
app.command("convert")(convert.convert)
app.command("rename")(rename.rename)
app.command("apply")(apply.apply)
app.command("redact")(redact.redact)
app.command("open")(open_page.open_page)
app.command("minutes")(minutes.minutes)
app.command("serve")(serve.serve)
app.command("score")(score.score)
app.command("simulate")(simulate.simulate)
app.command("bench")(bench.bench)
app.command("config")(config.show)
app.command("doctor")(doctor.doctor)
app.command("cache")(cache.cache)
app.add_typer(models.app, name="models")
speaker_gallery.app.command("calibrate")(speaker_comparison.calibrate)
speaker_gallery.app.command("match")(speaker_comparison.match)
app.add_typer(speaker_gallery.app, name="speakers")


def main(arguments: list[str] | None = None) -> None:
    """The entry point of the script ``transcribe``; never returns."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    keep_freed_memory()
    _open_streams()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        code = app(args=_with_current_options(_with_command(given)), prog_name="transcribe", standalone_mode=False)
        sys.exit(code or 0)
    except _UsageError as error:
        error.show()
        sys.exit(USAGE)
    except CrosstalkError as error:
        _fail(error, "--debug" in given)
    except _Stopped as stopped:
        what = "interrupted" if stopped.number == signal.SIGINT else "terminated"
        _leave(f"{what}; run the same command again to resume", 128 + stopped.number)
    except BrokenPipeError as error:
        if drop_unread():  # `| head -1` has read enough: files are written before anything is printed
            sys.exit(0)
        _fail(as_error_of_unknown_direction(error), "--debug" in given)
    except OSError as error:
        _fail(as_error_of_unknown_direction(error), "--debug" in given)
    except MemoryError:
        _fail(OutOfMemory("memory ran out", hint="close other programs or transcribe a shorter piece"), False)


def _open_streams() -> None:
    """Open standard streams that were closed (`>&-`, some schedulers) to nothing: else the next file would be one."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = Path(os.devnull).open(mode)  # noqa: SIM115 - as long as the process
            os.set_inheritable(nowhere.fileno(), True)
            setattr(sys, name, nowhere)


class _Stopped(BaseException):
    """SIGINT or SIGTERM, unwinding the stack so that temporary files are removed; no library turns it into its own."""

    def __init__(self, number: int) -> None:
        self.number = number


def _stop(number: int, frame: Any) -> None:
    raise _Stopped(number)


def _with_command(given: list[str]) -> list[str]:
    """The arguments with ``run`` in front, unless they begin with a command or an option of the whole program.

    A first argument that is no file but resembles a command is a `SettingsError` that names the command.
    """
    if not given or given[0] in COMMANDS or given[0] in _GROUP_OPTIONS:
        return given
    command = _nearest_command(given[0])
    if command is not None:
        raise SettingsError(f"no command or file is called {given[0]!r}", hint=f"did you mean: transcribe {command}?")
    return ["run", *given]


def _with_current_options(given: list[str]) -> list[str]:
    """The arguments with old names of options replaced."""
    renamed = OLD_OPTIONS.get(given[0], {}) if given else {}
    end = given.index("--") if "--" in given else len(given)
    current = []
    for argument in given[:end]:
        name, equals, value = argument.partition("=")
        current.append(renamed.get(name, name) + equals + value)
    return current + given[end:]


def _nearest_command(word: str) -> str | None:
    """The command that resembles the word most; None for options, files, and anything like a path."""
    if not _COMMAND_LIKE.fullmatch(word) or os.path.lexists(word):
        return None
    names = {**{command: command for command in COMMANDS}, "transcribe": "RECORDING..."}
    close = difflib.get_close_matches(word.lower(), names, n=1, cutoff=0.7)
    return names[close[0]] if close else None


def _fail(error: CrosstalkError, debug: bool) -> None:
    if debug:
        raise error
    _leave(error.line, error.exit_code)


def _leave(line: str, code: int) -> None:
    """Print one line and exit at once: no library's clean-up at exit delays an interrupted run."""
    sys.stdout.flush()
    print(f"transcribe: {line}", file=sys.stderr, flush=True)  # noqa: T201 — the last line of the program
    if code in (INTERRUPTED, TERMINATED):
        os._exit(code)
    sys.exit(code)
