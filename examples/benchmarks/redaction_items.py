"""Personal data for the redaction bench: values, and the ways in which they are said or written."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

DIGITS: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TEENS: Final = (
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
ORDINALS: Final = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth",
    "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth", "twentieth",
)  # fmt: skip
MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
NATO: Final = (
    "Alpha Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliet Kilo Lima Mike November Oscar Papa Quebec Romeo Sierra "
    "Tango Uniform Victor Whiskey X-ray Yankee Zulu"
)
STYLES: Final = {
    False: ("words", "doubles", "numerals", "singles", "pairs", "spoken_pairs"),
    True: ("words", "doubles", "numerals", "singles", "pairs", "spoken_pairs", "commas", "loose_pairs", "threes"),
}
"""Ways to say digits: for development, and for the report."""
PEOPLE: Final = {
    False: (("Sarah", "Thompson"), ("Ahmed", "Khan"), ("Maria", "Lopez"), ("Peter", "Jones"), ("Wei", "Chen")),
    True: (
        ("Olivia", "Bennett"), ("Rajesh", "Patel"), ("Siobhan", "O'Connor"), ("Tomasz", "Nowak"), ("Grace", "Baker"),
        ("Fatima", "Hassan"), ("Luke", "Marsh"), ("Ngozi", "Okafor"),
    ),
}  # fmt: skip
STREETS: Final = {
    False: ("Station Road", "High Street", "Rose Hill Lane", "Queens Avenue"),
    True: ("Church Close", "Saint John's Crescent", "Mill View", "Old Kent Road", "Maple Drive", "Kingsway Gardens"),
}
TOWNS: Final = {
    False: (("Manchester", "M1 4BT"), ("Leeds", "LS6 2AB")),
    True: (("Norwich", "NR2 3LD"), ("Cardiff", "CF10 1EP"), ("Glasgow", "G12 8QQ"), ("Little Wenham", "CO7 6PU")),
}
STATES: Final = {
    False: (("Springfield, Illinois", "62704"),),
    True: (("Boulder, Colorado", "80302"), ("Portland, Oregon", "97205")),
}
MAIL: Final = {
    False: (("example", "com"), ("gmail", "com"), ("acme", "co.uk")),
    True: (("hotmail", "co.uk"), ("northwind", "org"), ("outlook", "com"), ("blueharbour", "net"), ("uni-mainz", "de")),
}


@dataclass(frozen=True)
class Says:
    """Values of one call, said in ways that are drawn at random."""

    rng: random.Random
    report: bool

    def digits(self, text: str, style: str | None = None) -> str:
        """Digits in a way of saying them."""
        style = style or self.rng.choice(STYLES[self.report])
        zero = self.rng.choice(("oh", "zero"))
        if style == "words":
            return " ".join(zero if c == "0" else DIGITS[int(c)] for c in text)
        if style == "doubles":
            return doubles(text, zero)
        if style == "singles":
            return " ".join(text)
        if style == "pairs":
            return " ".join(text[n : n + 2] for n in range(0, len(text), 2))
        if style == "threes":
            return " ".join(text[n : n + 3] for n in range(0, len(text), 3))
        if style in ("spoken_pairs", "loose_pairs"):
            between = "-" if style == "spoken_pairs" else " "
            return " ".join(pair(text[n : n + 2], zero, between) for n in range(0, len(text), 2))
        if style == "commas":
            return f"{text[0]},{text[1:]}" if len(text) == 4 and text[0] != "0" else text
        return text

    def groups(self, parts: list[str]) -> list[str]:
        """Groups of digits in one way of saying them."""
        style = self.rng.choice(STYLES[self.report])
        return [self.digits(part, style) for part in parts]

    def card(self, grouped: bool) -> list[str]:
        """The groups of a card number that passes its check."""
        amex = not grouped and self.rng.random() < 0.15
        number = with_check_digit(("37" if amex else self.rng.choice("45")) + self.number(12 if amex else 14))
        parts = [number[:4], number[4:10], number[10:]] if amex else [number[n : n + 4] for n in range(0, 16, 4)]
        kind = self.rng.random()
        if not grouped and kind < 0.1:
            return ["-".join(parts)]
        if not grouped and kind < 0.15:
            return [number]
        return self.groups(parts)

    def number(self, length: int) -> str:
        return "".join(self.rng.choice("0123456789") for _ in range(length))

    def expiry(self) -> str:
        month, year = self.rng.randint(1, 12), self.rng.randint(26, 31)
        return self.rng.choice(
            (
                f"{month:02d}/{year}", f"{MONTHS[month - 1]} 20{year}", f"{month:02d} {year}",
                f"{pair(f'{month:02d}', 'oh', '-')} {pair(str(year), 'oh', '-')}",
                f"{MONTHS[month - 1]} {pair(str(year), 'oh', '-')}",
            )
        )  # fmt: skip

    def sort(self) -> str:
        code = self.number(6)
        return self.rng.choice((f"{code[:2]}-{code[2:4]}-{code[4:]}", self.digits(code), self.digits(code, "pairs")))

    def iban(self) -> list[str]:
        """Three parts of an IBAN that passes its check."""
        country, letters, digits = self.rng.choice((("GB", "NWBK", 14), ("DE", "", 18), ("NL", "ABNA", 10)))
        rest = letters + self.number(digits)
        value = int("".join(str(int(c, 36)) for c in rest + country)) * 100
        text = f"{country}{98 - value % 97:02d}{rest}"
        style = self.rng.choice(("written", "glued", "letters", "alphabet"))
        if style == "glued":
            return [text[:8], text[8:16], text[16:]]
        if style == "written":
            groups = [text[n : n + 4] for n in range(0, len(text), 4)]
            return [" ".join(groups[:2]), " ".join(groups[2:4]), " ".join(groups[4:])]
        spoken = [self._character(c, style) for c in text]
        return [" ".join(spoken[:8]), " ".join(spoken[8:16]), " ".join(spoken[16:])]

    def _character(self, character: str, style: str) -> str:
        if character.isdigit():
            return DIGITS[int(character)] if style == "letters" else character
        return NATO.split()[ord(character) - 65] if style == "alphabet" else character

    def phone(self) -> list[str]:
        """Two parts of a telephone number."""
        kind = self.rng.choice(("mobile", "london", "us", "plus"))
        if kind == "us":
            area = self.rng.choice(("202", "415", "312", "617"))
            parts = [area, f"{self.rng.randint(200, 999)}", self.number(4)]
            if self.rng.random() < 0.5:
                return [parts[0], f"{parts[1]}-{parts[2]}"]
            said = self.groups(parts)
            return [said[0], " ".join(said[1:])]
        if kind == "plus":
            return [f"+44 7{self.number(3)}", self.number(6)]
        if kind == "london":
            return self.groups(["020" + self.rng.choice("78") + self.number(3), self.number(4)])
        return self.groups(["07" + self.rng.choice("4578") + self.number(2), self.number(6)])

    def email(self) -> str:
        first, last = self.rng.choice(PEOPLE[self.report])
        first, last = first.lower(), last.lower().replace("'", "")
        domain, end = self.rng.choice(MAIL[self.report])
        spoken_end = " dot ".join(end.split("."))
        number = str(self.rng.randint(1, 99))
        choices = [
            f"{first}.{last}@{domain}.{end}", f"{first[0]}{last}{number}@{domain}.{end}",
            f"{first[0]} dot {last} at {domain} dot {spoken_end}", f"{first} dot {last} at {domain}.{end}",
            f"{first} underscore {last} at {domain} dot {spoken_end}", f"{first}{last} at {domain} dot {spoken_end}",
            f"{' '.join(last)} at {domain} dot {spoken_end}", f"{first} {number} at {domain} dot {spoken_end}",
        ]  # fmt: skip
        if self.report:
            choices += [f"{first[0]} hyphen {last} at {domain}.{end}", f"{first} {last} at {domain} dot {spoken_end}"]
        return self.rng.choice(choices)

    def address(self) -> str:
        street = self.rng.choice(STREETS[self.report])
        house = self.rng.randint(1, 199)
        number = self.rng.choice((str(house), spoken_number(house)))
        if self.rng.random() < 0.3:
            state, code = self.rng.choice(STATES[self.report])
            return f"{number} {street}, {state}, {code}"
        town, _ = self.rng.choice(TOWNS[self.report])
        flat = f"Flat {self.rng.randint(1, 9)}, " if self.rng.random() < 0.2 else ""
        return f"{flat}{number} {street}, {town}, {self.postcode()}"

    def postcode(self) -> str:
        _, code = self.rng.choice(TOWNS[self.report])
        style = self.rng.choice(("written", "written", "letters", "alphabet"))
        if style == "written":
            return code
        return " ".join(self._character(c, style) for c in code.replace(" ", ""))

    def name(self) -> dict[str, str]:
        first, last = self.rng.choice(PEOPLE[self.report])
        between = self.rng.choice((" ", "-"))
        spelled = between.join(last.replace("'", "").upper())
        return {"": f"{first} {last}", "first": first, "last": last, "spelled": spelled}

    def date(self, born: bool) -> str:
        day, month, year = self.rng.randint(1, 28), self.rng.randint(1, 12), self.rng.randint(1940, 2005)
        spoken_year = (
            f"{pair(str(year)[:2], 'oh', '-')} {pair(str(year)[2:], 'oh', '-')}" if year < 2000 else f"two thousand and "
            f"{DIGITS[year - 2000]}" if year > 2000 else "two thousand"
        )  # fmt: skip
        suffix = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd"}.get(day, "th")
        word = ORDINALS[day - 1] if day <= 20 else f"twenty-{ORDINALS[day - 21]}"
        choices = [
            f"{day}{suffix} of {MONTHS[month - 1]} {year}", f"{MONTHS[month - 1]} {day}{suffix}, {year}",
            f"the {word} of {MONTHS[month - 1]} {spoken_year}", f"{day:02d}/{month:02d}/{year}",
            f"{day} {MONTHS[month - 1]} {year}", f"{MONTHS[month - 1]} the {word} {spoken_year}",
        ]  # fmt: skip
        if self.report:
            choices += [f"{MONTHS[month - 1]} {day}, {year}", f"{day:02d}.{month:02d}.{year}"]
        if born:
            choices += [f"{pair(f'{day:02d}', 'oh', '-')} {pair(f'{month:02d}', 'oh', '-')} {str(year)[2:]}"]
        return self.rng.choice(choices)

    def distractor(self, kind: str) -> str:
        """A number that is no personal data."""
        if kind == "order":
            number = self.number(self.rng.choice((6, 7, 8, 9)))
            return self.rng.choice((number, self.digits(number), f"AB{number}"))
        if kind == "price":
            amount = f"{self.rng.randint(2, 999)}"
            pence = f"{self.rng.randint(10, 99)}"
            return self.rng.choice(
                (f"£{amount}.{pence}", f"${amount}.{pence}", f"{amount} pounds", f"{amount} euros {pence}")
            )
        if kind == "time":
            hour = self.rng.randint(1, 12)
            return self.rng.choice(
                (f"{hour}:30", f"{hour} p.m.", f"{DIGITS[hour % 9 + 1]} o'clock", f"half past {hour}")
            )
        if kind == "year":
            return self.rng.choice((str(self.rng.randint(1995, 2026)), "twenty twenty-four", "two thousand and nine"))
        return self.rng.choice(
            (str(self.rng.randint(2, 90)), DIGITS[self.rng.randint(2, 9)], TEENS[self.rng.randint(0, 9)])
        )


def pair(text: str, zero: str, between: str) -> str:
    """Two digits as a number word: "forty-one", "eleven", "oh seven"."""
    if len(text) == 1:
        return zero if text == "0" else DIGITS[int(text)]
    tens, units = int(text[0]), int(text[1])
    if tens == 0:
        return f"{zero} {zero if units == 0 else DIGITS[units]}"
    if tens == 1:
        return TEENS[units]
    return TENS[tens - 2] + (between + DIGITS[units] if units else "")


def doubles(text: str, zero: str) -> str:
    """Digits one by one, equal ones as "double" and "triple"."""
    words: list[str] = []
    position = 0
    while position < len(text):
        count = len(text[position:]) - len(text[position:].lstrip(text[position]))
        count = min(count, 3)
        digit = zero if text[position] == "0" else DIGITS[int(text[position])]
        words.append({1: "", 2: "double ", 3: "triple "}[count] + digit)
        position += count
    return " ".join(words)


def spoken_number(number: int) -> str:
    """A number up to 199 in words."""
    rest = number % 100
    words = [] if number < 100 else ["one hundred"] + (["and"] if rest else [])
    if 10 <= rest:
        words.append(pair(str(rest), "", "-"))
    elif rest:
        words.append(DIGITS[rest])
    return " ".join(words)


def with_check_digit(digits: str) -> str:
    """Digits with the one that makes them a card number."""
    total = sum(sum(divmod(int(c) * (2 - place % 2), 10)) for place, c in enumerate(reversed(digits)))
    return digits + str(-total % 10)
