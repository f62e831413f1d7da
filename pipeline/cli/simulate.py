"""``transcribe simulate RECORDINGS``: simulated meetings with references from recordings of single speakers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.options import Debug, Overwrite

if TYPE_CHECKING:
    from pipeline.core.output_record import OutputRecord
    from pipeline.evaluation.simulation.corpus import Speakers
    from pipeline.evaluation.simulation.meeting import Meeting, MeetingConfig


def simulate(
    recordings: Annotated[
        Path, typer.Argument(help="Folder in LibriSpeech's layout, folder of SPEAKER-name.flac files, or a CSV.")
    ],
    output_dir: Annotated[Path, typer.Option("--output-dir", "-o", help="Output folder.")] = Path("meetings"),
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="Number of meetings, with consecutive seeds.")] = 1,
    speakers: Annotated[int, typer.Option(help="Speakers in each meeting.")] = 3,
    length: Annotated[float, typer.Option(help="Length of a meeting in seconds.")] = 120.0,
    overlap: Annotated[float, typer.Option(help="Overlapped share of the speech, 0 to 0.5.")] = 0.1,
    gap: Annotated[float, typer.Option(help="Mean pause between turns in seconds.")] = 0.4,
    turn_end: Annotated[float, typer.Option(help="Weight of overlaps at the end of a turn.")] = 0.4,
    interruption: Annotated[float, typer.Option(help="Weight of interruptions.")] = 0.4,
    backchannel: Annotated[float, typer.Option(help="Weight of backchannels inside another turn.")] = 0.2,
    level_spread: Annotated[float, typer.Option(help="Loudest over softest speaker in dB.")] = 0.0,
    snr: Annotated[float | None, typer.Option(help="Speech over pink noise in dB; no noise if not given.")] = None,
    reverberation: Annotated[float, typer.Option(help="RT60 of the room in seconds; 0: no room.")] = 0.0,
    telephone: Annotated[bool, typer.Option("--telephone", help="Telephone band: 300 to 3400 Hz, at 8 kHz.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Random seed; the same seed gives the same bytes.")] = 0,
    overwrite: Overwrite = False,
    debug: Debug = False,
) -> None:
    """Make simulated meetings: audio, sources, references (RTTM, STM, SegLST) and a manifest."""
    from pipeline.evaluation.simulation.conversation import Conversation
    from pipeline.evaluation.simulation.corpus import find_speakers
    from pipeline.evaluation.simulation.meeting import MeetingConfig
    from pipeline.evaluation.simulation.rendering import Acoustics

    conversation = Conversation(speakers, length, overlap, gap, turn_end, interruption, backchannel)
    acoustics = Acoustics(level_spread, snr, reverberation, telephone)
    configs = [MeetingConfig(conversation, acoustics, seed + i) for i in range(count)]
    for line in write_meetings(find_speakers(recordings), configs, output_dir, overwrite):
        typer.echo(line)


def write_meetings(
    recordings: Speakers, configs: list[MeetingConfig], folder: Path, overwrite: bool = False
) -> list[str]:
    """Write each meeting and the ``manifest.json`` of the folder; returns one line for each meeting."""
    from pipeline.core.output_record import OutputRecord
    from pipeline.evaluation.simulation.meeting import description
    from pipeline.evaluation.simulation.meeting import simulate as make

    record = OutputRecord(folder, "simulate", overwrite=overwrite)
    record.check([folder / "manifest.json", *(p for c in configs for p in _existing(folder, _name(c)))])
    manifest: list[dict[str, Any]] = []
    lines = []
    for config in configs:
        conversation = config.conversation
        name = _name(config)
        meeting = make(recordings, config)
        references = write_meeting(meeting, folder, name, record)
        manifest.append({"name": name, "audio": f"{name}.wav", **references, **description(meeting)})
        summary = f"{conversation.length:g} s, {conversation.speakers} speakers, overlap {meeting.overlap_ratio:.3f}"
        lines.append(f"{folder / name}.wav: {summary}")
    record.write(folder / "manifest.json", (json.dumps(manifest, indent=2) + "\n").encode())
    return lines


def _name(config: MeetingConfig) -> str:
    conversation = config.conversation
    return f"meeting-{conversation.speakers}spk-{round(100 * conversation.overlap):02d}ov-{config.seed:03d}"


def _existing(folder: Path, name: str) -> list[Path]:
    """The existing files of a meeting with this name."""
    files = [*folder.glob(f"{name}.*"), *folder.glob(f"{name}.sources/*")]
    return sorted((path for path in files if path != folder / f"{name}.sources"), key=str)


def write_meeting(meeting: Meeting, folder: Path, name: str, record: OutputRecord) -> dict[str, str]:
    """Write audio and references of a meeting; returns the names of the reference files by format.

    Without texts there are only turns: RTTM, no STM and no SegLST.
    """
    from pipeline import formats
    from pipeline.evaluation.simulation.meeting import write_audio

    write_audio(meeting, folder, name, record.write)
    kinds = ("rttm", "stm", "seglst") if meeting.transcript.utterances else ("rttm",)
    files = {kind: f"{name}{formats.suffix(kind)}" for kind in kinds}
    for kind, file in files.items():
        record.write(folder / file, formats.dumps(meeting.transcript, kind, name))
    return files
