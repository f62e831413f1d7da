from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.core import timeline
from pipeline.core.audio import RATE
from pipeline.core.errors import SettingsError
from pipeline.evaluation.simulation.conversation import Conversation
from pipeline.evaluation.simulation.corpus import Speakers, find_speakers
from pipeline.evaluation.simulation.meeting import Meeting, MeetingConfig, description, simulate, write_audio
from pipeline.evaluation.simulation.rendering import Acoustics

needs_rooms = pytest.mark.skipif(
    importlib.util.find_spec("pyroomacoustics") is None, reason="the extra simulate is not installed"
)
HARD = Acoustics(level_spread=6, snr=15)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Speakers:
    """Four speakers of noise in the layout of LibriSpeech, six utterances of 1 to 6 s each."""
    root, rng = tmp_path_factory.mktemp("recordings"), np.random.default_rng(0)
    for speaker in range(1, 5):
        chapter = root / f"{speaker}" / "1"
        chapter.mkdir(parents=True)
        lines = []
        for i in range(6):
            length = 1 + 5 * rng.random()
            name, words = f"{speaker}-1-{i:04}", " ".join(f"w{speaker}x{i}x{k}" for k in range(int(3 * length)))
            samples = 0.05 * speaker * rng.standard_normal(int(length * RATE))
            soundfile.write(chapter / f"{name}.flac", samples, RATE, subtype="PCM_16")
            lines.append(f"{name} {words}\n")
        (chapter / f"{speaker}-1.trans.txt").write_text("".join(lines), "utf-8")
    return find_speakers(root)


def make(recordings: Speakers, acoustics: Acoustics = HARD, seed: int = 0, overlap: float = 0.2) -> Meeting:
    return simulate(recordings, MeetingConfig(Conversation(3, 60, overlap), acoustics, seed))


def digest(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.wav"))
    }


def test_same_seed_same_bytes_other_seed_other_bytes(recordings: Speakers, tmp_path: Path) -> None:
    for name, seed in (("one", 7), ("again", 7), ("other", 8)):
        write_audio(make(recordings, seed=seed), tmp_path / name, "m")
    assert digest(tmp_path / "one") == digest(tmp_path / "again")
    assert digest(tmp_path / "one")["m.wav"] != digest(tmp_path / "other")["m.wav"]


@pytest.mark.parametrize(
    "acoustics",
    [
        Acoustics(),
        HARD,
        Acoustics(telephone=True, snr=10),
        pytest.param(Acoustics(reverberation=0.4, snr=20, level_spread=10), marks=needs_rooms),
    ],
)
def test_sources_and_noise_sum_to_the_mixture(recordings: Speakers, tmp_path: Path, acoustics: Acoustics) -> None:
    meeting = make(recordings, acoustics)
    write_audio(meeting, tmp_path, "m")
    mixture, rate = soundfile.read(tmp_path / "m.wav", dtype="int16")
    sources = [soundfile.read(path, dtype="int16")[0] for path in sorted((tmp_path / "m.sources").iterdir())]
    noise, _ = soundfile.read(tmp_path / "m.noise.wav", dtype="int16")
    channels, _ = soundfile.read(tmp_path / "m.channels.wav", dtype="int16")
    assert rate == acoustics.rate
    assert len(mixture) == 60 * rate
    assert np.array_equal(np.sum([noise, *sources], axis=0, dtype=np.int64), mixture)
    assert np.array_equal(np.stack(sources, axis=1), channels)
    assert np.abs(mixture.astype(int)).max() < 32767


@needs_rooms
def test_a_room_is_the_same_every_time(recordings: Speakers) -> None:
    one, other = (make(recordings, Acoustics(reverberation=0.3)) for _ in range(2))
    assert np.array_equal(one.audio.mixture, other.audio.mixture)


def test_speech_is_exactly_where_the_reference_has_turns(recordings: Speakers) -> None:
    meeting = make(recordings, Acoustics())
    for speaker, source in meeting.audio.sources.items():
        active = np.zeros(len(source), bool)
        for turn in timeline.by_speaker(meeting.transcript.turns)[speaker]:
            active[round(turn.start * RATE) : round(turn.end * RATE)] = True
        assert not source[~active].any()
        assert (source[active] != 0).mean() > 0.99


