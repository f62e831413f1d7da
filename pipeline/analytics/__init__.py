"""Conversation analytics computed from a transcript: pure functions, frozen values, documented definitions.

measures         talk, turns, pace, silence, overlaps by kind, loudness, hold, questions, sentiment, quarters
rules            what must be said or measured in a call; findings with evidence
analytics_file   all results of a call as ``NAME.analytics.json``
calls            the calls of a folder of results
tables           tables over a folder: calls, speakers, turns, words, overlaps, findings, failures
report           one HTML page over a folder: groups, ranking, days, rules, outliers, failures
"""
