"""Conversation analytics computed from a transcript: pure functions, frozen values, documented definitions.

metrics          talk, turns, pace, monologues, silence, dead air, response latency
interactions     overlaps by kind: backchannel, interruption, end of a turn, simultaneous start
phrase_rules     phrase rules, read strictly from YAML
phrase_matching  fuzzy matching; findings with evidence
sentiment        optional, English only
analytics_file   all results of a call as ``NAME.analytics.json``
calls            the calls of a folder of results
outliers         calls far from the median
tables           tables over a folder: calls, speakers, turns, words, overlaps, findings, failures
html_report      one HTML page over a folder
"""
