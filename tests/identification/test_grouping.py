"""Groups of one voice over many recordings."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.models.protocols import NameCalibration
from pipeline.stages.identification.grouping import group_voices
from pipeline.stages.identification.speech import SpeakerVoice

LIMITS = NameCalibration(wide=0.5, narrow=0.6, margin=0.1)
PEOPLE = np.eye(5, dtype=np.float32)
MEETINGS = st.lists(st.lists(st.integers(0, 4), max_size=4, unique=True), max_size=5)


def voices(meetings: list[list[int]], bands: bool = True) -> dict[tuple[str, str], SpeakerVoice]:
    result = {}
    for number, people in enumerate(meetings):
        for person in people:
            vector = PEOPLE[person]
            both = {"wide": vector, "narrow": vector} if bands or number % 2 else {"narrow": vector}
            result[f"m{number}.json", f"P{person}"] = SpeakerVoice(10.0, both)  # type: ignore[arg-type]
    return result


@given(MEETINGS, st.booleans())
def test_each_speaker_is_one_group_whatever_the_bands(meetings: list[list[int]], bands: bool) -> None:
    groups = group_voices(voices(meetings, bands), LIMITS)
    assert sorted(member for group in groups for member in group) == sorted(voices(meetings))
    assert all(len({speaker for _, speaker in group}) == 1 for group in groups)
    assert len(groups) == len({person for people in meetings for person in people})


@given(st.integers(2, 4))
def test_two_speakers_of_one_recording_are_two_people(count: int) -> None:
    same = {("m.json", f"P{n}"): SpeakerVoice(9.0, {"narrow": PEOPLE[0]}) for n in range(count)}
    assert [len(group) for group in group_voices(same, LIMITS)] == [1] * count


def test_a_speaker_without_speech_is_in_no_group() -> None:
    assert group_voices({("m.json", "P0"): SpeakerVoice(0.0, {})}, LIMITS) == ()
