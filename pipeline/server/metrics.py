"""The figures of a server for Prometheus: no names, no words, and labels with few values only."""

from __future__ import annotations

from typing import Final, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from pipeline.server.work import Cancelled, Done, End, Failed

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""The media type of `Metrics.text`: Prometheus's text format."""
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})
"""Methods that are counted by name; a client may send any other word, and these are counted together."""
SECONDS: Final = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0, 300.0, 1800.0)
"""Upper limits of the histogram of requests, in seconds. Chosen by hand: from the overhead of a request to the work on
a long recording; more limits make the answer of ``/metrics`` longer."""


class Load(Protocol):
    """How busy the workers are; a dispatcher is one."""

    @property
    def waiting(self) -> int: ...
    @property
    def running(self) -> int: ...
    @property
    def ready(self) -> int: ...


class Metrics:
    """The figures of one server, in a registry that it shares with no other. Thread-safe."""

    def __init__(self) -> None:
        own = self._registry = CollectorRegistry()
        self._waiting = Gauge("crosstalk_queue_waiting", "Recordings that wait for a worker.", registry=own)
        self._running = Gauge("crosstalk_queue_running", "Recordings that a worker has.", registry=own)
        self._ready = Gauge("crosstalk_workers_ready", "Workers whose models are loaded.", registry=own)
        self._audio = Counter("crosstalk_audio_seconds", "Seconds of the transcribed recordings.", registry=own)
        self._work = Counter("crosstalk_work_seconds", "Seconds of work, by stage.", ["stage"], registry=own)
        self._ended = Counter(
            "crosstalk_recordings", "Recordings whose work ended: done, failed or cancelled.", ["end"], registry=own
        )
        self._failures = Counter(
            "crosstalk_failures", "Recordings without a result, by the kind of failure.", ["kind"], registry=own
        )
        self._requests = Counter(
            "crosstalk_requests", "Answered requests.", ["method", "route", "status"], registry=own
        )
        self._seconds = Histogram(
            "crosstalk_request_seconds",
            "Seconds from a request to the end of its answer.",
            ["route"],
            buckets=SECONDS,
            registry=own,
        )

    def ended(self, end: End) -> None:
        """Count the end of work on a recording."""
        if isinstance(end, Done):
            self._audio.inc(end.duration)
            for stage, seconds in end.stages.items():
                self._work.labels(stage).inc(seconds)
        if isinstance(end, Failed):
            self._failures.labels(end.kind).inc()
        name = "done" if isinstance(end, Done) else "cancelled" if isinstance(end, Cancelled) else "failed"
        self._ended.labels(name).inc()

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request by the template of its route, ``/v1/jobs/{id}``; ``seconds`` until the answer was sent."""
        self._requests.labels(method if method in METHODS else "other", route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self, load: Load) -> bytes:
        """All figures in Prometheus's text format, with the present load."""
        self._waiting.set(load.waiting)
        self._running.set(load.running)
        self._ready.set(load.ready)
        return generate_latest(self._registry)
