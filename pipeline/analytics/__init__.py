"""What a call was like, computed from its transcript: pure functions, frozen values, stated definitions.

measures    talk, turns, pace, monologues, silence, dead air, latency
interplay   each overlap named: backchannel, interruption, end of a turn, start together
rules       rules for phrases, read strictly from YAML
phrases     fuzzy matching, findings with their evidence
sentiment   optional, English only
writing     all of it as ``NAME.analytics.json``
tables      over a folder: calls, turns, words, overlaps, findings
page        over a folder: one self-contained HTML page
"""
