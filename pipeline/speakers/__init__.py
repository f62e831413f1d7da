"""From what is heard in single windows to who speaks when in a whole recording: pure functions on arrays.

LocalSpeech ─pool→ LocalVoices ─found→ centroids ─assign→ owners ─draw→ turns
"""
