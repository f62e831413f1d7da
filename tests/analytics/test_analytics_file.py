"""The analytics file of a call: complete, deterministic, with sentiment if it can be computed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.analytics.analytics_file import analyze, dumps
from pipeline.analytics.measures import sentiment
from tests.analytics.calls import call, spoken, write_analytics

CALL = call(
    10.0,
    spoken("agent", 0.0, 2.0, "What a wonderful day, thank you!"),
    spoken("customer", 3.0, 5.0, "This is terrible."),
)
RULES = "rules: [{name: greeting, says: [wonderful day], within: 20}]"


def test_the_file_is_complete(tmp_path: Path) -> None:
    path = write_analytics(CALL, RULES, tmp_path / "team.call", {"campaign": "north"})
    assert path.name == "team.call.analytics.json"
    content = json.loads(path.read_text())
    assert content["columns"] == {"campaign": "north"}
    assert [part["speaker"] for part in content["speakers"]] == ["agent", "customer"]
    assert content["findings"][0]["passed"] is True
    assert content["findings"][0]["evidence"][0]["text"] == "wonderful day,"
    assert (content["silence"], content["silence_ratio"]) == (6.0, 0.6)
    assert dumps(analyze(CALL)) == dumps(analyze(CALL))


def test_sentiment_has_the_sign_of_the_words() -> None:
    pytest.importorskip("vaderSentiment", reason="needs the extra [analytics]")
    agent, customer = analyze(CALL)["speakers"]
    assert agent["sentiment"] > 0.3 > -0.3 > customer["sentiment"]
    assert analyze(CALL)["sentiment_by"].startswith("vaderSentiment ")


def test_unavailable_sentiment_is_null(monkeypatch: pytest.MonkeyPatch) -> None:
    german = call(10.0, spoken("agent", 0.0, 2.0, "wonderful"), language="de")
    assert analyze(german)["speakers"][0]["sentiment"] is None
    monkeypatch.setattr(sentiment, "PACKAGE", "no_such_package")
    assert analyze(CALL)["sentiment_by"] is None
