"""``eaf``: annotation of the program ELAN, with a tier of utterances and a tier of words for each speaker.

ELAN Annotation Format 3.0, https://www.mpi.nl/tools/elan/EAF_Annotation_Format_3.0_and_ELAN.pdf: times are in whole
milliseconds, and no two annotations of a tier overlap. The words lie inside the utterances of the tier on which theirs
depends, with gaps between them: the constraint is ``Included_In`` (``Time_Subdivision`` allows no gaps). The recording
is given by the name of its file; ELAN looks for it in the folder of the annotation.
"""

from __future__ import annotations

from pathlib import PurePath
from types import MappingProxyType
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from pipeline.core.types import Transcript
from pipeline.formats.base import Format, encoded
from pipeline.formats.sanitize import xml
from pipeline.formats.tiers import Interval, SpeakerTiers, speaker_tiers

_DATE = "1980-01-01T00:00:00+00:00"
"""The date that the format requires. It is the same in every file, so that equal transcripts give equal files."""
_INCLUDED = "Time alignable annotations within the parent annotation's time interval, gaps are allowed"
"""ELAN's own description of the constraint ``Included_In``."""
_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_MEDIA_TYPES = MappingProxyType(
    {
        ".wav": "audio/x-wav",
        ".mp3": "audio/mpeg",
        ".m4a": "audio/mp4",
        ".mp4": "video/mp4",
        ".mpg": "video/mpeg",
        ".mpeg": "video/mpeg",
        ".mov": "video/quicktime",
    }
)
"""Media types by suffix as ELAN names them; it calls all others ``unknown``."""


def dumps(transcript: Transcript, session: str) -> str:
    """The transcript as an ELAN annotation; ``session`` is not written."""
    head = {"AUTHOR": "", "DATE": _DATE, "FORMAT": "3.0", "VERSION": "3.0"}
    root = Element("ANNOTATION_DOCUMENT", {**head, "xmlns:xsi": _XSI, "xsi:noNamespaceSchemaLocation": _SCHEMA})
    header = SubElement(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    _add_medium(header, transcript)
    order = SubElement(root, "TIME_ORDER")
    language = xml(transcript.language or "")
    annotations = _Annotations(order)
    for speaker in speaker_tiers(transcript, _named):
        annotations.add(root, speaker, language)
    annotations.write_times()
    SubElement(header, "PROPERTY", NAME="lastUsedAnnotationId").text = str(annotations.count)
    alignable = {"TIME_ALIGNABLE": "true", "GRAPHIC_REFERENCES": "false"}
    SubElement(root, "LINGUISTIC_TYPE", {"LINGUISTIC_TYPE_ID": "utterance", **alignable})
    SubElement(root, "LINGUISTIC_TYPE", {"LINGUISTIC_TYPE_ID": "word", "CONSTRAINTS": "Included_In", **alignable})
    if language:
        SubElement(root, "LANGUAGE", LANG_ID=language, LANG_LABEL=language)
    SubElement(root, "CONSTRAINT", STEREOTYPE="Included_In", DESCRIPTION=_INCLUDED)
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


class _Annotations:
    """The annotations of all tiers, with identifiers from ``a1`` and two time slots for each."""

    def __init__(self, order: Element) -> None:
        self.count = 0
        self._order = order
        self._times: list[tuple[int, Element, str]] = []

    def add(self, root: Element, speaker: SpeakerTiers, language: str) -> None:
        """Add the two tiers of a speaker."""
        spoken = {"LANG_REF": language} if language else {}
        shared = {"PARTICIPANT": speaker.name, **spoken}
        kinds = {"LINGUISTIC_TYPE_REF": "utterance"}, {"LINGUISTIC_TYPE_REF": "word", "PARENT_REF": speaker.name}
        whole = SubElement(root, "TIER", {"TIER_ID": speaker.name, **kinds[0], **shared})
        words = SubElement(root, "TIER", {"TIER_ID": speaker.words_name, **kinds[1], **shared})
        for passage in speaker.passages:
            self._annotate(whole, passage.whole)
            for word in passage.words:
                self._annotate(words, word)

    def write_times(self) -> None:
        """Write the time slots of all annotations, in order of time."""
        for number, (time, annotation, end) in enumerate(sorted(self._times, key=lambda slot: slot[0]), start=1):
            annotation.set(end, f"ts{number}")
            SubElement(self._order, "TIME_SLOT", TIME_SLOT_ID=f"ts{number}", TIME_VALUE=str(time))

    def _annotate(self, tier: Element, interval: Interval) -> None:
        self.count += 1
        parent = SubElement(tier, "ANNOTATION")
        annotation = SubElement(parent, "ALIGNABLE_ANNOTATION", ANNOTATION_ID=f"a{self.count}")
        SubElement(annotation, "ANNOTATION_VALUE").text = interval.text
        self._times += [(interval.start, annotation, "TIME_SLOT_REF1"), (interval.end, annotation, "TIME_SLOT_REF2")]


def _named(text: str) -> str:
    return xml(text) or "_"


def _add_medium(header: Element, transcript: Transcript) -> None:
    """Name the recording, if it has a name; what a web address cannot hold is written as ``%20`` and the like."""
    name = PurePath(transcript.provenance.source).name if transcript.provenance else ""
    if not name:
        return
    kind = _MEDIA_TYPES.get(PurePath(name).suffix.lower(), "unknown")
    place = quote(name.encode("utf-8", "replace"))
    SubElement(header, "MEDIA_DESCRIPTOR", MEDIA_URL=place, MIME_TYPE=kind, RELATIVE_MEDIA_URL=f"./{place}")


FORMAT = Format("eaf", ".eaf", encoded(dumps), help="ELAN tiers of each speaker's utterances and words.")
