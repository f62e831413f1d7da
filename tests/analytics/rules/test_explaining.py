"""Explanations of rules agree with their findings and show what was compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import formats
from pipeline.analytics.analytics_file import analyze
from pipeline.analytics.rules.evaluation import evaluate_rules
from pipeline.analytics.rules.explaining import explain
from pipeline.analytics.rules.reading import read
from pipeline.cli.app import main
from pipeline.core.errors import SettingsError
from tests.analytics.calls import call, spoken

CALL = call(
    60.0,
    spoken("agent", 2.0, 6.0, "Good morning, thank you for colin Acme."),
    spoken("customer", 30.0, 33.0, "that you can do"),
)
RULES = """
rules:
- {name: greeting, says: [thank you for calling, hello there], speaker: agent, within: 20}
- {name: thanks, says: [thank you], speaker: customer, severity: critical}
- {name: silence, measure: longest_silence, lte: 20}
- {name: role, says: [x], role: boss}
- {name: late, says: [thank you for calling], range: last 10 s}
- {name: several, all: [greeting, {not: thanks}]}
- {name: after, says: [colin], after: [good morning], within: 9}
"""


def explained(name: str) -> str:
    return explain(CALL, read(RULES).rules, analyze(CALL), name)


def test_explanations_agree_with_findings() -> None:
    rules = read(RULES).rules
    words = {True: "passed", False: "failed", None: "does not apply"}
    for finding in evaluate_rules(CALL, rules, analyze(CALL)):
        first, second, *_ = explained(finding.rule).splitlines()
        assert first == f"{finding.rule} ({finding.severity}): {words[finding.passed]}"
        assert second == f"  {words[finding.passed]}: {finding.expected}"


def test_each_phrase_has_its_best_match_with_similarity_and_limit() -> None:
    text = explained("greeting")
    assert '0:03.1 agent: "thank you for colin"; similarity 0.8' in text
    assert "calling = colin 0." in text
    assert '"hello there": no matches' in text
    assert "at least 0.7" in text


def test_each_reason_is_in_the_explanation() -> None:
    assert "without thank" in explained("thanks") or "no word is close" in explained("thanks")
    assert "(does not count here)" in explained("late")
    assert "measured: 24, limit 20\n    at 0:06.0 to 0:30.0" in explained("silence")
    assert "because: no speaker of the call has the role boss" in explained("role")
    assert "not (rule thanks)" in explained("several")
    assert 'after:\n      "good morning": 1 match' in explained("after")


def test_an_unknown_rule_is_an_error() -> None:
    with pytest.raises(SettingsError, match="did you mean greeting"):
        explained("greting")


def test_the_command_prints_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.json").write_bytes(formats.dumps(CALL, "json"))
    (tmp_path / "rules.yaml").write_text(RULES)
    arguments = ["analyze", str(tmp_path / "a.json"), "--explain", "silence"]
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--rules", str(tmp_path / "rules.yaml")])
    assert ended.value.code in (0, None)
    assert capsys.readouterr().out.startswith("silence (warning): failed\n")
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 1
    assert "add --rules FILE" in capsys.readouterr().err
