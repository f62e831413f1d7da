from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluation.metrics.normalization import Token
from pipeline.evaluation.metrics.wer import WordErrors, align, align_speakers, count, distance

WORDS = st.lists(st.sampled_from("abc"), max_size=12)
COUNTS = st.builds(WordErrors, *[st.integers(0, 99)] * 4)


def tokens(words: list[str], speaker: str = "A") -> list[Token]:
    return [Token(i, i + 1, word, speaker) for i, word in enumerate(words)]


def textbook(reference: list[str], hypothesis: list[str]) -> int:
    """Levenshtein distance by the table of Wagner and Fischer."""
    row = list(range(len(hypothesis) + 1))
    for i, word in enumerate(reference, 1):
        above, row = row, [i]
        for j, other in enumerate(hypothesis, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (word != other)))
    return row[-1]


@given(WORDS, WORDS)
def test_distance_agrees_with_the_textbook_algorithm(reference: list[str], hypothesis: list[str]) -> None:
    assert distance(reference, hypothesis) == textbook(reference, hypothesis)


@given(WORDS, WORDS)
def test_an_alignment_holds_both_sides_in_order_and_costs_the_distance(left: list[str], right: list[str]) -> None:
    pairs = align(tokens(left), tokens(right))
    assert [a.text for a, _ in pairs if a] == left
    assert [b.text for _, b in pairs if b] == right
    assert all(a or b for a, b in pairs)
    assert count(pairs).errors == distance(left, right)
    assert count(pairs).words == len(left)


@given(WORDS)
def test_equal_texts_have_no_errors(words: list[str]) -> None:
    assert count(align(tokens(words), tokens(words))) == WordErrors(hits=len(words))


@given(COUNTS, COUNTS)
def test_counts_add_and_rates_follow(one: WordErrors, other: WordErrors) -> None:
    both = one + other
    assert (both.words, both.errors) == (one.words + other.words, one.errors + other.errors)
    assert both.error_rate == (both.errors / both.words if both.words else None)


def test_speakers_are_paired_for_the_fewest_errors() -> None:
    reference = tokens(["a", "b", "c"], "ann") + tokens(["d", "e"], "bob")
    hypothesis = tokens(["d", "x"], "1") + tokens(["a", "b", "c"], "2")
    alignment = align_speakers(reference, hypothesis)
    assert set(alignment.assignment) == {("ann", "2"), ("bob", "1")}
    assert count(alignment.pairs) == WordErrors(hits=4, substitutions=1)


def test_a_speaker_without_partner_is_all_deletions_or_insertions() -> None:
    fewer = align_speakers(tokens(["a"], "ann") + tokens(["b", "c"], "bob"), tokens(["a"], "1"))
    assert count(fewer.pairs) == WordErrors(hits=1, deletions=2)
    assert ("bob", None) in fewer.assignment
    more = align_speakers(tokens(["a"], "ann"), tokens(["a"], "1") + tokens(["b"], "2"))
    assert count(more.pairs) == WordErrors(hits=1, insertions=1)
    assert (None, "2") in more.assignment


def test_empty_sides() -> None:
    assert align_speakers([], []).pairs == ()
    assert count(align_speakers([], tokens(["a"])).pairs) == WordErrors(insertions=1)
    assert count(align_speakers(tokens(["a"]), []).pairs) == WordErrors(deletions=1)


def test_an_hour_of_words_is_aligned() -> None:
    words = [str(i * i % 997) for i in range(10_000)]
    hypothesis = [word for i, word in enumerate(words) if i % 10]
    assert count(align(tokens(words), tokens(hypothesis))) == WordErrors(hits=9_000, deletions=1_000)
