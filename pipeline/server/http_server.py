"""The HTTP server: uvicorn, which ends the work before it closes connections, so that those who wait get an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

import uvicorn

from pipeline.core.errors import ResourceError
from pipeline.server.app import create_app
from pipeline.server.context import Context
from pipeline.server.settings import ServerSettings

ANSWER_SECONDS: Final = 3
"""Seconds that answers have to be sent after the work has ended. Chosen by hand; a larger value lets a slow client
delay the end of the server."""


class HttpServer(uvicorn.Server):
    """A server with these settings; ``on_start`` is called with its address as soon as it listens."""

    def __init__(self, settings: ServerSettings, on_start: Callable[[str], None] | None = None) -> None:
        app = create_app(settings)
        self.context: Context = app.state.context
        self._on_start = on_start
        super().__init__(
            uvicorn.Config(
                app, host=settings.host, port=settings.port, log_config=None, access_log=False, server_header=False,
                timeout_graceful_shutdown=ANSWER_SECONDS,
            )
        )  # fmt: skip

    @property
    def url(self) -> str:
        """The address at which it listens."""
        host = self.context.settings.host
        port = self.servers[0].sockets[0].getsockname()[1]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal ends the server, a second one also its work: an orderly end, exit code 0."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def startup(self, sockets: Any = None) -> None:
        """Listen; `ResourceError` where that cannot be."""
        try:
            await super().startup(sockets)
        except SystemExit as error:
            where = f"{self.config.host}:{self.config.port}"
            raise ResourceError("the address cannot be used", where=where, hint="choose another --port") from error
        if self.started and self._on_start is not None:
            self._on_start(self.url)

    async def shutdown(self, sockets: Any = None) -> None:
        """Accept no connections; let work end within the time for that, or at once after a second signal."""
        for each in self.servers:
            each.close()
        stop = self.context.transcribing.stop
        ending = asyncio.ensure_future(asyncio.to_thread(stop, self.context.settings.grace))
        while not ending.done():
            await asyncio.wait({ending}, timeout=0.1)
            if self.force_exit:
                await asyncio.to_thread(stop, 0.0)
        await ending
        await super().shutdown(sockets)
