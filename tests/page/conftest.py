"""The page that the tests open."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import formats
from tests.page.talk import conversation, recording


@pytest.fixture(scope="session")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the conversation with its sound."""
    transcript = conversation()
    path = tmp_path_factory.mktemp("page") / "talk.html"
    path.write_bytes(formats.dumps(transcript, "html", "talk", sound=recording(transcript)))
    return path
