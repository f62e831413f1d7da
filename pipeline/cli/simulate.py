"""``transcribe simulate VOICES``: meetings with known truth from recordings of single speakers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pipeline.core.output_record import OutputRecord
    from pipeline.evaluation.simulation.corpus import Voices
    from pipeline.evaluation.simulation.meeting import Meeting, MeetingConfig


def simulate(
    voices: Annotated[Path, typer.Argument(help="LibriSpeech's layout, SPEAKER-name.flac files, or a CSV.")],
    output_dir: Annotated[Path, typer.Option("--output-dir", "-o", help="Where the meetings go.")] = Path("meetings"),
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many, with seeds counting up.")] = 1,
    speakers: Annotated[int, typer.Option(help="People in a meeting.")] = 3,
    length: Annotated[float, typer.Option(help="Seconds.")] = 120.0,
    overlap: Annotated[float, typer.Option(help="Share of the speech in which two talk, 0 to 0.5.")] = 0.1,
    gap: Annotated[float, typer.Option(help="Mean pause between turns, seconds.")] = 0.4,
    turn_end: Annotated[float, typer.Option(help="Weight of starting just before the other ends.")] = 0.4,
    interruption: Annotated[float, typer.Option(help="Weight of starting well before.")] = 0.4,
    backchannel: Annotated[float, typer.Option(help="Weight of short words while the other goes on.")] = 0.2,
    level_spread: Annotated[float, typer.Option(help="Loudest against softest speaker, dB.")] = 0.0,
    snr: Annotated[float | None, typer.Option(help="Speech against pink noise, dB; none without.")] = None,
    reverberation: Annotated[float, typer.Option(help="The room's RT60, seconds; 0 is no room.")] = 0.0,
    telephone: Annotated[bool, typer.Option("--telephone", help="300 to 3400 Hz, at 8 kHz.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same bytes.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that others wrote or changed.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Make meetings with known truth: audio, sources, rttm, stm, seglst and a manifest."""
    from pipeline.evaluation.simulation.conversation import Conversation
    from pipeline.evaluation.simulation.corpus import find_voices
    from pipeline.evaluation.simulation.meeting import MeetingConfig
    from pipeline.evaluation.simulation.rendering import Acoustics

    conversation = Conversation(speakers, length, overlap, gap, turn_end, interruption, backchannel)
    acoustics = Acoustics(level_spread, snr, reverberation, telephone)
    configs = [MeetingConfig(conversation, acoustics, seed + i) for i in range(count)]
    for line in write_meetings(find_voices(voices), configs, output_dir, overwrite):
        typer.echo(line)


def write_meetings(voices: Voices, configs: list[MeetingConfig], folder: Path, overwrite: bool = False) -> list[str]:
    """Write each meeting and the folder's ``manifest.json``; returns a line about each."""
    from pipeline.core.output_record import OutputRecord
    from pipeline.evaluation.simulation.meeting import description
    from pipeline.evaluation.simulation.meeting import simulate as make

    record = OutputRecord(folder, "simulate", overwrite=overwrite)
    record.check([folder / "manifest.json", *(p for c in configs for p in _existing(folder, _name(c)))])
    manifest: list[dict[str, Any]] = []
    lines = []
    for config in configs:
        how = config.conversation
        name = _name(config)
        meeting = make(voices, config)
        references = write_meeting(meeting, folder, name, record)
        manifest.append({"name": name, "audio": f"{name}.wav", **references, **description(meeting)})
        realised = f"{how.length:g} s, {how.speakers} speakers, overlap {meeting.overlap_ratio:.3f}"
        lines.append(f"{folder / name}.wav: {realised}")
    record.write(folder / "manifest.json", (json.dumps(manifest, indent=2) + "\n").encode())
    return lines


def _name(config: MeetingConfig) -> str:
    how = config.conversation
    return f"meeting-{how.speakers}spk-{round(100 * how.overlap):02d}ov-{config.seed:03d}"


def _existing(folder: Path, name: str) -> list[Path]:
    """The files of a meeting of this name that are there."""
    return sorted([*folder.glob(f"{name}.*"), *folder.glob(f"{name}.sources/*")], key=str)


def write_meeting(meeting: Meeting, folder: Path, name: str, record: OutputRecord) -> dict[str, str]:
    """Write a meeting's audio and truth; returns the names of the reference files by format.

    Without known texts there are turns only: rttm, no stm and no seglst.
    """
    from pipeline import formats
    from pipeline.evaluation.simulation.meeting import write_audio

    write_audio(meeting, folder, name, record.write)
    kinds = ("rttm", "stm", "seglst") if meeting.transcript.utterances else ("rttm",)
    files = {kind: f"{name}{formats.suffix(kind)}" for kind in kinds}
    for kind, file in files.items():
        record.write(folder / file, formats.dumps(meeting.transcript, kind, name))
    return files
