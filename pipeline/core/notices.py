"""Every code of a `Notice` or a `NoticeIssued` event in this package, with its meaning. Programs match on the codes."""

from __future__ import annotations

from collections.abc import Mapping

NOTICES: Mapping[str, str] = {
    "antiphase": "Channels cancel each other; they were mixed with other signs or weights.",
    "cache_unavailable": "Finished stages cannot be kept on disk; the run goes on without the cache. Event only.",
    "channels_mixed": "Channels or roles were asked for, but the channels were mixed and speakers found by voice.",
    "clipped_samples": "Samples beyond full scale were clipped.",
    "clock": "Impossible time stamps were ignored; later times may be off.",
    "damaged": "Damaged passages could not be decoded and are silence.",
    "deprecated_key": "A JSON transcript has keys of an earlier version, which are read for one more version.",
    "deprecated_setting": "A setting is in an old spelling, which is read for one more version. Event only.",
    "early_start": "Rows of a file start before the recording and were moved to 0 s.",
    "empty_row": "Rows of a file have neither length nor words and were left out.",
    "encoding": "A text file is not UTF-8 and was read in another encoding.",
    "fewer_speakers": "Fewer speakers were found than asked for.",
    "gap": "The file holds no audio for a time; silence stands there.",
    "gpu_unusable": "The GPU cannot be used; the CPU computes. Event only.",
    "hallucinations_removed": "Words that were probably not said are left out of the text; the JSON lists them.",
    "headerless": "The file has no header; its format was taken from its name.",
    "left_out": "Sessions without a reference were left out of the score.",
    "names_differ": "The sessions that are compared have different names.",
    "no_hypothesis": "Sessions are only in the reference: their words count as deletions.",
    "no_length": "Rows of a file have words but no length; each word was given a short one.",
    "no_reference": "Sessions are only in the hypothesis: their words count as insertions.",
    "no_transcript": "JSON files that are no transcripts were left out.",
    "no_words": "There are no word errors, since the format of one side holds no words.",
    "other_tracks": "The file has further audio tracks that were not read.",
    "recomputed": "Parts of a transcript that was edited by hand disagreed and were computed again.",
    "reduced_memory": "A GPU's memory ran out; the recording went on with a smaller batch or on the CPU.",
    "repaired_samples": "Samples that were no numbers (NaN or infinite) were set to 0.",
    "separator_failed": "The separator failed in some overlap regions, which keep the mixture.",
    "silent_channels": "Some channels are silent.",
    "speaker_count_estimated": "The number of speakers was estimated; the message says how sure it is.",
    "too_short_to_count": "There is too little speech to count the speakers.",
    "truncated": "The recording is cut short; the readable part was transcribed.",
    "uncovered_speech": "Stretches of speech have no words, also after the fallback.",
    "unread": "Bytes behind the end of the recording could not be read.",
    "unrelated": "Sessions have an error rate above 100 %: they may not be the same recording.",
    "unscored": "Lines of a transcript file are marked as not to be scored and were left out.",
    "wrong_size": "The size in the header is wrong; what lies behind the stated end was read as sound.",
}
"""Code and meaning, in order of code."""
