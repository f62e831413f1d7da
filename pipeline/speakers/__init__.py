"""From what is heard in single windows to who speaks when in a whole recording: pure functions on arrays.

LocalSpeech ─pool→ LocalVoices ─estimate_people→ centroids ─assign→ owners ─draw→ Activity ─read_turns→ turns
"""
