"""Constructed calls for the report's benchmark, picture and tests: analytics with all keys, without recordings."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.analytics.analytics_file import VERSION
from pipeline.analytics.calls import Call

TEAMS = {"Ana": "north", "Ben": "north", "Cora": "south", "Dan": "south", "Eve": "south"}
"""The agents of the constructed calls and their teams."""
RULES = ("greeting", "no promises", "pace of the agent")
"""The rules of the constructed calls."""


def speaker(label: str, role: str | None = None, **changes: Any) -> dict[str, Any]:
    """A speaker of the analytics."""
    return {
        "speaker": label, "role": role, "person": None, "talk": 60.0, "talk_ratio": 0.5, "talk_spurts": 10,
        "words": 150, "words_per_minute": 150.0, "longest_monologue": 12.0, "responses": 5,
        "response_latency_mean": 0.8, "response_latency_median": 0.7, "interruptions": 1, "interrupted": 0,
        "backchannels": 2, "sentiment": 0.2, "questions": 3, "loudness": -24.0, "shouting": 0.0, **changes,
    }  # fmt: skip


def finding(rule: str, passed: bool | None, *evidence: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """The result of a rule."""
    return {
        "rule": rule, "severity": "warning", "passed": passed, "expected": f"what {rule} asks", "measured": None,
        "reason": None, "evidence": list(evidence), **changes,
    }  # fmt: skip


def quoted(start: float, text: str, speaker: str = "agent") -> dict[str, Any]:
    """A moment of a rule's evidence."""
    return {
        "start": start, "end": start + 2.0, "speaker": speaker, "role": None, "text": text, "phrase": "x",
        "similarity": 1.0, "confidence": 0.9,
    }  # fmt: skip


def analytics(*speakers: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """The analytics of a call of two minutes with the speakers agent and customer, or with those given."""
    people = speakers or (speaker("agent", "agent"), speaker("customer", "customer", sentiment=-0.1))
    roles = [
        {"speaker": one["speaker"], "role": one.get("role"), "decision": "channel", "reason": "", "evidence": []}
        for one in people
    ]
    return {
        "version": VERSION, "language": "en", "complete": True, "duration": 120.0, "speech": 100.0, "silence": 20.0,
        "silence_ratio": 0.167, "dead_air": [], "overlap": 3.0, "overlap_ratio": 0.03, "overlap_events": [],
        "speakers": list(people), "sentiment_by": "vader", "findings": [], "warnings": [], "columns": {},
        "recorded": None, "sha256": None, "roles": roles, "first_response": 2.0, "longest_silence": None, "hold": 0.0,
        "music": 0.0, "pauses": [], "ended_by": "customer", "questions": 5, "quarters": [], **changes,
    }  # fmt: skip


def made(data: Mapping[str, Any], name: str = "call", folder: Path = Path("/nonexistent"), **changes: Any) -> Call:
    """A call in a folder."""
    return Call(folder, name, dict(data), **changes)


def many(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Analytics of calls of five agents in two teams on ten days; Ana breaks the first rule less often than others."""
    rng = random.Random(seed)
    return [_random_call(rng, number) for number in range(count)]


def _random_call(rng: random.Random, number: int) -> dict[str, Any]:
    name = rng.choice(list(TEAMS))
    duration = round(rng.lognormvariate(5.2, 0.6), 1)
    talk = min(0.95, max(0.05, rng.gauss(0.6 if name == "Ben" else 0.5, 0.08)))
    pace = rng.gauss(150, 15)
    silence = min(0.6, max(0.02, rng.gauss(0.15, 0.05))) + (0.4 if number % 97 == 5 else 0.0)
    agent = speaker(
        "agent", "agent", talk_ratio=round(talk, 3), talk=round(duration * 0.8 * talk, 1),
        words_per_minute=round(pace, 1), sentiment=round(rng.gauss(0.2, 0.15), 3), questions=rng.randint(0, 8),
        loudness=round(rng.gauss(-24, 2), 1), interruptions=rng.randint(0, 3), interrupted=rng.randint(0, 2),
        longest_monologue=round(rng.uniform(5, 60), 1), response_latency_median=round(rng.uniform(0.2, 1.5), 2),
    )  # fmt: skip
    customer = speaker("customer", "customer", talk_ratio=round(1 - talk, 3), sentiment=round(rng.gauss(0, 0.2), 3))
    start = round(rng.uniform(5, duration), 2)
    rules = [
        finding(RULES[0], rng.random() > (0.03 if name == "Ana" else 0.2), severity="critical"),
        finding(RULES[1], rng.random() > 0.1 or None, quoted(start, "I promise you that this will be free of charge")),
        finding(RULES[2], pace < 170, severity="info", measured={"value": round(pace, 1), "limit": 170}),
    ]
    if rng.random() < 0.1:
        rules[1] |= {"passed": False}
    unknown = number % 40 == 7
    people = [speaker("SPEAKER_00"), speaker("SPEAKER_01")] if unknown else [agent, customer]
    notices = [{"code": "roles_unknown", "message": "the roles of the speakers are unknown"}] if unknown else []
    data = analytics(
        *people, duration=duration, silence_ratio=round(silence, 3), findings=rules,
        columns={
            "agent": name, "team": TEAMS[name], "campaign": rng.choice(["spring", "autumn"]), "id": f"{number:05d}",
        },
        recorded=f"2024-11-{2 + number % 10:02d}T10:{number % 60:02d}:00+01:00", warnings=notices,
        longest_silence={"start": start, "end": start + round(rng.uniform(1, 20), 1)},
        hold=float(rng.choice([0, 0, 30])),
        overlap_events=[{"kind": "interruption", "start": start, "end": start + 1.0}] * rng.randint(0, 4),
    )  # fmt: skip
    if unknown:
        entry: dict[str, Any] = {"role": None, "decision": "unknown", "reason": "no phrase of a role", "evidence": []}
        data["roles"] = [{"speaker": one["speaker"], **entry} for one in people]
    return data
