"""Lists of English words that several finders use. They were written by hand; each says what more words do."""

from __future__ import annotations

from typing import Final


def words(text: str) -> frozenset[str]:
    """The words of a text that is separated by spaces."""
    return frozenset(text.split())


HESITATIONS: Final = words("uh um er erm ah eh hmm mm uhm")
"""Sounds that may stand within any phrase; they are skipped where phrases are matched."""
FILLERS: Final = HESITATIONS | words(
    "mhm mmhmm huh like so well okay ok yes yeah yep yup right sure alright and then next now is are it it's its "
    "that's thats that the a got sorry please great perfect lovely thanks thank you followed by dash hyphen space "
    "slash again go ahead good fine last final digit digits group number numbers hang on wait moment sec correct cool "
    "carry i've let me see no not nope pardon repeat this was oops i mean ones point dot"
)
"""Words between two groups of digits that do not count against a run: backchannels, and what connects groups. More
words join more groups to one run."""
CURRENCIES: Final = words("pound pounds dollar dollars euro euros quid")
"""Currencies that stand between the two parts of a price: "five pounds 20"."""
PREPOSITIONS: Final = words(
    "in at since until from after before around about nearly over under per within between half past instead"
)
"""Words before a number that make it a year, a time or a measure; they count as ``runs.HEAVY`` words."""
UNITS: Final = CURRENCIES | words(
    "pence penny cent cents percent percentage o'clock am pm minute minutes "
    "hour hours day days week weeks month months year years mile miles kilometres kilometers kilo kilos kg gigabytes "
    "gigabyte gig gigs megabytes megabyte mb gb people times items boxes seconds degrees grand working business francs "
    "rupees yen millimetres bedroom bedrooms licences licenses nights adults children stars points"
)
"""Words after a number that make it an amount. More words leave more numbers out where a card number is incomplete."""
COUNTED: Final = words("digit digits number numbers figure figures letters letter characters character")
"""Words after a number that count the digits of another one: "the last four digits"."""
MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
"""English months, in order."""
MONTH_WORDS: Final = frozenset(MONTHS) | words("jan feb mar apr jun jul aug sep sept oct nov dec")
"""English months and their short forms."""
