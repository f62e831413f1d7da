"""What requests for jobs send: an upload, or JSON with the path of a recording below the operator's folder."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request

from pipeline.server.api_errors import ApiError
from pipeline.server.audio_request import AudioRequest, parse
from pipeline.server.bodies import chunks, raise_if_full
from pipeline.server.settings import ServerSettings
from pipeline.server.uploads import Form, Uploaded, receive_form, shown_name

JSON_BYTES: Final = 16_000_000
"""Largest body in JSON in bytes: that of all fields of an upload. A larger value lets a body take more memory."""
OF_ANSWERS: Final = ("response_format", "stream", "include", "timestamp_granularities")
"""Fields of the audio API that jobs do not have: their results are fetched in any format."""
_MODEL: Final = ("model", "crosstalk")


async def receive_job(request: Request, folder: Path, settings: ServerSettings) -> AudioRequest:
    """What the body of a new job asks for; its uploads are written to ``folder``. Raises `ApiError`."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json":
        form = await _form_of_json(request, settings)
    else:
        form = await receive_form(request, folder, settings)
    names = [name.partition("[")[0] for name, _ in form.fields]
    for name in OF_ANSWERS:
        if name in names:
            raise ApiError(
                400, f"{name}: jobs have no such field; choose a format of the result", "invalid_value", name
            )
    fields = form.fields if "model" in names else (*form.fields, _MODEL)
    return await asyncio.to_thread(parse, Form(fields, form.files), folder, settings)


async def receive_file(request: Request, path: Path, most: int, stall: float) -> None:
    """Write the body of a request to a new file, of at most ``most`` bytes; raises `ApiError`."""
    try:
        with path.open("xb") as file:
            async for chunk in chunks(request, most, stall):
                await asyncio.to_thread(file.write, chunk)
    except OSError as error:
        raise_if_full(error)
        raise


async def _form_of_json(request: Request, settings: ServerSettings) -> Form:
    """A body in JSON as the form that says the same."""
    most = min(JSON_BYTES, settings.max_upload)
    content = b"".join([chunk async for chunk in chunks(request, most, settings.stall)])
    try:
        data = await asyncio.to_thread(json.loads, content)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "the body is not valid JSON", "invalid_json") from error
    if not isinstance(data, dict):
        raise ApiError(400, "the body is not an object of JSON", "invalid_json")
    uploaded = await asyncio.to_thread(recording_below, settings.recordings, data.pop("path", None))
    return Form(tuple(_fields(data)), {"file": uploaded})


def recording_below(folder: Path | None, name: object) -> Uploaded:
    """The recording of a name below the operator's folder, its links followed; `ApiError` for anything else."""
    if folder is None:
        raise ApiError(400, "path: this server has no folder of recordings; upload the file", "invalid_value", "path")
    if not isinstance(name, str) or not name:
        raise ApiError(400, "path: name a recording in the server's folder", "missing_file", "path")
    try:
        base = folder.resolve(strict=True)
        path = (base / name).resolve(strict=True)
        if path.is_relative_to(base) and path.is_file():
            return Uploaded(path, shown_name(path.name), path.stat().st_size)
    except (OSError, ValueError, RuntimeError):  # no such file, a name that no file can have, a loop of links
        pass
    raise ApiError(400, "path: there is no such recording in the server's folder", "missing_file", "path")


def _fields(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The values of an object as fields of a form: a list repeats its field, an object has a field for each part."""
    for name, value in data.items():
        plain = name.removesuffix("[]")
        if isinstance(value, list):
            yield from ((f"{plain}[]", _text(plain, item)) for item in value)
        elif isinstance(value, dict):
            yield from ((f"{plain}[{part}]", _text(plain, item)) for part, item in value.items())
        elif value is not None:
            yield plain, _text(plain, value)


def _text(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    raise ApiError(400, f"{name[:100]}: is neither a text nor a number", "invalid_value", name[:100])
