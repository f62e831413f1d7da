"""Names and codes of languages ("EN", "German", "pt_BR", "deu"), normalized to the code that Whisper uses."""

from __future__ import annotations

import difflib
import functools
import re
import unicodedata
from collections.abc import Mapping

from pipeline.core.errors import SettingsError

AUTOMATIC = frozenset({"", "auto", "automatic", "detect"})
"""Texts for automatic detection of the language."""

_TABLE = """
af afr Afrikaans
am amh Amharic
ar ara Arabic العربية
as asm Assamese
az aze Azerbaijani
ba bak Bashkir
be bel Belarusian
bg bul Bulgarian български
bn ben Bengali Bangla বাংলা
bo bod tib Tibetan
br bre Breton
bs bos Bosnian bosanski
ca cat Catalan català Valencian
cs ces cze Czech čeština česky
cy cym wel Welsh cymraeg
da dan Danish dansk
de deu ger German Deutsch gsw
el ell gre Greek ελληνικά
en eng English
es spa Spanish español Castilian castellano
et est Estonian eesti
eu eus baq Basque euskara
fa fas per Persian Farsi فارسی
fi fin Finnish suomi
fo fao Faroese
fr fra fre French français
gl glg Galician galego
gu guj Gujarati
ha hau Hausa
haw Hawaiian
he heb iw Hebrew עברית
hi hin Hindi हिन्दी
hr hrv Croatian hrvatski
ht hat Haitian Haitian_Creole Creole
hu hun Hungarian magyar
hy hye arm Armenian
id ind Indonesian Bahasa_Indonesia Bahasa
is isl ice Icelandic íslenska
it ita Italian italiano
ja jpn Japanese 日本語
jw jav jv Javanese
ka kat geo Georgian
kk kaz Kazakh
km khm Khmer
kn kan Kannada
ko kor Korean 한국어
la lat Latin
lb ltz Luxembourgish Letzeburgesch
ln lin Lingala
lo lao Lao
lt lit Lithuanian lietuvių
lv lav Latvian latviešu
mg mlg Malagasy
mi mri mao Maori
mk mkd mac Macedonian
ml mal Malayalam
mn mon Mongolian
mr mar Marathi
ms msa may Malay
mt mlt Maltese
my mya bur Burmese Myanmar
ne nep Nepali
nl nld dut Dutch Nederlands Flemish Vlaams
nn nno Nynorsk
no nor nb nob Norwegian norsk Bokmål
oc oci Occitan
pa pan Punjabi Panjabi
pl pol Polish polski
ps pus Pashto Pushto
pt por Portuguese português
ro ron rum mo mol Romanian română Moldavian Moldovan
ru rus Russian русский
sa san Sanskrit
sd snd Sindhi
si sin Sinhala Sinhalese
sk slk slo Slovak slovenčina
sl slv Slovenian Slovene slovenščina
sn sna Shona
so som Somali
sq sqi alb Albanian shqip
sr srp Serbian српски srpski
su sun Sundanese
sv swe Swedish svenska
sw swa Swahili Kiswahili
ta tam Tamil
te tel Telugu
tg tgk Tajik
th tha Thai ไทย
tk tuk Turkmen
tl tgl fil Tagalog Filipino
tr tur Turkish Türkçe
tt tat Tatar
uk ukr Ukrainian українська
ur urd Urdu
uz uzb Uzbek
vi vie Vietnamese Việt
yi yid Yiddish
yo yor Yoruba
yue Cantonese 粵語 粤语
zh zho chi cmn Chinese Mandarin 中文 汉语 普通话
"""
"""A line for each language that Whisper knows: its code there, other codes (ISO 639), names, the English one first."""
_MISTAKES = {
    "jp": "ja", "cn": "zh", "tw": "zh", "gr": "el", "cz": "cs", "dk": "da", "se": "sv", "ua": "uk", "kr": "ko",
    "vn": "vi", "us": "en", "gb": "en", "at": "de", "ch": "de", "ir": "fa", "il": "he", "in": "hi",
    "ee": "et", "rs": "sr", "al": "sq", "ge": "ka", "mx": "es", "ph": "tl", "pk": "ur", "by": "be",
}  # fmt: skip
"""Country codes that are mistaken for language codes, for suggestions only."""
_TAG = re.compile(r"([a-z]{2,3})([-_][a-z]{4})?([-_]([a-z]{2}|\d{3}))?([.@][\w.@-]+)?")
"""A language tag or locale: language, script (Hans), region (US), encoding (.UTF-8)."""


def parse_language(text: str) -> str | None:
    """Whisper's code for a language's name, code (two or three letters) or tag; None for automatic detection.

    >>> parse_language("English"), parse_language("pt_BR"), parse_language("deu"), parse_language("auto")
    ('en', 'pt', 'de', None)

    Raises `SettingsError` with the nearest language for anything else.
    """
    name = _plain(text)
    if name in AUTOMATIC:
        return None
    if name in _codes():
        return _codes()[name]
    tag = _TAG.fullmatch(name)
    if tag and tag[1] in _codes():
        return _codes()[tag[1]]
    raise SettingsError(f"unknown language {text!r}", hint=_suggestion(name))


def language_name(code: str) -> str:
    """The English name of a language by Whisper's code; the code itself for one that it does not know.

    >>> language_name("de"), language_name("xx")
    ('German', 'xx')
    """
    return english_names().get(code, code).replace("_", " ")


def _suggestion(name: str) -> str:
    first = re.split(r"[\W_]", name)[0]
    close = difflib.get_close_matches(name, [word for word in _codes() if len(word) > 2], n=1)
    code = _MISTAKES.get(first) or _codes().get(first) or (_codes()[close[0]] if close else None)
    if code is None:
        return "give a name or a code, for example english or en; auto detects it"
    return f"did you mean {code} ({english_names()[code]})? auto detects the language"


@functools.cache
def _rows() -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(line.split()) for line in _TABLE.strip().split("\n"))


@functools.cache
def _codes() -> Mapping[str, str]:
    """Whisper's code for everything that a row holds; ``_`` stands for a space."""
    return {_plain(word.replace("_", " ")): row[0] for row in _rows() for word in row}


@functools.cache
def english_names() -> Mapping[str, str]:
    """The English name of each code."""
    return {row[0]: next(word for word in row if word[0].isupper()) for row in _rows()}


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip().casefold()
