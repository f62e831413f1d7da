"""The application: its parts, its routes, how it starts and stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from pipeline.batch.recording_pool import environments_of, share_of
from pipeline.batch.worker import Limits
from pipeline.core.errors import CrosstalkError
from pipeline.server import audio_routes, folders, job_routes, operation, page_routes, renderer, security, worker
from pipeline.server.api_errors import ApiError, of_error
from pipeline.server.context import Context
from pipeline.server.dispatcher import Dispatcher
from pipeline.server.jobs import Jobs
from pipeline.server.log import LOG, described
from pipeline.server.metrics import Metrics
from pipeline.server.settings import ServerSettings
from pipeline.server.work import End, Rendering, Update, Work
from pipeline.workers.program import Program

SWEEP_SECONDS: Final = 30.0
"""Seconds between two searches for jobs that are older than `ServerSettings.keep`. Chosen by hand; a larger value keeps
them longer."""
RENDERINGS: Final = 64
"""Most renderings that wait: each takes a second or two. Chosen by hand; more are answered with 429."""
RENDER_SECONDS: Final = 300.0
"""Time limit of one rendering in seconds. Chosen by hand: a page of ten hours with its sound takes a minute."""


FIRST_SECONDS: Final = 1800.0
"""Seconds in which a recording must be decoded, and other models loaded for it; its own limit begins then. Chosen by
hand, above the time for a day of sound; a larger value lets a worker that hangs keep its place longer."""


def create_app(settings: ServerSettings) -> FastAPI:
    """The application with these settings; its workers start with it."""
    app = FastAPI(title="Crosstalk", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_lifespan)
    app.state.context = _context(settings)
    for module in (audio_routes, job_routes, page_routes, operation):
        app.include_router(module.routes())
    _answer_errors(app)
    operation.install(app)
    security.install(app, settings)
    return app


def _context(settings: ServerSettings) -> Context:
    settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    metrics = Metrics()

    def count(work: Work, update: Update) -> None:
        if isinstance(update, End):
            metrics.ended(update)

    setup = worker.WorkerSetup(share_of(settings.config, settings.workers), Limits())
    transcribing: Dispatcher[Work] = Dispatcher(
        Program(worker.PROGRAM, setup),
        settings.workers,
        capacity=settings.queue,
        seconds=FIRST_SECONDS,
        environments=environments_of(settings.config, settings.workers),
        observer=count,
    )
    rendering: Dispatcher[Rendering] = Dispatcher(
        Program(renderer.PROGRAM), 1, capacity=RENDERINGS, seconds=RENDER_SECONDS, attempts=2, on_demand=True
    )
    return Context(settings, transcribing, rendering, Jobs(settings.folder, settings.keep), metrics)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Start the workers and take up the jobs of before; at the end, let work in progress finish for a while."""
    context: Context = app.state.context
    context.requests.mkdir(mode=0o700, exist_ok=True)
    folders.remove_leftovers(context.requests)
    context.transcribing.start()
    context.rendering.start()
    job_routes.resume(context)
    sweeper = asyncio.create_task(_sweep(context.jobs.sweep))
    try:
        yield
    finally:
        sweeper.cancel()
        with suppress(asyncio.CancelledError):
            await sweeper
        await asyncio.to_thread(context.transcribing.stop, context.settings.grace)
        await asyncio.to_thread(context.rendering.stop, 0.0)
        context.jobs.close()


async def _sweep(sweep: Callable[[], Any]) -> None:
    while True:
        try:
            await asyncio.to_thread(sweep)
        except Exception as error:  # a full disk, a locked journal: the next search may succeed
            LOG.error("old jobs were not deleted: %s", described(error))
        await asyncio.sleep(SWEEP_SECONDS)


def _answer_errors(app: FastAPI) -> None:
    """Every error that a route raises becomes an answer in the shape of the audio API."""

    @app.exception_handler(ApiError)
    async def api_error(request: Request, error: ApiError) -> Response:
        return JSONResponse(error.body, error.status, headers=error.headers)

    @app.exception_handler(CrosstalkError)
    async def package_error(request: Request, error: CrosstalkError) -> Response:
        return await api_error(request, of_error(error))

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        missing = error.status_code == 404
        message = f"there is nothing at {request.method} {request.url.path}" if missing else str(error.detail)
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code)
        response = await api_error(request, ApiError(error.status_code, message, code))
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(RequestValidationError)
    async def wrong_parameter(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        return await api_error(request, ApiError(400, str(first["msg"]), "invalid_value", str(first["loc"][-1])))


def default_folder() -> Path:
    """The folder of the server where none is named: the user's folder for the state of programs."""
    import platformdirs

    return Path(platformdirs.user_state_dir("crosstalk", appauthor=False)) / "server"
