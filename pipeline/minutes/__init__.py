"""Minutes of a meeting without a language model: every item is words that were said, with their moment and speaker.

types         the minutes as frozen values
talk          tokens and sentences of a transcript
features      features of utterances for the trained models
weights       the trained weights (weights.json)
segmentation  topics: boundaries
titles        topics: key phrases
passages      decisions and key points
actions       who does what until when
questions     open questions
cues          cue lists (English)
choosing      choice of moments
places        where the words of a given line stand
agenda        lines of an agenda: read, and where they were talked about
follow_up     actions of earlier minutes: read, and where they are mentioned
matching      minutes beside an agenda and earlier minutes
corrected     items that people added or took out
making        minutes of a transcript
documents     Markdown, Word, JSON and the page
llm           the choice of a language model that the user names
"""
