"""``transcribe speakers calibrate`` and ``match``: voices of many recordings compared with each other."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.options import options
from pipeline.cli.printing import show, tell
from pipeline.cli.speaker_gallery import GalleryOptions, existing_recording
from pipeline.core.errors import CrosstalkError, SettingsError, printable

if TYPE_CHECKING:
    from pipeline.core.types import Transcript
    from pipeline.engine.pipeline import Transcriber
    from pipeline.gallery.people import VoicePrint
    from pipeline.stages.identification.grouping import Member
    from pipeline.stages.identification.speech import SpeakerVoice

MIN_CLIPS = 2
"""Fewest clips of a person, and fewest people, that error rates can be measured on."""


@options(shared=GalleryOptions)
def calibrate(
    folder: Annotated[Path, typer.Argument(help="A folder with a subfolder of clips for each person.")],
    shared: GalleryOptions,
    wrong: Annotated[float, typer.Option(min=0, max=0.5, help="Accepted share of pairs of two people.")] = 0.01,
) -> None:
    """Measure error rates on your own recordings, and a limit for them; nothing is stored."""
    from pipeline.evaluation.metrics.verification import at_limit, equal_error, limit_for

    transcriber = shared.transcriber()
    prints = _prints_by_person(folder, transcriber)
    limits = transcriber.voices.limits
    for band, setting in (("wide", "threshold"), ("narrow", "narrow_threshold")):
        same, different = _pairs(prints, band)
        show(f"{band} band: {len(same)} pairs of one person, {len(different)} of two people\n")
        if not same or not different:
            continue
        rate, at = equal_error(same, different)
        show(f"  equal error rate {100 * rate:.1f} % at {at:.2f}\n")
        suggested = math.ceil(100 * limit_for(different, wrong)) / 100
        for limit, what in ((limits.of(band), "now"), (suggested, "suggested")):
            found = at_limit(same, different, limit)
            accepted = f"{found.false_acceptances} of {found.different} pairs of two people accepted"
            rejected = f"{found.false_rejections} of {found.same} of one person rejected"
            show(f"  {what}: {accepted}, {rejected} (--set identification.{setting}={limit:.2f})\n")


def _prints_by_person(folder: Path, transcriber: Transcriber) -> dict[str, list[tuple[VoicePrint, ...]]]:
    """The voice prints of each clip by person; clips that cannot be used are named and left out."""
    prints: dict[str, list[tuple[VoicePrint, ...]]] = {}
    for person in sorted(path for path in folder.iterdir() if path.is_dir()):
        for clip in sorted(path for path in person.iterdir() if path.is_file()):
            try:
                prints.setdefault(person.name, []).append(transcriber.voices.enroll(clip))
            except CrosstalkError as error:
                tell(printable(f"transcribe: left out: {error.line}"))
    if len(prints) < MIN_CLIPS or max(map(len, prints.values()), default=0) < MIN_CLIPS:
        hint = "make a subfolder for each person, with two clips or more"
        raise SettingsError("there are no two people, or no person with two clips", where=str(folder), hint=hint)
    return prints


def _pairs(prints: Mapping[str, Sequence[tuple[VoicePrint, ...]]], band: str) -> tuple[list[float], list[float]]:
    """The similarities of pairs of clips of one person, and of two people, in a band."""
    clips = [
        (person, each.array) for person, all_clips in prints.items() for clip in all_clips for each in clip
        if each.band == band
    ]  # fmt: skip
    same: list[float] = []
    different: list[float] = []
    for (one, vector), (other, second) in combinations(clips, 2):
        (same if one == other else different).append(float(vector @ second))
    return same, different


@options(shared=GalleryOptions)
def match(
    folder: Annotated[Path, typer.Argument(help="A folder of JSON transcripts.")],
    shared: GalleryOptions,
    recordings: Annotated[Path | None, typer.Option(help="Folder of the recordings.", show_default="beside")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find the same voice in many transcripts, without names; nothing is stored."""
    from pipeline.stages.identification.grouping import group_voices

    transcriber = shared.transcriber()
    voices: dict[Member, SpeakerVoice] = {}
    transcripts = dict(_transcripts(folder))
    for name, transcript in transcripts.items():
        place = recordings or (folder / name).parent
        try:
            path = existing_recording(transcript, place, "give its folder with --recordings")
            own = transcriber.voices.of_speakers(path, transcript)
        except CrosstalkError as error:
            tell(printable(f"transcribe: left out: {name}: {error.line}"))
            continue
        voices |= {(name, speaker): voice for speaker, voice in own.items()}
    groups = group_voices(voices, transcriber.voices.limits)
    if as_json:
        rows = [[{"transcript": name, "speaker": speaker} for name, speaker in group] for group in groups]
        show(json.dumps({"transcripts": len(transcripts), "voices": rows}, indent=1, ensure_ascii=False) + "\n")
        return
    for group in groups:
        places = len({name for name, _ in group})
        show(printable(f"voice of {' '.join(group[0])}: in {places} of {len(transcripts)} transcripts") + "\n")
        for name, speaker in group[1:]:
            show(printable(f"  {name} {speaker}") + "\n")


def _transcripts(folder: Path) -> Iterator[tuple[str, Transcript]]:
    """The JSON transcripts of a folder by name, sorted; files that are no transcripts are named and left out."""
    from pipeline import formats

    if not folder.is_dir():
        raise SettingsError("there is no such folder", where=str(folder))
    for path in sorted(folder.rglob("*.json")):
        try:
            yield path.relative_to(folder).as_posix(), formats.load(path, "json")
        except CrosstalkError as error:
            tell(printable(f"transcribe: left out: {error.line}"))
