"""Who ended a call: the first to say goodbye near its end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pipeline.core.types import Transcript, Utterance
from pipeline.minutes.talk import tokens_of

CLOSING = 30.0
"""Seconds before the end of the last speech in which goodbyes are looked for. Chosen by hand; a higher value takes
more earlier words ("I said goodbye to them") for the end of the call."""
GOODBYES: Mapping[str, tuple[str, ...]] = {
    "en": (
        "bye", "goodbye", "good bye", "farewell", "take care", "have a nice", "have a good", "have a great",
        "have a lovely", "have a wonderful", "good night", "see you", "speak soon", "talk soon",
    ),
    "de": ("tschüss", "tschüß", "tschau", "ciao", "wiederhören", "wiedersehen", "schönen tag", "ade"),
    "fr": ("au revoir", "bonne journée", "bonne soirée", "à bientôt"),
    "es": ("adiós", "hasta luego", "hasta pronto", "tenga un buen día", "que tenga buen día", "chao"),
    "it": ("arrivederci", "buona giornata", "buona serata"),
    "nl": ("doei", "tot ziens", "fijne dag", "prettige dag"),
    "pt": ("adeus", "tchau", "até logo", "até mais", "tenha um bom dia"),
}  # fmt: skip
"""Goodbyes by language, in lower case without punctuation. Chosen by hand; a call in another language has no answer."""


def ended_by(transcript: Transcript) -> str | None:
    """Label of the speaker who said the first goodbye in the last `CLOSING` seconds; None where no one did.

    The audio does not show who hung up.
    """
    phrases = [tuple(phrase.split()) for phrase in GOODBYES.get(transcript.language or "", ())]
    last = max((utterance.end for utterance in transcript.utterances), default=0.0)
    found = [
        (time, utterance.speaker)
        for utterance in transcript.utterances
        for time in _times(utterance, phrases)
        if time >= last - CLOSING
    ]
    return min(found)[1] if found else None


def _times(utterance: Utterance, phrases: Sequence[tuple[str, ...]]) -> Iterator[float]:
    """The start of each phrase in the utterance."""
    spoken = [(token, word.start) for word in utterance.words for token in tokens_of((word,))]
    tokens = tuple(token for token, _ in spoken)
    for place, (_, time) in enumerate(spoken):
        if any(tokens[place : place + len(phrase)] == phrase for phrase in phrases):
            yield time
