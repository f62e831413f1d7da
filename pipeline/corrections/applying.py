"""Corrections applied to a transcript: the one that they were made in, or another of the same recording."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.core.correction import Correction
from pipeline.core.errors import InputError
from pipeline.core.types import Span, Transcript, Turn, Utterance, Word
from pipeline.corrections.corrections_file import CorrectionsFile
from pipeline.corrections.labels import Labels
from pipeline.corrections.placing import SAME, Place, WordRun, find_gap, find_words
from pipeline.formats.editing import Move, moved_turns, with_ledger_texts
from pipeline.formats.naming import with_given_names
from pipeline.formats.retexting import retexted
from pipeline.formats.rounding import rounded, rounded_words


class Misfit(Exception):
    """A correction that cannot be applied; the message says why."""


@dataclass(frozen=True, slots=True)
class Content:
    """What corrections change: the lines in order of their start, and the turns; ``duration`` is the recording's."""

    lines: tuple[Utterance, ...]
    turns: tuple[Turn, ...]
    duration: float

    def with_lines(self, changed: Mapping[int, Sequence[Utterance]]) -> Content:
        """Each changed line replaced by others, or by none; lines that begin together keep their order."""
        lines = [new for i, line in enumerate(self.lines) for new in changed.get(i, (line,))]
        return replace(self, lines=tuple(sorted(lines, key=lambda line: line.start)))


def apply_corrections(transcript: Transcript, file: CorrectionsFile) -> Transcript:
    """The transcript with the corrections of ``file`` after those that it has, all in its ledger.

    Those that do not fit are in the ledger too, with the reason in ``problem``, and change nothing. Corrections that
    the transcript has already are not applied again. Raises `InputError` for those of another recording.
    """
    _require_same_recording(transcript, file)
    transcript = rounded(transcript)
    labels = Labels(file.spans(), transcript)
    content = Content(transcript.utterances, transcript.turns, transcript.duration)
    had = Counter(_key(each) for each in transcript.corrections if each.problem is None)
    ledger = list(transcript.corrections)
    names: dict[str, str] = {}
    for each in file.corrections:
        if each.operation == "name":
            ledger += [] if _is_named(transcript, each) else _named(each, labels, names, ledger)
            continue
        if had[_key(each)]:
            had[_key(each)] -= 1
            continue
        ledger = [other for other in ledger if other.problem is None or _key(other) != _key(each)]
        local = replace(each, speaker=labels.of(each.speaker), problem=None)
        if local.operation == "assign":
            local = replace(local, after=labels.of(local.after))
        try:
            content = _OPERATIONS[local.operation](content, local)
        except Misfit as misfit:
            local = replace(local, problem=str(misfit))
        ledger.append(local)
    if not ledger:
        return transcript
    changed = replace(transcript, utterances=content.lines, turns=content.turns, corrections=tuple(ledger))
    return _with_texts(with_given_names(changed, names), transcript)


def _require_same_recording(transcript: Transcript, file: CorrectionsFile) -> None:
    known = transcript.provenance.sha256 if transcript.provenance else None
    if known and file.recording.sha256 and known != file.recording.sha256:
        named = f" ({file.recording.source})" if file.recording.source else ""
        hint = "corrections follow the recording's content: use those that were made for this file"
        raise InputError(f"the corrections are of another recording{named}", hint=hint)


def _key(correction: Correction) -> tuple[object, ...]:
    """What makes two corrections one, whatever labels their transcripts have."""
    after = "" if correction.operation == "assign" else correction.after
    place = correction.operation, correction.start, correction.end
    return *place, correction.before, after, correction.left, correction.right


def _is_named(transcript: Transcript, correction: Correction) -> bool:
    """Whether the speaker has the name by an earlier application: also one without words or turns now."""
    return any(
        each.speaker == correction.speaker and each.name == correction.after and each.decision == "given"
        for each in transcript.identities
    ) and any(each.operation == "name" and each.after == correction.after for each in transcript.corrections)


def _named(
    correction: Correction, labels: Labels, names: dict[str, str], ledger: Sequence[Correction]
) -> list[Correction]:
    """The ledger's entries of a name, which is put into ``names`` by label; none for one that is there already."""
    entries = []
    for label in labels.all_of(correction.speaker):
        local = replace(correction, speaker=label, problem=None)
        if local not in ledger:
            entries.append(local)
            names |= {label: local.after} if label != local.after else {}
    return entries


def _with_texts(transcript: Transcript, before: Transcript) -> Transcript:
    """The transcript with the overlap ledger's texts taken from the words, without a notice about it."""
    return replace(with_ledger_texts(transcript), notices=before.notices)


def _assign(content: Content, correction: Correction) -> Content:
    if correction.speaker == correction.after or _is_theirs_already(content, correction):
        return content
    for run in reversed(_require_words(content, correction).runs):
        content = _assign_run(content, run, correction)
    return content


def _is_theirs_already(content: Content, correction: Correction) -> bool:
    """Whether the words are the new speaker's in this transcript, and not the old one's."""
    own = find_words(content.lines, correction, correction.before)
    other = find_words(content.lines, replace(correction, speaker=correction.after), correction.before)
    return bool(other and other.is_same_text and not (own and own.is_same_text))


