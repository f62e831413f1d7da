"""Phrase rules are read strictly."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.analytics.phrase_rules import Rule, read, read_file
from pipeline.core.errors import SettingsError


def test_rules_are_read(tmp_path: Path) -> None:
    text = "rules:\n- name: greeting\n  speaker: agent\n  says: [hello, good morning]\n  within: 20\n"
    assert read(text) == (Rule("greeting", ("hello", "good morning"), speaker="agent", within=20),)
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    assert read_file(path) == text
    assert read_file(None) == ""
    assert read("") == ()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("- a", "mapping"),
        ("rule: []", "^rules: rule: "),
        ("rules: [{says: [a]}]", r"rules\[0\]\.name: "),
        ("rules: [{name: a}]", "'says'.*'never'"),
        ("rules: [{name: a, says: [x], never: [y]}]", "'says'.*'never'"),
        ("rules: [{name: a, says: [x]}, {name: a, says: [x]}]", "'a'"),
        ("rules: [{name: a, says: x}]", r"rules\[0\]\.says: "),
        ("rules: [{name: a, says: ['?']}]", r"rules\[0\]\.says: "),
        ("rules: [{name: a, says: [x], within: -1}]", r"rules\[0\]\.within: "),
        ("rules: [{name: a, says: [x], within: yes}]", r"rules\[0\]\.within: "),
        ("rules: [{name: a, says: [x], similarity: 2}]", r"rules\[0\]\.similarity: "),
        ("rules: [{name: a, says: [x], after: [y]}]", "'within'"),
        ("rules: [{name: a, say: [x]}]", r"rules\[0\]\.say: .*did you mean says"),
        ("rules: [{name: !!python/name:os.system a, says: [x]}]", "tags are refused"),
    ],
)
def test_invalid_rules_are_refused(text: str, place: str) -> None:
    with pytest.raises(SettingsError, match=place):
        read(text)
