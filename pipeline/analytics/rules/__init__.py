"""Rules for calls: what must or must never be said, by whom and when, and limits of measures; with evidence.

reading             rules files, read strictly from YAML, problems with line and column (document, checks)
types               rules, conditions, findings (time_range, measure_names)
matching            phrases in a transcript, word by word (words, closeness, alignment)
evaluation          a finding for each rule (phrase_conditions, measure_conditions, measuring, speaker_labels)
describing          what a rule asks for, in one line
explaining          why a rule passes, fails or does not apply
"""
