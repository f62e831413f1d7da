"""``qda``: text that MAXQDA, ATLAS.ti and NVivo import as a transcript with times: one paragraph for each utterance.

    [00:01:02] Ana: And then they said so.

The form is what the three have in common: a time in brackets at the beginning of a paragraph, in whole seconds and in
order of time. NVivo requires it there (https://help-nv8-en.qsrinternational.com/Importing_Transcripts.htm). MAXQDA
codes each speaker by the name before the colon, of up to 63 characters
(https://www.maxqda.com/help-mx20/import/importing-focus-group-transcripts). aTrain describes the import of such a file
into all three (https://github.com/aTrainTranscription/aTrain/wiki/Tutorials). The form of f4, ``#00:01:02-3#`` at the
end of a paragraph, is no time to NVivo.

A word that looks like a time, such as ``[00:00:01]``, gets look-alikes of its colons, so that no program takes it for
one; so does a colon in a name.
"""

from __future__ import annotations

import re

from pipeline.core.types import Transcript
from pipeline.formats.base import Format, encoded
from pipeline.formats.line_breaking import shortened
from pipeline.formats.sanitize import clean, distinct
from pipeline.formats.timestamps import clock, millis

NAME_LENGTH = 60
"""Maximum length of a name: MAXQDA reads 63 characters, of which three are left to tell equal names apart.

The middle of a longer name is left out; a larger value loses MAXQDA's coding by speaker for such names."""
_TIME = re.compile(r"[\[({<#]\s*\d+(\s*:\s*\d+)+|\d+(\s*:\s*\d+){2,}")
"""What could be a time: three numbers, or two behind a bracket or ``#``."""
_COLON = "\N{RATIO}"


def dumps(transcript: Transcript, session: str) -> str:
    """The utterances as paragraphs; ``session`` is not written."""
    names = distinct(transcript.speakers, _name)
    lines = []
    for utterance in transcript.utterances:
        start, _ = millis(utterance)
        lines.append(f"[{clock(start, digits=0)}] {names[utterance.speaker]}: {_inert(utterance.text)}\n")
    return "".join(lines)


def _name(speaker: str) -> str:
    """A speaker's name without colons and brackets, which would end it or make it a time."""
    name = shortened(clean(speaker), NAME_LENGTH)[:NAME_LENGTH]
    return re.sub(r"[\[\]#]", "_", name.replace(":", _COLON)) or "_"


def _inert(text: str) -> str:
    """Cleaned text in which nothing is a time."""
    return _TIME.sub(lambda match: match[0].replace(":", _COLON), clean(text))


FORMAT = Format("qda", ".qda.txt", encoded(dumps), help="Timed text for MAXQDA, ATLAS.ti and NVivo.")
