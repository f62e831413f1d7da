"""Words of backchannels: assent and attention, which leave the floor to the other speaker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from pipeline.core.types import Word
from pipeline.minutes.talk import tokens_of

BACKCHANNELS: Mapping[str, tuple[str, ...]] = {
    "en": (
        "yeah", "yes", "yep", "yup", "ya", "mm", "mmm", "mhm", "mmhmm", "hm", "hmm", "huh", "uhhuh", "oh",
        "ah", "aha", "okay", "ok", "kay", "right", "alright", "all right", "sure", "of course", "i see", "i know",
        "i understand", "got it", "great", "good", "cool", "nice", "perfect", "fine", "true", "exactly", "absolutely",
        "definitely", "indeed", "really", "wow", "gosh", "oh no", "sorry", "thanks", "thank you", "that's right",
        "that's true", "that's fine", "no problem", "yeah yeah",
    ),
    "de": (
        "ja", "jo", "jap", "mhm", "hm", "hmm", "mm", "aha", "ach", "ach so", "achso", "okay", "ok", "gut",
        "genau", "richtig", "stimmt", "klar", "alles klar", "natürlich", "verstehe", "ich verstehe", "super", "schön",
        "wirklich", "danke",
    ),
    "fr": (
        "oui", "ouais", "mhm", "hm", "hmm", "mm", "ah", "oh", "d'accord", "ok", "okay", "voilà", "bien",
        "très bien", "bien sûr", "je vois", "exactement", "exact", "tout à fait", "merci", "ah bon", "parfait",
    ),
    "es": (
        "sí", "si", "mhm", "hm", "hmm", "mm", "ah", "ajá", "aja", "claro", "vale", "ya", "bien", "bueno", "ok",
        "okay", "de acuerdo", "exacto", "perfecto", "entiendo", "gracias", "por supuesto",
    ),
    "it": (
        "sì", "si", "mhm", "hm", "hmm", "mm", "ah", "certo", "ok", "okay", "va bene", "bene", "esatto", "giusto",
        "perfetto", "capisco", "ho capito", "grazie", "già",
    ),
    "nl": (
        "ja", "jaja", "mhm", "hm", "hmm", "mm", "ah", "oh", "oké", "ok", "okay", "goed", "precies", "juist",
        "klopt", "zeker", "natuurlijk", "prima", "ik begrijp het", "dank u",
    ),
    "pt": (
        "sim", "mhm", "hm", "hmm", "mm", "é", "ah", "claro", "certo", "ok", "okay", "tá", "está bem", "pois", "isso",
        "exato", "exatamente", "perfeito", "entendo", "obrigado", "obrigada",
    ),
}  # fmt: skip
"""Backchannels by language, in lower case without punctuation. Chosen by hand; more words turn interruptions into
backchannels. Languages without a list are judged by length alone."""
FILLERS = frozenset({"um", "uh", "er", "erm", "äh", "ähm", "euh", "eh", "?"})
"""Tokens that decide nothing beside a backchannel ("okay, um"); alone, they begin a turn. Chosen by hand."""


def are_backchannels(words: Sequence[Word], language: str | None) -> bool | None:
    """Whether the words are nothing but backchannels; None without words or without a list of the language."""
    tokens = tokens_of(tuple(words))
    if not tokens or language is None or language not in BACKCHANNELS:
        return None
    spoken = tuple(token for token in tokens if token not in FILLERS)
    phrases = _phrases(language)
    longest = max(map(len, phrases))
    place = 0
    while place < len(spoken):
        lengths = (count for count in range(longest, 0, -1) if spoken[place : place + count] in phrases)
        length = next(lengths, 0)
        if not length:
            return False
        place += length
    return bool(spoken)


@cache
def _phrases(language: str) -> frozenset[tuple[str, ...]]:
    """The backchannels of a language as tokens."""
    return frozenset(tuple(phrase.split()) for phrase in BACKCHANNELS[language])
