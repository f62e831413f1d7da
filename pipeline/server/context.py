"""What the routes share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.requests import Request

from pipeline.server.api_errors import queue_full
from pipeline.server.dispatcher import QueueFull
from pipeline.server.settings import ServerSettings

if TYPE_CHECKING:
    from pipeline.server.dispatcher import Dispatcher
    from pipeline.server.jobs import Jobs
    from pipeline.server.metrics import Metrics
    from pipeline.server.work import Rendering, Work


@dataclass(frozen=True, slots=True)
class Context:
    """The parts of a running server."""

    settings: ServerSettings
    transcribing: Dispatcher[Work]
    rendering: Dispatcher[Rendering]
    jobs: Jobs
    metrics: Metrics

    @property
    def requests(self) -> Path:
        """The folder of requests that are answered at once."""
        return self.settings.folder / "requests"

    def require_room(self) -> None:
        """Raise `ApiError` where the queue is full: before an upload, so that it is not sent for nothing."""
        try:
            self.transcribing.require_room()
        except QueueFull as error:
            raise queue_full(error.retry_after) from error


def context_of(request: Request) -> Context:
    """The context of a request's application."""
    context: Context = request.app.state.context
    return context
