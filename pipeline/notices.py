"""Every code that a `Notice` or a `Warned` event of this package can have, with what it means: machines match on it."""

from __future__ import annotations

from collections.abc import Mapping

NOTICES: Mapping[str, str] = {
    "antiphase": "Channels cancel each other; they were mixed with other signs or weights.",
    "cache_unavailable": "Finished stages cannot be kept on disk; the run goes on without the cache. Event only.",
    "channels_mixed": "Channels or roles were asked for, but the channels were mixed and speakers found by voice.",
    "clipped_samples": "Samples beyond full scale were clipped.",
    "clock": "Impossible time stamps were ignored; later times may be off.",
    "damaged": "Damaged passages could not be decoded and are silence.",
    "fewer_speakers": "Fewer speakers were found than asked for.",
    "gap": "The file holds no audio for a time; silence stands there.",
    "other_tracks": "The file has further audio tracks that were not read.",
    "repaired_samples": "Samples that were no numbers (NaN or infinite) were set to 0.",
    "silent_channels": "Some channels are silent.",
    "too_short_to_count": "There is too little speech to count the speakers.",
    "truncated": "The recording is cut short; the readable part was transcribed.",
    "uncovered_speech": "Stretches of speech have no words, also after the fallback.",
    "unscored": "Lines of a transcript file are marked as not to be scored and were left out.",
}
"""Code and meaning, in order of code."""
