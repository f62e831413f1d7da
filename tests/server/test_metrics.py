"""The figures: each end is counted once, and labels come from few values."""

from __future__ import annotations

import re
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from pipeline.server.metrics import METHODS, Metrics
from pipeline.server.work import Cancelled, Done, End, Failed, FailureKind
from tests.server.asgi import Load

SECONDS = st.floats(0, 1e6)
KINDS = get_args(FailureKind)
ENDS: st.SearchStrategy[End] = st.one_of(
    st.builds(Done, SECONDS, SECONDS, st.dictionaries(st.sampled_from(["decode", "recognition"]), SECONDS)),
    st.builds(Failed, st.sampled_from(KINDS), st.text()),
    st.builds(Cancelled),
)


def figures(metrics: Metrics, load: Load | None = None) -> dict[str, float]:
    """Each sample by its name and labels."""
    families = text_string_to_metric_families(metrics.text(load or Load()).decode())
    samples = [sample for family in families for sample in family.samples]
    return {f"{each.name}{sorted(each.labels.values())}": each.value for each in samples}


@given(st.lists(ENDS, max_size=20))
def test_every_end_is_counted_once(ends: list[End]) -> None:
    metrics = Metrics()
    for end in ends:
        metrics.ended(end)
    found = figures(metrics)
    counts = [found.get(f"crosstalk_recordings_total['{name}']", 0) for name in ("done", "failed", "cancelled")]
    assert counts == [sum(isinstance(end, kind) for end in ends) for kind in (Done, Failed, Cancelled)]
    done = [end for end in ends if isinstance(end, Done)]
    assert found["crosstalk_audio_seconds_total[]"] == sum(end.duration for end in done)
    for stage in ("decode", "recognition"):
        seconds = sum(end.stages.get(stage, 0) for end in done)
        assert found.get(f"crosstalk_work_seconds_total['{stage}']", 0) == seconds
    failed = [end.kind for end in ends if isinstance(end, Failed)]
    assert {kind: found.get(f"crosstalk_failures_total['{kind}']", 0) for kind in KINDS} == {
        kind: failed.count(kind) for kind in KINDS
    }


@given(st.builds(Load, *[st.integers(0, 100)] * 3))
def test_the_load_is_the_present_one(load: Load) -> None:
    metrics = Metrics()
    figures(metrics, Load(7, 7, 7))
    found = figures(metrics, load)
    names = ("queue_waiting", "queue_running", "workers_ready")
    assert [found[f"crosstalk_{name}[]"] for name in names] == [load.waiting, load.running, load.ready]


@given(st.lists(st.text("ABCXYZ", min_size=1, max_size=9), max_size=30))
def test_methods_that_clients_invent_make_no_new_series(methods: list[str]) -> None:
    metrics = Metrics()
    for method in methods:
        metrics.answered(method, "/v1/jobs", 405, 0.1)
    counted = [name for name in figures(metrics) if name.startswith("crosstalk_requests_total")]
    assert len(counted) <= len(METHODS) + 1


def test_messages_of_failures_are_not_in_the_figures() -> None:
    metrics = Metrics()
    metrics.ended(Failed("recording", "anna.wav has no sound"))
    text = metrics.text(Load()).decode()
    assert "anna" not in text
    assert re.search(r'^crosstalk_failures_total\{kind="recording"\} 1\.0$', text, re.MULTILINE)
