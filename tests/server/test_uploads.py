"""Multipart bodies: nothing is lost or added however they are cut, and after an error nothing is left on disk."""

from __future__ import annotations

import resource
import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.server.api_errors import ApiError
from pipeline.server.uploads import FIELD_BYTES, FIELDS_BYTES, MAX_PARTS, REFERENCE_BYTES, shown_name
from tests.server.multipart import BOUNDARY, MULTIPART, Part, body_of, received, request_of, settings

WAV: Part = ("file", "talk.wav", b"RIFF" + bytes(range(256)) * 20)
TEXTS = st.text(max_size=20) | st.sampled_from(["\r\n", "--", f"--{BOUNDARY}x", f"\r\n--{BOUNDARY}", "a\r\nb", ""])
CONTENTS = st.binary(max_size=300) | st.sampled_from([b"\r\n", b"\r\n--", f"\r\n--{BOUNDARY[:5]}\r\n--".encode()])


def is_safe(content: bytes) -> bool:
    return f"\r\n--{BOUNDARY}".encode() not in b"\r\n" + content


@st.composite
def forms(draw: st.DrawFn) -> list[Part]:
    fields = draw(st.lists(st.tuples(st.sampled_from(["model", "keywords[]", "x"]), TEXTS), max_size=5))
    parts: list[Part] = [(name, None, text.encode()) for name, text in fields]
    for name in draw(st.lists(st.sampled_from(["file", "other"]), max_size=2, unique=True)):
        parts.insert(draw(st.integers(0, len(parts))), (name, "a.wav", draw(CONTENTS)))
    return [part for part in parts if is_safe(part[2])]


def cut(body: bytes, places: Sequence[int]) -> list[bytes]:
    edges = sorted({0, len(body), *(place % (len(body) + 1) for place in places)})
    return [body[start:end] for start, end in pairwise(edges)]


