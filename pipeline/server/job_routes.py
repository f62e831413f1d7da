"""Jobs for long recordings: ``/v1/jobs``."""

from __future__ import annotations

import asyncio
import glob
import json
import secrets
from collections.abc import AsyncIterator
from pathlib import Path, PurePath
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from pipeline import formats
from pipeline.server.api_errors import IGNORED, ApiError, of_failure, queue_full
from pipeline.server.context import Context, context_of
from pipeline.server.dispatcher import QueueFull
from pipeline.server.downloads import FileDownload
from pipeline.server.job_bodies import receive_file, receive_job
from pipeline.server.job_view import job_object
from pipeline.server.jobs import Job
from pipeline.server.replies import KEEP_ALIVE, STREAM_TYPE
from pipeline.server.request_fields import FLAGS
from pipeline.server.work import TRANSCRIPT, Done, End, Failed, Rendering, Work

CORRECTIONS_BYTES: Final = 20_000_000
"""Largest file of corrections in bytes. Chosen by hand, far above the work of a person on a long recording."""
FIRST: Final = "first"
"""What results without corrections have in their names where others have the name of their corrections."""


def routes() -> APIRouter:
    """The routes of jobs."""
    router = APIRouter(prefix="/v1/jobs")
    router.add_api_route("", _create, methods=["POST"])
    router.add_api_route("/{id}", _get, methods=["GET"])
    router.add_api_route("/{id}", _delete, methods=["DELETE"])
    router.add_api_route("/{id}/events", _events, methods=["GET"])
    router.add_api_route("/{id}/result", _result, methods=["GET"])
    router.add_api_route("/{id}/corrections", _correct, methods=["PUT"])
    return router


def resume(context: Context) -> None:
    """Queue the jobs that the server before this one did not end; called on the event loop."""
    for work in context.jobs.pending():
        context.transcribing.submit(work, accepted=True, observer=context.jobs.observe)


async def _create(request: Request) -> Response:
    context = context_of(request)
    context.require_room()
    id, folder = await asyncio.to_thread(context.jobs.new)
    try:
        asked = await receive_job(request, folder, context.settings)
        work = Work(id, folder, asked.recording, asked.name, asked.config)
        await asyncio.shield(asyncio.to_thread(context.jobs.add, work))
        context.require_room()
        context.transcribing.submit(work, accepted=True, observer=context.jobs.observe)
    except BaseException:
        await asyncio.shield(asyncio.to_thread(_forget, context, id))
        raise
    headers = {"Location": f"/v1/jobs/{id}"}
    if asked.ignored:
        headers[IGNORED] = ", ".join(asked.ignored)
    return JSONResponse(_object(context, id), 202, headers=headers)


def _forget(context: Context, id: str) -> None:
    """Remove what there is of a job that was not accepted."""
    if not context.jobs.delete(id):
        context.jobs.discard(id)


async def _get(request: Request, id: str) -> Response:
    context = context_of(request)
    _require(context, id)
    return JSONResponse(_object(context, id))


async def _delete(request: Request, id: str) -> Response:
    context = context_of(request)
    ticket = context.transcribing.ticket(id)
    if not await asyncio.to_thread(context.jobs.delete, id):
        raise _unknown()
    if ticket is not None:
        ticket.cancel()
    return JSONResponse({"id": id, "object": "job", "deleted": True})


async def _events(request: Request, id: str) -> Response:
    context = context_of(request)
    _require(context, id)
    return StreamingResponse(_stream(context, id), media_type=STREAM_TYPE, headers={"X-Accel-Buffering": "no"})


async def _stream(context: Context, id: str) -> AsyncIterator[bytes]:
    """The job as a server-sent event, now and whenever it changes; the last one is the end of its work."""
    ticket = context.transcribing.ticket(id)
    updates = ticket.updates() if ticket is not None else None
    before: dict[str, Any] | None = None
    is_over = updates is None
    while True:
        now = _object(context, id)
        if now != before:
            yield f"data: {json.dumps(now)}\n\n".encode()
        before = now
        if updates is None or is_over:
            return
        try:
            is_over = isinstance(await asyncio.wait_for(anext(updates), KEEP_ALIVE), End)
        except TimeoutError:
            yield b": waiting\n\n"


