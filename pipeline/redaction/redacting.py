"""One recording redacted: the plan made and applied to transcript and sound, the muted spans verified."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipeline.core.errors import CannotRedact
from pipeline.core.types import Notice, Transcript
from pipeline.redaction.apply import redacted, with_recording
from pipeline.redaction.labels import names_of, new_labels
from pipeline.redaction.plan import make_plan
from pipeline.redaction.settings import Cover, RedactionSettings
from pipeline.redaction.sound import RedactedSound, decoded_recording, redacted_sound
from pipeline.redaction.spans import MutedSpan, muted_spans, unchecked, wordless_doubts
from pipeline.redaction.terms import NUMBERS, terms_of
from pipeline.redaction.types import Kind, Plan
from pipeline.redaction.verifying import Check, verify

if TYPE_CHECKING:
    from pipeline.models.protocols import Recognizer

SOUND_STEM: Final = ".redacted"
"""End of the name of a redacted recording, before its suffix."""
HINT: Final = "list them with transcribe redact --review, or write it anyway with --allow-incomplete"
"""What to do where a redaction is not complete."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not covered or not verified, as one line without the words of the recording."""

    start: float | None
    end: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Redacted:
    """A redacted recording. ``plan`` is confidential: it holds the words. ``checks`` belong to ``spans``, in order.

    ``labels``: the new label of each speaker whose label was a name.
    """

    transcript: Transcript
    original: Transcript
    plan: Plan
    spans: tuple[MutedSpan, ...]
    labels: dict[str, str]
    sound: RedactedSound | None = None
    checks: tuple[Check, ...] = ()
    problems: tuple[Problem, ...] = ()

    def named(self, stem: str) -> Redacted:
        """The same with the transcript as that of the redacted recording, whose file will be `sound_path`."""
        source = "" if self.sound is None else f"{stem}{self.sound.suffix}"
        sha256 = None if self.sound is None else self.sound.sha256
        return replace(self, transcript=with_recording(self.transcript, source, sha256))


def planned(transcript: Transcript, kinds: Sequence[Kind]) -> Plan:
    """The plan of a transcript, with the speech without words near its spans as further doubts."""
    plan = make_plan(transcript, kinds, names_of(transcript))
    known = {(doubt.start, doubt.end) for doubt in plan.doubts}
    doubts = [doubt for doubt in wordless_doubts(transcript, plan) if (doubt.start, doubt.end) not in known]
    return replace(plan, doubts=tuple(sorted((*plan.doubts, *doubts), key=lambda doubt: doubt.start)))


def redact(
    transcript: Transcript,
    settings: RedactionSettings,
    recording: Path | None,
    recognizer: Callable[[], Recognizer],
    stem: str,
) -> Redacted:
    """The transcript and its recording, redacted and verified.

    ``stem`` is the name of the results. Raises `CannotRedact` where something could not be covered or verified, unless
    the settings allow it, and always where the recording is not that of the transcript.
    """
    plan = planned(transcript, settings.kinds)
    result = Redacted(redacted(transcript, plan), transcript, plan, (), {})
    result = replace(result, labels=new_labels(transcript) if "name" in plan.kinds else {})
    if recording is not None and settings.sound:
        result = _with_sound(result, recording, settings.cover, recognizer)
    result = replace(result, problems=tuple(_problems(result, stem)))
    if result.problems and not settings.incomplete:
        more = f" ({len(result.problems)} such problems)" if len(result.problems) > 1 else ""
        raise CannotRedact(f"not redacted: {_line(result.problems[0])}{more}", where=stem, hint=HINT)
    return replace(result, transcript=_noticed(result.transcript, result.problems))


def _with_sound(result: Redacted, recording: Path, cover: Cover, recognizer: Callable[[], Recognizer]) -> Redacted:
    decoded = decoded_recording(recording, result.original)
    spans = muted_spans(result.original, result.plan)
    sound = redacted_sound(decoded, [each.span for each in spans], cover, recording.suffix)
    checks: tuple[Check, ...] = ()
    if spans:
        checks = verify(sound.decoded.audio.samples, result.original, result.plan, spans, recognizer())
    return replace(result, spans=spans, sound=sound, checks=checks)


def _problems(result: Redacted, stem: str) -> Iterator[Problem]:
    """Everything that is not covered or not verified."""
    for doubt in result.plan.doubts:
        yield Problem(doubt.start, doubt.end, f"{doubt.kind}: {doubt.reason}")
    for span, check in zip(result.spans, result.checks, strict=False):
        if check.result != "verified":
            yield Problem(span.start, span.end, f"{check.result}: {check.reason}")
    if result.sound is not None:
        muted = {number for span in result.spans for number in span.redactions}
        for number, redaction in enumerate(result.plan.redactions):
            if number not in muted:
                yield Problem(redaction.start, redaction.end, f"{redaction.kind}: lies outside the recording")
    if terms_of(result.plan, NUMBERS).distinct(stem) != stem:
        yield Problem(None, None, "the name of the file or of its folder holds a redacted number: rename it")


def _line(problem: Problem) -> str:
    place = "" if problem.start is None else f"at {problem.start:.1f} s, "
    return f"{place}{problem.reason}"


def _noticed(transcript: Transcript, problems: Sequence[Problem]) -> Transcript:
    if not problems:
        return transcript
    message = f"not everything is redacted or verified ({len(problems)}): {_line(problems[0])}"
    return replace(transcript, notices=(*transcript.notices, Notice("redaction_incomplete", message)))


def unchecked_speech(result: Redacted) -> float:
    """Seconds of speech without words, in which nothing can be found: it is not muted."""
    return sum(span.duration for span in unchecked(result.original))