@given(parts=forms(), places=st.lists(st.integers(0, 5000), max_size=8))
def test_every_part_arrives_however_the_body_is_cut(parts: list[Part], places: list[int]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        form = received(request_of(cut(body_of(parts), places)), folder, settings(folder))
        assert [(name, text.encode()) for name, text in form.fields] == [(n, c) for n, file, c in parts if file is None]
        files = {name: content for name, file, content in parts if file is not None}
        assert {name: each.path.read_bytes() for name, each in form.files.items()} == files
        assert {name: each.size for name, each in form.files.items()} == {n: len(c) for n, c in files.items()}
        assert sorted(folder.iterdir()) == sorted(each.path for each in form.files.values())


def test_a_body_byte_by_byte_and_a_large_one(tmp_path: Path) -> None:
    body = body_of([WAV, ("model", None, b"crosstalk")])
    form = received(request_of([bytes([byte]) for byte in body]), tmp_path, settings(tmp_path))
    assert form.files["file"].path.read_bytes() == WAV[2]
    large = bytes(range(256)) * 8000
    chunks = cut(body_of([("file", "b.wav", large)]), range(0, 2_100_000, 65_536))
    (tmp_path / "large").mkdir()
    form = received(request_of(chunks), tmp_path / "large", settings(tmp_path))
    assert form.files["file"].path.read_bytes() == large


@pytest.mark.parametrize(
    ("sent", "path", "shown"),
    [
        ("talk.wav", "upload-0.wav", "talk.wav"),
        ("../../etc/passwd", "upload-0", "passwd"),
        ("..\\..\\boot.ini", "upload-0.ini", "boot.ini"),
        ("/etc/cron.d/x.MP3", "upload-0.mp3", "x.MP3"),
        ("a.b/c", "upload-0", "c"),
        ("x.verylongsuffix", "upload-0", "x.verylongsuffix"),
        ("x.w\u0430v", "upload-0", "x.w\u0430v"),
        ("..", "upload-0", ".."),
        ("", "upload-0", "recording"),
        ("\x1b[31m\u202e.wav", "upload-0.wav", "\ufffd[31m\ufffd.wav"),
    ],
)
def test_no_name_of_a_client_names_a_path(tmp_path: Path, sent: str, path: str, shown: str) -> None:
    form = received(request_of([body_of([("file", sent, b"x")])]), tmp_path, settings(tmp_path))
    assert (form.files["file"].path, form.files["file"].name) == (tmp_path / path, shown)


def test_long_names_keep_their_end() -> None:
    assert shown_name("x" * 500 + ".wav") == "x" * 196 + ".wav"


FILE = body_of([WAV])
ERRORS: dict[str, tuple[dict[str, Any], int, str | None]] = {
    "another type": ({"kind": "application/json"}, 400, None),
    "no type": ({"kind": ""}, 400, None),
    "no boundary": ({"kind": "multipart/form-data"}, 400, None),
    "a long boundary": ({"kind": f"multipart/form-data; boundary={'b' * 300}"}, 400, None),
    "another boundary": ({"kind": "multipart/form-data; boundary=another"}, 400, None),
    "no body": ({"body": b""}, 400, None),
    "a body that is cut off": ({"body": FILE[:-8]}, 400, None),
    "no name": ({"body": body_of([("", None, b"x")])}, 400, None),
    "no disposition": ({"body": f"--{BOUNDARY}\r\nX: y\r\n\r\nx\r\n--{BOUNDARY}--".encode()}, 400, None),
    "no headers": ({"body": f"--{BOUNDARY}\r\n\r\nx\r\n--{BOUNDARY}--".encode()}, 400, None),
    "a long header": ({"body": f"--{BOUNDARY}\r\nX: {'y' * 9000}\r\n\r\nx".encode()}, 400, None),
    "two files": ({"body": body_of([WAV, WAV])}, 400, "file"),
    "many parts": ({"body": body_of([("keywords[]", None, b"x")] * (MAX_PARTS + 1))}, 400, None),
    "a long field": ({"body": body_of([WAV, ("prompt", None, b"x" * (FIELD_BYTES + 1))])}, 400, "prompt"),
    "a long reference": (
        {"body": body_of([("known_speaker_references[]", None, b"x" * (REFERENCE_BYTES + 1))])},
        400,
        "known_speaker_references[]",
    ),
    "long fields": (
        {"body": body_of([("keywords[]", None, b"x" * FIELD_BYTES)] * (FIELDS_BYTES // FIELD_BYTES + 1))},
        400,
        "keywords[]",
    ),
    "no UTF-8": ({"body": body_of([WAV, ("prompt", None, b"\xff")])}, 400, "prompt"),
    "an encoded part": (
        {"body": body_of([WAV]).replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n", 1)},
        400,
        "file",
    ),
    "10 GB announced": ({"length": 10_000_000_000}, 413, None),
    "more than allowed": ({"max_upload": len(FILE) - 1}, 413, None),
    "a stall": ({"body": FILE[:2000], "ends": "stall"}, 408, None),
    "a client that goes away": ({"body": FILE[:2000], "ends": "gone"}, 499, None),
}


@pytest.mark.parametrize("case", ERRORS)
def test_wrong_bodies_are_refused_and_leave_nothing(tmp_path: Path, case: str) -> None:
    how, status, param = ERRORS[case]
    limits = settings(tmp_path, stall=0.05, max_upload=how.get("max_upload", 100_000_000))
    request = request_of([how.get("body", FILE)], how.get("kind", MULTIPART), how.get("length"), how.get("ends", ""))
    with pytest.raises(ApiError) as caught:
        received(request, tmp_path, limits)
    assert (caught.value.status, caught.value.param) == (status, param)
    assert list(tmp_path.iterdir()) == []


def test_nothing_of_a_body_that_is_announced_as_too_large_is_read(tmp_path: Path) -> None:
    request = request_of([], length=10_000_000_000, ends="stall")
    with pytest.raises(ApiError, match="larger than"):
        received(request, tmp_path, settings(tmp_path))


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Writes beyond a size fail, as on a disk that is full (with another number of the error)."""
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_is_the_servers_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    body = body_of([("file", "a.wav", bytes(300_000))])
    with file_size_limit(100_000), pytest.raises(OSError, match="large"):
        received(request_of(cut(body, range(0, 300_000, 60_000))), tmp_path, settings(tmp_path))
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr("pipeline.server.bodies._FULL", (errno.EFBIG,))
    with file_size_limit(100_000), pytest.raises(ApiError) as caught:
        received(request_of(cut(body, range(0, 300_000, 60_000))), tmp_path, settings(tmp_path))
    assert (caught.value.status, caught.value.code) == (507, "disk_full")
    assert list(tmp_path.iterdir()) == []