def _assign_run(content: Content, run: WordRun, correction: Correction) -> Content:
    line = content.lines[run.line]
    moved = Utterance(correction.after, tuple(replace(w, margin=None) for w in line.words[run.first : run.after]))
    parts = [line.words[: run.first], moved.words, line.words[run.after :]]
    lines = [Utterance(line.speaker, words) if words is not moved.words else moved for words in parts if words]
    content = content.with_lines({run.line: lines})
    index = next(i for i, each in enumerate(content.lines) if each is moved)
    move = Move(index, correction.speaker, correction.after)
    return replace(content, turns=moved_turns(content.turns, content.lines, move))


def _text(content: Content, correction: Correction) -> Content:
    if not correction.before:
        return _insert(content, correction)
    place = find_words(content.lines, correction, correction.before)
    if place is None or not place.is_same_text:
        there = correction.after and find_words(content.lines, correction, correction.after)
        if there and there.is_same_text:
            return content
    place = place or _at_another(content, correction) or _require_words(content, correction)
    changed = {run.line: list(content.lines[run.line].words) for run in place.runs}
    for number, run in reversed([*enumerate(place.runs)]):  # from the end, so that the indices stay right
        words = changed[run.line]
        words[run.first : run.after] = _rewritten(words[run.first : run.after], "" if number else correction.after)
    lines = {i: [replace(content.lines[i], words=tuple(words))] if words else [] for i, words in changed.items()}
    return content.with_lines(lines)


def _at_another(content: Content, correction: Correction) -> Place | None:
    """The same words of another speaker: other turns do not make a corrected text wrong."""
    for speaker in dict.fromkeys(line.speaker for line in content.lines):
        place = find_words(content.lines, replace(correction, speaker=speaker), correction.before)
        if place and place.is_same_text:
            return place
    return None


def _rewritten(words: Sequence[Word], text: str) -> tuple[Word, ...]:
    """Words with the new text, between the same times; the first one follows the word before as it did."""
    if not text.strip():
        return ()
    span = Span(words[0].start, max(word.end for word in words))
    first, *others = rounded_words(retexted(words, text, span))
    return replace(first, no_space=words[0].no_space), *others


def _insert(content: Content, correction: Correction) -> Content:
    if not correction.after.strip():
        return content
    if not correction.left and not correction.right:
        return _add_line(content, correction)
    place = find_gap(content.lines, correction)
    if place is None or not place.is_same_text:
        there = find_words(content.lines, correction, correction.after)
        if there and there.is_same_text:
            return content
    if place is None:
        raise Misfit("the words beside the place are others now")
    (run,) = place.runs
    line = content.lines[run.line]
    words = _with_inserted(line.words, run.first, correction.after)
    return content.with_lines({run.line: [replace(line, words=words)]})


def _with_inserted(words: Sequence[Word], index: int, text: str) -> tuple[Word, ...]:
    """The words with new ones before that at ``index``, which take time from the two words beside them."""
    first, after = max(0, index - 1), index + 1
    around = words[first:after]
    texts = [word.text for word in around]
    texts.insert(index - first, text)
    span = Span(around[0].start, max(word.end for word in around))
    written = list(rounded_words(retexted(around, " ".join(texts), span)))
    if index:
        written[0] = replace(written[0], no_space=around[0].no_space)
    if index < len(words):
        written[-1] = replace(written[-1], no_space=around[-1].no_space)
    return (*words[:first], *written, *words[after:])


def _add_line(content: Content, correction: Correction) -> Content:
    """A new line where speech had no words."""
    end = min(correction.end, content.duration)
    if end - correction.start <= SAME:
        raise Misfit("the place is not inside the recording")
    span = Span(correction.start, end)
    if any(line.speaker == correction.speaker and line.start < end and span.start < line.end for line in content.lines):
        raise Misfit("the speaker has words at this place now")
    line = Utterance(correction.speaker, rounded_words(retexted((), correction.after, span)))
    return replace(content, lines=tuple(sorted((*content.lines, line), key=lambda each: each.start)))


def _split(content: Content, correction: Correction) -> Content:
    run = _require_words(content, correction).runs[0]
    line = content.lines[run.line]
    if run.first == 0:
        return content
    parts = line.words[: run.first], line.words[run.first :]
    return content.with_lines({run.line: [replace(line, words=words) for words in parts]})


def _join(content: Content, correction: Correction) -> Content:
    run = _require_words(content, correction).runs[0]
    line = content.lines[run.line]
    if run.first:
        return content
    before = [i for i in range(run.line) if content.lines[i].speaker == line.speaker]
    if not before:
        raise Misfit("the speaker has no line before it")
    words = (*content.lines[before[-1]].words, *line.words)
    joined = Utterance(line.speaker, tuple(sorted(words, key=lambda word: word.start)))
    return content.with_lines({before[-1]: [joined], run.line: []})


def _check(content: Content, correction: Correction) -> Content:
    if not _require_words(content, correction).is_same_text:
        raise Misfit("the words of the checked line are others now")
    return content


def _require_words(content: Content, correction: Correction) -> Place:
    """The place of the corrected words; raises `Misfit` where they are not."""
    if correction.start >= content.duration:
        raise Misfit(f"the recording ends at {content.duration:g} s, before the place")
    place = find_words(content.lines, correction, correction.before)
    if place is None:
        raise Misfit(f"{correction.speaker} has other words or none at this place")
    return place


_OPERATIONS: Mapping[str, Callable[[Content, Correction], Content]] = {
    "assign": _assign,
    "text": _text,
    "split": _split,
    "join": _join,
    "check": _check,
}
