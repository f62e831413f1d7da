"""``POST /v1/audio/transcriptions``, as clients of OpenAI's audio API send it, and ``GET /v1/models``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from fastapi import APIRouter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from pipeline.server import folders
from pipeline.server.api_errors import IGNORED, ApiError, client_gone, of_failure, queue_full
from pipeline.server.audio_request import AudioRequest, models, parse, unknown_model
from pipeline.server.context import Context, context_of
from pipeline.server.dispatcher import QueueFull, Ticket
from pipeline.server.replies import KEEP_ALIVE, MEDIA_TYPE, STREAM_TYPE
from pipeline.server.replies.answer import event
from pipeline.server.uploads import receive_form
from pipeline.server.work import REPLY, Cancelled, Done, End, Failed, StageProgress, Update, Waiting, Work

T = TypeVar("T")


def routes() -> APIRouter:
    """The routes of this module."""
    router = APIRouter()
    router.add_api_route("/v1/audio/transcriptions", create_transcription, methods=["POST"], response_model=None)
    router.add_api_route("/v1/models", list_models, methods=["GET"], response_model=None)
    router.add_api_route("/v1/models/{model}", show_model, methods=["GET"], response_model=None)
    return router


async def list_models() -> Response:
    """The models that requests may name."""
    return JSONResponse({"object": "list", "data": [_model(name) for name in models()]})


async def show_model(model: str) -> Response:
    """One model."""
    if model not in models():
        raise unknown_model(model)
    return JSONResponse(_model(model))


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "crosstalk"}


async def create_transcription(request: Request) -> Response:
    """The transcript of an uploaded recording; its folder is removed with the answer, however the request ends."""
    context = context_of(request)
    context.require_room()
    work = folders.new_name()
    folder = context.requests / work
    folder.mkdir(mode=0o700)
    try:
        asked = await _asked(request, folder, context)
        ticket = _submit(context, Work(work, folder, asked.recording, asked.name, asked.config, asked.reply))
    except BaseException:
        await asyncio.to_thread(folders.remove, folder)
        raise
    headers = {IGNORED: ", ".join(asked.ignored)} if asked.ignored else {}
    if asked.reply.stream:
        return EventStream(ticket, headers)
    try:
        end = await unless_gone(request.receive, ticket.end())
        body = await asyncio.to_thread(_reply, end, folder)
    except ClientDisconnect as error:
        raise client_gone() from error
    finally:
        await _finish(ticket)
    return Response(body, headers=headers, media_type=MEDIA_TYPE[asked.reply.format])


class EventStream(StreamingResponse):
    """An answer whose headers and first comment are sent at once, and its events at the end of the work."""

    def __init__(self, ticket: Ticket[Work], headers: Mapping[str, str]) -> None:
        super().__init__(
            _events(ticket),
            headers={**headers, "Cache-Control": "no-store", "X-Accel-Buffering": "no"},
            media_type=STREAM_TYPE,
        )
        self._ticket = ticket

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await unless_gone(receive, self.stream_response(send))
        except ClientDisconnect:
            return
        finally:
            await _finish(self._ticket)


async def unless_gone(receive: Receive, work: Awaitable[T]) -> T:
    """The result of ``work``; `ClientDisconnect` if the client closes the connection first. The body was read."""
    working = asyncio.ensure_future(work)
    watching = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait((working, watching), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return await working
    finally:
        working.cancel()
        watching.cancel()
        await asyncio.gather(working, watching, return_exceptions=True)


async def _asked(request: Request, folder: Path, context: Context) -> AudioRequest:
    form = await receive_form(request, folder, context.settings)
    return await asyncio.to_thread(parse, form, folder, context.settings)


def _submit(context: Context, work: Work) -> Ticket[Work]:
    try:
        return context.transcribing.submit(work)
    except QueueFull as error:
        raise queue_full(error.retry_after) from error


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _finish(ticket: Ticket[Work]) -> None:
    """Stop the work if it has not ended, and remove its folder."""
    if not isinstance(ticket.latest, End):
        ticket.cancel()
    await ticket.end()
    await asyncio.to_thread(folders.remove, ticket.job.folder)


def _reply(end: End, folder: Path) -> bytes:
    """The body that a worker wrote; `ApiError` for work without a result."""
    match end:
        case Done():
            return (folder / REPLY).read_bytes()
        case Failed():
            raise of_failure(end)
        case Cancelled():
            raise client_gone()


async def _events(ticket: Ticket[Work]) -> AsyncIterator[bytes]:
    """A comment whenever there is something new, at least every `KEEP_ALIVE` seconds; then the events of the answer."""
    updates = aiter(ticket.updates())
    following = asyncio.ensure_future(anext(updates))
    text = ""
    try:
        while True:
            done, _ = await asyncio.wait((following,), timeout=KEEP_ALIVE)
            before = text
            if done:
                update = following.result()
                if isinstance(update, End):
                    break
                text, following = _comment(update), asyncio.ensure_future(anext(updates))
            if not done or text != before:
                yield text.encode()
    finally:
        following.cancel()
    try:
        yield await asyncio.to_thread(_reply, update, ticket.job.folder)
    except ApiError as error:
        yield event(error.body)


def _comment(update: Update) -> str:
    """A line that clients skip."""
    match update:
        case Waiting():
            return f": waiting {update.position}\n\n"
        case StageProgress() if update.total > 0:
            return f": {update.stage} {100 * update.done / update.total:.0f} %\n\n"
        case StageProgress():
            return f": {update.stage}\n\n"
        case _:
            return ": started\n\n"
