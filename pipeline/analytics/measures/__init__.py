"""Measures of one call: pure functions of a transcript, frozen values, documented definitions.

metrics       all measures of a call and of its speakers
interactions  overlaps by kind: backchannel, interruption, end of a turn, simultaneous start; with evidence
backchannels  words of assent and attention, by language
responses     response latencies, first response, monologues
pauses        dead air, hold time, music
loudness      loudness of speakers, shouting
questions     questions by their question marks
closing       who said goodbye first
sentiment     VADER's score; English only, optional
parts         what lies in a part of a call
quarters      talk, pace, sentiment and loudness by quarter and speaker
"""
