"""Languages: common spellings are accepted, and anything else is refused with the nearest language."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import languages
from pipeline.config.languages import parse_language
from pipeline.core.errors import SettingsError

CODES = sorted(set(languages._codes().values()))

WRITTEN = {
    "EN": "en", "english": "en", "English": "en", "eng": "en", "en-US": "en", "en_GB": "en", "en_US.UTF-8": "en",
    "deutsch": "de", "German": "de", "deu": "de", "ger": "de", "de-AT": "de", "pt_BR": "pt", "português": "pt",
    "zh-Hans": "zh", "zh-Hant-TW": "zh", "Mandarin": "zh", "chi": "zh", "cmn": "zh", "yue": "yue", "es-419": "es",
    "no": "no", "nb-NO": "no", "nn": "nn", "iw": "he", "fil": "tl", "jv": "jw", " fr\n": "fr", "日本語": "ja",
    "haitian creole": "ht", "ARA": "ar", "Türkçe": "tr", "auto": None, "AUTO": None, "": None,
}  # fmt: skip


@pytest.mark.parametrize("text", WRITTEN, ids=repr)
def test_common_spellings_of_languages_are_accepted(text: str) -> None:
    assert parse_language(text) == WRITTEN[text]


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("jp", "ja"),
        ("cn", "zh"),
        ("english please", "en"),
        ("en-please", "en"),
        ("de AT", "de"),
        ("germann", "de"),
        ("francais", "fr"),
        ("gr", "el"),
        ("xx", None),
        ("C", None),
        ("en,de", "en"),
        ("\x00", None),
    ],
)
def test_no_language_is_refused_with_the_nearest(text: str, nearest: str | None) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_language(text)
    assert nearest is None or f" {nearest} " in caught.value.hint
    assert len(caught.value.line.splitlines()) == 1


@given(st.sampled_from(CODES), st.sampled_from([str.upper, str.title, str.lower]))
def test_a_code_stays_itself_in_any_case(code: str, write: object) -> None:
    assert callable(write)
    assert parse_language(write(code)) == code


@given(st.text(max_size=8))
def test_any_text_is_a_code_or_refused(text: str) -> None:
    try:
        language = parse_language(text)
    except SettingsError:
        return
    assert language is None or language in CODES


def test_the_codes_are_those_of_whisper() -> None:
    from faster_whisper.tokenizer import _LANGUAGE_CODES

    assert sorted(_LANGUAGE_CODES) == CODES


def test_suggestions_are_for_invalid_languages_only() -> None:
    assert not set(languages._MISTAKES) & set(languages._codes())
    assert set(languages._MISTAKES.values()) <= set(CODES)
