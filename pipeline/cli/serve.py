"""``transcribe serve``: a server for programs and for people."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from pipeline.cli.options import Debug, Device, Model, Offline, SettingsOptions, Threads, options
from pipeline.cli.printing import tell
from pipeline.core.errors import SettingsError, printable
from pipeline.core.text import read_text

if TYPE_CHECKING:
    from pipeline.server.settings import ServerSettings

_UNITS: Final = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "s": 1, "m": 60, "h": 3600, "d": 86_400}
MIN_TOKEN: Final = 16
"""Fewest characters of a token. Chosen by hand: 16 random letters and digits cannot be guessed over a network."""


@dataclass(frozen=True, slots=True)
class ServeOptions(SettingsOptions):
    """Options of the command: settings of transcription, and of the server."""

    model: Model = None
    device: Device = None
    threads: Threads = None
    offline: Offline = False
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1"
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen at; 0: any free one.")] = 8000
    workers: Annotated[int, typer.Option(min=1, max=256, help="Recordings transcribed at the same time.")] = 1
    token_file: Annotated[Path | None, typer.Option(help="A file with the token that clients must present.")] = None
    max_upload: Annotated[str, typer.Option(help="Largest upload, such as 500MB.")] = "2GB"
    queue: Annotated[int, typer.Option(min=1, help="Most recordings that wait; more are refused for now (429).")] = 32
    keep: Annotated[str, typer.Option(help="How long finished jobs are kept, such as 30m or 7d.")] = "1h"
    folder: Annotated[Path | None, typer.Option(help="Folder of uploads, results and the journal.")] = None
    recordings: Annotated[Path | None, typer.Option(help="Folder below which jobs may name recordings.")] = None
    origin: Annotated[
        list[str] | None,
        typer.Option(help="Origin under which a proxy offers the server, or of a page that may use it."),
    ] = None
    per_client: Annotated[int, typer.Option(min=1, help="Most requests of one address at a time.")] = 8
    i_know: Annotated[bool, typer.Option("--i-know", help="Allow another address than loopback without a token.")] = (
        False
    )

    def server(self) -> ServerSettings:
        """The settings of the server; raises `SettingsError`."""
        from pipeline.server.app import default_folder
        from pipeline.server.settings import ServerSettings

        config = self.settings(model=self.model, device=self.device, threads=self.threads, offline=self.offline)
        settings = ServerSettings(
            config=config,
            preset=self.preset,
            folder=(self.folder or default_folder()).absolute(),
            host=self.host,
            port=self.port,
            workers=self.workers,
            token=read_token(self.token_file) if self.token_file else None,
            max_upload=amount(self.max_upload, "--max-upload", ("KB", "MB", "GB")),
            queue=self.queue,
            keep=amount(self.keep, "--keep", ("s", "m", "h", "d")),
            recordings=self.recordings.resolve() if self.recordings else None,
            origins=tuple(self.origin or ()),
            per_client=self.per_client,
        )
        for origin in settings.origins:
            if not re.fullmatch(r"https?://[^/\s]+", origin):
                hint = "scheme and name, and a port if there is one: https://intranet.example"
                raise SettingsError("this is no origin", where=f"--origin {origin}", hint=hint)
        if not settings.is_local and settings.token is None and not self.i_know:
            message = "everyone who reaches this address could use the server"
            raise SettingsError(message, where=f"--host {self.host}", hint="give a --token-file, or say --i-know")
        if settings.recordings and not settings.recordings.is_dir():
            raise SettingsError("there is no such folder", where=str(self.recordings), hint="check --recordings")
        return settings


@options(chosen=ServeOptions)
def serve(chosen: ServeOptions, debug: Debug = False) -> None:
    """Transcribe for other programs, and for people on a page: the audio API of OpenAI's clients, and jobs.

    It listens to this machine only, unless another address is given.
    """
    _require_packages()
    settings = chosen.server()
    from pipeline.engine.preflight import require
    from pipeline.models.weights import Store
    from pipeline.server.http_server import HttpServer
    from pipeline.server.log import log_to_standard_error

    require(settings.config, Store(offline=settings.config.runtime.offline))
    log_to_standard_error()
    HttpServer(settings, lambda url: tell(printable(f"transcribe: serving at {url} (Ctrl-C ends it)"))).run()


def _require_packages() -> None:
    try:
        import fastapi  # noqa: F401
        import prometheus_client  # noqa: F401
        import python_multipart  # noqa: F401
        import uvicorn  # noqa: F401
    except ModuleNotFoundError as error:
        what = f"the server needs {error.name}"
        raise SettingsError(what, hint="pip install 'crosstalk-transcribe[serve]'") from error


def read_token(path: Path) -> str:
    """The token in a file, without the line break; raises `FormatError` and `SettingsError`."""
    text = read_text(path).content.strip()
    if len(text) < MIN_TOKEN or not text.isascii() or not text.isprintable() or " " in text:
        message = f"a token has at least {MIN_TOKEN} letters, digits or signs, on one line"
        raise SettingsError(message, where=str(path), hint="make one: openssl rand -hex 32")
    if os.name == "posix" and path.stat().st_mode & 0o077:
        tell(printable(f"transcribe: warning: other users may read {path}; chmod 600 it"))
    return text


def amount(text: str, option: str, units: tuple[str, ...]) -> int:
    """Bytes of ``500MB``, or seconds of ``30m``; a number alone has the smallest unit. Raises `SettingsError`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?([A-Za-z]*)", text.strip())
    known = {unit.lower(): _UNITS[unit] for unit in units} | {"": 1}
    if not match or match[2].lower() not in known or not float(match[1]):
        raise SettingsError(f"{text!r} is no amount", where=option, hint=f"a number and one of {', '.join(units)}")
    return round(float(match[1]) * known[match[2].lower()])
