"""Units of comparison: characters in scripts without spaces, words in other scripts."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluation.metrics.normalization import Token
from pipeline.evaluation.metrics.scripts import by_character, is_unspaced


def units(text: str) -> list[str]:
    return [token.text for token in by_character([Token(0, 1, text, "A")])]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我用python写代码", ["我", "用", "python", "写", "代", "码"]),
        ("ハロー日本", ["ハ", "ロ", "ー", "日", "本"]),
        ("人々", ["人", "々"]),
        ("ก็ดี", ["ก็", "ดี"]),
        ("ກິນ", ["ກິ", "ນ"]),
        ("မြန်မာ", ["မြ", "န်", "မာ"]),
        ("𠮷野家", ["𠮷", "野", "家"]),
        ("hello", ["hello"]),
        ("안녕하세요", ["안녕하세요"]),
        ("किताब", ["किताब"]),
        ("привет", ["привет"]),
        ("3年", ["3", "年"]),
    ],
)
def test_units_of_scripts(text: str, expected: list[str]) -> None:
    assert units(text) == expected
    assert is_unspaced(text) == (len(expected) > 1)


@given(st.text(st.sampled_from("aé我ก็ー "), min_size=1), st.floats(0, 1e3), st.floats(0.01, 10))
def test_units_keep_the_text_and_fill_its_time(text: str, start: float, length: float) -> None:
    characters = list(by_character([Token(start, start + length, text, "A")]))
    assert "".join(token.text for token in characters) == text
    assert characters[0].start == start
    assert characters[-1].end == pytest.approx(start + length)
    assert all(one.end == two.start for one, two in pairwise(characters))
