"""``srt`` and ``vtt``: the package's formats; a stream has a delta for each cue."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from pipeline.core.types import Transcript
from pipeline.formats import srt, vtt
from pipeline.server.replies.answer import Answer, delta
from pipeline.server.replies.passages import Passage
from pipeline.server.work import Reply

_CUE: Final = re.compile(r".*?\n\n|.+\Z", re.DOTALL)
"""A cue with the empty line behind it."""


def answer(transcript: Transcript, spoken: Sequence[Passage], reply: Reply) -> Answer:
    """The file."""
    text = (srt if reply.format == "srt" else vtt).dumps(transcript, "")
    return Answer(text, text, [delta(cue) for cue in _CUE.findall(text)])