async def _result(request: Request, id: str) -> Response:
    context, query = context_of(request), request.query_params
    kind = query.get("format", "json")
    if kind not in formats.names():
        raise ApiError(400, f"format: choose one of {', '.join(formats.names())}", "invalid_value", "format")
    with_corrections = FLAGS.get(query.get("corrected", "1").lower())
    if with_corrections is None:
        raise ApiError(400, "corrected: must be 0 or 1", "invalid_value", "corrected")
    while True:
        job = _require_done(context, id)
        corrections = job.corrections if with_corrections else None
        try:
            return await _file(context, job, kind, corrections)
        except (ApiError, FileNotFoundError):
            if (after := context.jobs.get(id)) is None:
                raise _unknown() from None
            if not with_corrections or after.corrections == corrections:
                raise


async def _file(context: Context, job: Job, kind: str, corrections: str | None) -> Response:
    """The result in a format, which is made at the first request for it."""
    name = PurePath(job.name).stem or "recording"
    folder = context.jobs.folder_of(job.id)
    if kind == "json" and corrections is None:
        return await asyncio.to_thread(FileDownload, folder / TRANSCRIPT, name, ".json")
    target = _target(folder, kind, corrections)
    path = await asyncio.to_thread(_made, target)
    if path is None:
        end = await _render(context, job, kind, corrections)
        if isinstance(end, Failed):
            raise of_failure(end)
        path = await asyncio.to_thread(_made, target)
    if path is None:
        raise FileNotFoundError(target)
    return await asyncio.to_thread(FileDownload, path, name, path.name.removeprefix(target.name))


async def _correct(request: Request, id: str) -> Response:
    context = context_of(request)
    job = _require_done(context, id)
    corrections = secrets.token_hex(8)
    path = _corrections_path(context.jobs.folder_of(id), corrections)
    try:
        await receive_file(request, path, CORRECTIONS_BYTES, context.settings.stall)
        end = await _render(context, job, "json", corrections)
        if isinstance(end, Failed):
            raise of_failure(end)
        if not await asyncio.to_thread(context.jobs.correct, id, corrections):
            raise _unknown()
    except BaseException as error:
        await asyncio.shield(asyncio.to_thread(_remove_corrections, path.parent, corrections))
        if isinstance(error, FileNotFoundError):  # the job was deleted meanwhile
            raise _unknown() from error
        raise
    if job.corrections is not None:
        await asyncio.to_thread(_remove_corrections, path.parent, job.corrections)
    notices = list(end.notices) if isinstance(end, Done) else []
    return JSONResponse({"id": id, "object": "job.corrections", "notices": notices})


async def _render(context: Context, job: Job, kind: str, corrections: str | None) -> End:
    """Write the result in a format with these corrections."""
    folder = context.jobs.folder_of(job.id)
    rendering = Rendering(
        secrets.token_hex(16),
        folder,
        job.recording,
        job.name,
        kind,
        _target(folder, kind, corrections),
        None if corrections is None else _corrections_path(folder, corrections),
    )
    try:
        return await context.rendering.submit(rendering).end()
    except QueueFull as error:
        raise queue_full(error.retry_after) from error


def _target(folder: Path, kind: str, corrections: str | None) -> Path:
    """The file of a result, without its suffix. No name of a format has an @."""
    return folder / f"{corrections or FIRST}@{kind}@"


def _made(target: Path) -> Path | None:
    """The file of a result, if it is there."""
    return next(target.parent.glob(f"{glob.escape(target.name)}.*"), None)


def _corrections_path(folder: Path, corrections: str) -> Path:
    return folder / f"corrections-{corrections}.json"


def _remove_corrections(folder: Path, corrections: str) -> None:
    """Remove corrections that are not in force, and the results with them."""
    for path in (_corrections_path(folder, corrections), *folder.glob(f"{corrections}@*")):
        path.unlink(missing_ok=True)


def _object(context: Context, id: str) -> dict[str, Any]:
    """The job as an object of the API; one that was deleted meanwhile is cancelled."""
    job = context.jobs.get(id)
    if job is None:
        return {"id": id, "object": "job", "status": "cancelled"}
    return job_object(job, context.transcribing.ticket(id), context)


def _require(context: Context, id: str) -> Job:
    job = context.jobs.get(id)
    if job is None:
        raise _unknown()
    return job


def _require_done(context: Context, id: str) -> Job:
    job = _require(context, id)
    if job.status != "done":
        why = job.failure.message if job.failure else "its result is not there yet"
        raise ApiError(409, f"the job is {job.status}: {why}", "not_done")
    return job


def _unknown() -> ApiError:
    return ApiError(404, "there is no such job; it may have been deleted", "job_not_found")
