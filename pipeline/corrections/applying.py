"""Corrections applied to a transcript: the one that they were made in, or another of the same recording."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.core.correction import Correction
from pipeline.core.errors import InputError
from pipeline.core.identity import check_name, is_label
from pipeline.core.serialization import to_plain
from pipeline.core.timeline import joined
from pipeline.core.types import Span, Transcript, Turn, Utterance, Word
from pipeline.corrections.corrections_file import CorrectionsFile
from pipeline.corrections.labels import Labels
from pipeline.corrections.marks import Mark, is_mark, placed_mark, present_entries, with_moved_words
from pipeline.corrections.placing import SAME, Misfit, Place, WordRun, find_at_another, find_gap, find_words
from pipeline.formats.editing import Move, moved_turns, with_ledger_texts
from pipeline.formats.naming import with_given_names
from pipeline.formats.retexting import retexted
from pipeline.formats.rounding import rounded, rounded_words


@dataclass(frozen=True, slots=True)
class Content:
    """What corrections change: the lines in order of their start, and the turns; ``duration`` is the recording's.

    ``marks`` are the words that are, or are not, an item of the minutes."""

    lines: tuple[Utterance, ...]
    turns: tuple[Turn, ...]
    duration: float
    marks: tuple[Mark, ...] = ()

    def with_lines(self, changed: Mapping[int, Sequence[Utterance]], *added: Utterance) -> Content:
        """Changed lines replaced by others, or by none, and lines added; those that begin together keep their order."""
        lines = [*(new for i, line in enumerate(self.lines) for new in changed.get(i, (line,))), *added]
        return replace(self, lines=tuple(sorted(lines, key=lambda line: line.start)))


def apply_corrections(transcript: Transcript, file: CorrectionsFile) -> Transcript:
    """The transcript with the corrections of ``file`` after those that it has, all in its ledger, names last.

    Those that do not fit are in the ledger too, with the reason in ``problem``, and change nothing. Corrections that
    the transcript has already are not applied again. Raises `InputError` for those of another recording.
    """
    require_same_recording(file, transcript.provenance.sha256 if transcript.provenance else None)
    transcript = rounded(transcript)
    transcript = replace(transcript, corrections=tuple(_with_id(each) for each in transcript.corrections))
    new, applied = _divided(file.corrections, transcript.corrections)
    labels = Labels(file, transcript, applied)
    ids = {each.id for each in new}
    ledger = [each for each in transcript.corrections if each.problem is None or each.id not in ids]
    marks = tuple(Mark.of(each) for each in ledger if is_mark(each))
    ledger = [each for each in ledger if not is_mark(each)]
    content = Content(transcript.utterances, transcript.turns, transcript.duration, marks)
    for each in new:
        if each.operation != "name":
            content, entry = _applied(content, each, labels)
            ledger += [] if is_mark(entry) else [entry]
    ledger += present_entries(content.marks, content.lines)
    names: dict[str, str] = {}
    entries: dict[tuple[str, str], Correction] = {}
    for each in new:
        if each.operation == "name":
            entries |= {(e.id, e.speaker): e for e in _named(each, labels.owned_by(each.speaker), names)}
    ledger += entries.values()
    if not new:
        return transcript
    changed = replace(transcript, utterances=content.lines, turns=content.turns, corrections=tuple(ledger))
    return _with_texts(with_given_names(changed, names), transcript)


def require_same_recording(file: CorrectionsFile, sha256: str | None) -> None:
    """Raise `InputError` where the corrections are of a recording with another hash; an unknown one is no reason."""
    if sha256 and file.recording.sha256 and sha256 != file.recording.sha256:
        named = f" ({file.recording.source})" if file.recording.source else ""
        hint = "corrections follow the recording's content: use those that were made for this file"
        raise InputError(f"the corrections are of another recording{named}", hint=hint)


def _divided(
    corrections: Sequence[Correction], ledger: Sequence[Correction]
) -> tuple[list[Correction], list[tuple[Correction, Correction]]]:
    """The corrections that are new, with their hashes, and those in the ledger, each with its entry there."""
    entries: dict[str, list[Correction]] = {}
    for each in ledger:
        if each.problem is None:
            entries.setdefault(each.id, []).append(each)
    new, applied = [], []
    for each in corrections:
        known = _with_id(each)
        if entries.get(known.id):
            applied.append((each, entries[known.id].pop(0)))
        else:
            new.append(replace(known, problem=None))
    return new, applied


def _with_id(correction: Correction) -> Correction:
    """The correction with what makes two corrections of files one: the same change at the same place."""
    if correction.id:
        return correction
    content = json.dumps(to_plain(replace(correction, problem=None, id="")), sort_keys=True)
    return replace(correction, id=hashlib.sha256(content.encode()).hexdigest()[:12])


def _applied(content: Content, correction: Correction, labels: Labels) -> tuple[Content, Correction]:
    """The content after a correction, and its entry of the ledger."""
    after = labels.target(correction.after) if correction.operation == "assign" else correction.after
    places = [replace(correction, speaker=label, after=after) for label in labels.places_of(correction.speaker)]
    problem = ""
    for local in places:
        try:
            changed = _OPERATIONS[local.operation](content, local)
        except Misfit as misfit:
            problem = problem or str(misfit)
        else:
            return changed, _checked(content, local) if local.operation == "check" else local
    return content, replace(places[0], problem=problem)


def _checked(content: Content, correction: Correction) -> Correction:
    """The check with the present times of its words."""
    runs = _require_words(content, correction).runs
    words = [word for run in runs for word in content.lines[run.line].words[run.first : run.after]]
    return replace(correction, start=words[0].start, end=max(word.end for word in words))


def _named(correction: Correction, labels: Sequence[str], names: dict[str, str]) -> list[Correction]:
    """The ledger's entries of a name, which is put into ``names`` for each label of the speaker."""
    try:
        if not is_label(correction.after):
            check_name(correction.after)
    except ValueError as error:
        return [replace(correction, problem=str(error))]
    if not labels:
        return [replace(correction, problem="no speaker of this transcript is this one")]
    names.update(dict.fromkeys(labels, correction.after))
    return [replace(correction, speaker=label) for label in labels]


