"""When a recording was made is read from the tags of its file, where they hold a real date."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import media
from pipeline.media.recording_date import recording_date

RATE = 16_000


def file_of(kind: str, codec: str, tags: dict[str, str]) -> bytes:
    """A second of noise in a container with tags."""
    samples = (np.random.default_rng(0).standard_normal((1, RATE)) * 3000).astype(np.int16)
    buffer = io.BytesIO()
    options = {"movflags": "use_metadata_tags"} if kind == "mov" else {"write_bext": "1"} if kind == "wav" else {}
    with av.open(buffer, "w", format=kind, options=options) as container:
        container.metadata.update(tags)
        stream = container.add_stream(codec, rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples, "s16", "mono")
        frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("kind", "codec", "tags", "expected"),
    [
        ("ipod", "aac", {"creation_time": "2026-11-27T09:30:00.000000Z"}, "2026-11-27T09:30:00+00:00"),
        (
            "mov",
            "aac",
            {
                "creation_time": "2026-11-27T09:30:00Z",
                "com.apple.quicktime.creationdate": "2026-11-27T10:30:00+0100",
            },
            "2026-11-27T10:30:00+01:00",
        ),
        ("matroska", "pcm_s16le", {"creation_time": "2026-11-27T09:30:00Z"}, "2026-11-27T09:30:00+00:00"),
        ("wav", "pcm_s16le", {"date": "2026-11-27"}, "2026-11-27"),
        ("flac", "flac", {"date": "2026"}, None),
        ("ogg", "libopus", {}, None),
    ],
)
def test_the_date_of_a_file(kind: str, codec: str, tags: dict[str, str], expected: str | None, tmp_path: Path) -> None:
    path = tmp_path / "talk"
    path.write_bytes(file_of(kind, codec, tags))
    assert media.decode(path).recorded == expected


@pytest.mark.parametrize("text", ["1904-01-01T00:00:00Z", "1970-01-01", "2026-13-01", "2026-02-30", "yesterday", ""])
def test_what_is_no_real_date_is_left_out(text: str) -> None:
    assert recording_date(Container({"creation_time": text})) is None  # type: ignore[arg-type]


@given(st.dictionaries(st.sampled_from(["creation_time", "DATE", "title"]), st.text(max_size=30)))
def test_a_date_is_iso_or_missing(tags: dict[str, str]) -> None:
    date = recording_date(Container(tags))  # type: ignore[arg-type]
    assert date is None or date[:4].isdigit()


class Container:
    """What `recording_date` reads of an open file."""

    def __init__(self, metadata: dict[str, str]) -> None:
        self.metadata = metadata
        self.streams = type("Streams", (), {"audio": ()})()