def test_reference_turns_and_utterances_agree(recordings: Speakers) -> None:
    meeting = make(recordings)
    transcript = meeting.transcript
    assert transcript.duration == 60
    assert [(t.start, t.end, t.speaker) for t in transcript.turns] == [
        (u.start, u.end, u.speaker) for u in transcript.utterances
    ]
    for utterance in transcript.utterances:
        assert {word.text.partition("x")[0] for word in utterance.words} == {f"w{utterance.speaker}"}
    overlapped = timeline.covered(o.span for o in timeline.overlaps(transcript.turns))
    speech_time = timeline.covered(turn.span for turn in transcript.turns)
    assert overlapped / speech_time == pytest.approx(meeting.overlap_ratio)
    assert meeting.overlap_ratio == pytest.approx(0.2, abs=0.02)


def test_overlap_zero_has_no_overlap(recordings: Speakers) -> None:
    assert timeline.overlaps(make(recordings, overlap=0.0).transcript.turns) == ()


def power(samples: np.ndarray) -> float:
    return float(np.mean(samples[samples != 0].astype(float) ** 2))


def test_levels_and_noise_are_as_requested(recordings: Speakers) -> None:
    audio = make(recordings, Acoustics(level_spread=12, snr=10)).audio
    levels = [10 * np.log10(power(source)) for source in audio.sources.values()]
    assert max(levels) - min(levels) == pytest.approx(12, abs=0.1)
    speech = np.sum(list(audio.sources.values()), axis=0)
    assert 10 * np.log10(power(speech) / np.mean(audio.noise.astype(float) ** 2)) == pytest.approx(10, abs=0.5)


def test_a_telephone_passes_its_band(recordings: Speakers) -> None:
    meeting = make(recordings, Acoustics(telephone=True))
    spectrum = np.abs(np.fft.rfft(meeting.audio.mixture.astype(float))) ** 2
    hertz = np.fft.rfftfreq(len(meeting.audio.mixture), 1 / 8000)
    assert spectrum[(hertz > 300) & (hertz < 3400)].mean() > 1000 * spectrum[hertz < 100].mean()


def test_the_description_has_the_source_of_each_turn(recordings: Speakers) -> None:
    meeting = make(recordings)
    entry = description(meeting)
    assert entry["seed"] == 0
    assert entry["conversation"]["overlap"] == 0.2
    assert len(entry["turns"]) == len(meeting.transcript.turns)
    assert all(turn["source"].startswith(f"{turn['speaker']}-1-") for turn in entry["turns"])


@pytest.mark.parametrize("bad", [{"level_spread": -1.0}, {"snr": 1000.0}, {"reverberation": 9.0}])
def test_impossible_acoustics_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(SettingsError):
        Acoustics(**bad)


def test_too_few_or_too_long_recordings_are_refused(recordings: Speakers) -> None:
    with pytest.raises(SettingsError, match="9 speakers"):
        simulate(recordings, MeetingConfig(Conversation(9, 60)))
    with pytest.raises(SettingsError, match=r"0\.5 s"):
        simulate(recordings, MeetingConfig(Conversation(2, 0.5)))


@pytest.mark.slow
@pytest.mark.parametrize("speakers", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("overlap", [0.0, 0.1, 0.2, 0.4])
def test_real_recordings_give_the_requested_overlap(shared_data: Path, speakers: int, overlap: float) -> None:
    recordings = find_speakers(shared_data / "librispeech" / "test-other")
    meeting = simulate(recordings, MeetingConfig(Conversation(speakers, 120, overlap), HARD, seed=speakers))
    assert meeting.overlap_ratio == pytest.approx(overlap, abs=0.02)
    assert set(meeting.transcript.speakers) == set(meeting.audio.sources)
    assert len(meeting.audio.sources) == speakers


def test_noise_is_pink(recordings: Speakers) -> None:
    noise = make(recordings, Acoustics(snr=10)).audio.noise.astype(float)
    spectrum, hertz = np.abs(np.fft.rfft(noise)) ** 2, np.fft.rfftfreq(len(noise), 1 / RATE)

    def density(octave: float) -> float:
        return float(spectrum[(hertz > octave) & (hertz < 2 * octave)].mean())

    assert 10 * np.log10(density(500) / density(2000)) == pytest.approx(6, abs=1)