def _with_texts(transcript: Transcript, before: Transcript) -> Transcript:
    """The transcript with the overlap ledger's texts taken from the words, without a notice about it."""
    return replace(with_ledger_texts(transcript), notices=before.notices)


def _assign(content: Content, correction: Correction) -> Content:
    if correction.speaker == correction.after:
        return content
    place = find_words(content.lines, correction, correction.before)
    if place is None or not place.is_same_text:
        other = find_words(content.lines, replace(correction, speaker=correction.after), correction.before)
        if other and other.is_same_text:
            return content
    for run in reversed((place or _require_words(content, correction)).runs):
        content = _assign_run(content, run, correction)
    return content


def _assign_run(content: Content, run: WordRun, correction: Correction) -> Content:
    line = content.lines[run.line]
    moved = Utterance(correction.after, tuple(replace(w, margin=None) for w in line.words[run.first : run.after]))
    parts = [line.words[: run.first], moved.words, line.words[run.after :]]
    lines = [Utterance(line.speaker, words) if words is not moved.words else moved for words in parts if words]
    content = content.with_lines({run.line: lines})
    index = next(i for i, each in enumerate(content.lines) if each is moved)
    move = Move(index, correction.speaker, correction.after)
    marks = with_moved_words(content.marks, line.speaker, moved)
    return replace(content, turns=moved_turns(content.turns, content.lines, move), marks=marks)


def _text(content: Content, correction: Correction) -> Content:
    if not correction.before:
        return _insert(content, correction)
    place = find_words(content.lines, correction, correction.before)
    if place is None or not place.is_same_text:
        there = correction.after and find_words(content.lines, correction, correction.after)
        if there and there.is_same_text:
            return content
    place = place or find_at_another(content.lines, correction) or _require_words(content, correction)
    changed = {run.line: list(content.lines[run.line].words) for run in place.runs}
    for number, run in reversed([*enumerate(place.runs)]):  # from the end, so that the indices stay right
        words = changed[run.line]
        words[run.first : run.after] = _rewritten(words[run.first : run.after], "" if number else correction.after)
    lines = {i: [replace(content.lines[i], words=tuple(words))] if words else [] for i, words in changed.items()}
    return content.with_lines(lines)


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
    turns = [turn for turn in content.turns if turn.speaker == correction.speaker]
    others = [turn for turn in content.turns if turn.speaker != correction.speaker]
    speech = joined([*turns, Turn(line.start, line.end, line.speaker)]) if content.turns else ()
    return replace(content.with_lines({}, line), turns=tuple(sorted((*others, *speech))))


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


def _item(content: Content, correction: Correction) -> Content:
    place = find_words(content.lines, correction, correction.before)
    if place is None or not place.is_same_text:
        place = find_at_another(content.lines, correction) or _require_words(content, correction)
    return replace(content, marks=(*content.marks, placed_mark(content.lines, place, correction)))


def _require_words(content: Content, correction: Correction) -> Place:
    """The place of the corrected words; raises `Misfit` where they are not."""
    if correction.start >= content.duration:
        raise Misfit(f"the recording ends at {content.duration:g} s, before the place")
    place = find_words(content.lines, correction, correction.before)
    if place is None:
        raise Misfit("the speaker has other words or none at this place")
    return place


_OPERATIONS: Mapping[str, Callable[[Content, Correction], Content]] = {
    "assign": _assign,
    "text": _text,
    "split": _split,
    "join": _join,
    "check": _check,
    "include": _item,
    "exclude": _item,
}
