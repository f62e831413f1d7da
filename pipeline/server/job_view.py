"""A job as clients see it: the journal's entry, with what its ticket says of the work in progress."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pipeline import formats
from pipeline.server.api_errors import of_failure
from pipeline.server.context import Context
from pipeline.server.jobs import Job
from pipeline.server.tickets import Ticket
from pipeline.server.work import StageProgress, Started, Update, Waiting, Work

STAGES: Final[Mapping[str, float]] = {
    "decode": 0.05,
    "channels": 0.01,
    "diarization": 0.32,
    "separation": 0.12,
    "recognition": 0.47,
    "assembly": 0.01,
    "identification": 0.02,
}
"""The stages in their order, with the share of the time that each takes. Rounded from the benchmark on a CPU; other
shares change what is displayed alone."""


def job_object(job: Job, ticket: Ticket[Work] | None, context: Context) -> dict[str, Any]:
    """The job as an object of the API."""
    latest = ticket.latest if ticket is not None and job.ended is None else None
    progress = latest if isinstance(latest, StageProgress) else None
    status = _status(job, latest)
    return {
        "id": job.id,
        "object": "job",
        "status": status,
        "name": job.name,
        "created_at": int(job.created),
        "position": latest.position if isinstance(latest, Waiting) else None,
        "stage": progress.stage if progress else None,
        "progress": 1.0 if status == "done" else share_done(ticket.history) if ticket and latest else 0.0,
        "estimate_s": _estimate(ticket, context) if ticket and latest else None,
        "duration": progress.duration if progress else job.duration,
        "error": of_failure(job.failure).body["error"] if job.failure else None,
        "notices": list(job.notices),
        "corrected": job.corrections is not None,
        "expires_at": int(job.ended + context.jobs.keep) if job.ended is not None else None,
        "formats": list(formats.names()),
    }


def share_done(history: Iterable[Update]) -> float:
    """The share of the work that is done, 0 to 1, by the updates since the last start; further stages count nothing."""
    shares = [0.0]
    for update in history:
        if isinstance(update, Started):
            shares = [0.0]
        if isinstance(update, StageProgress) and update.stage in STAGES:
            names = list(STAGES)
            before = sum(STAGES[name] for name in names[: names.index(update.stage)])
            within = min(1.0, update.done / update.total) if update.total > 0 else 0.0
            shares.append(before + STAGES[update.stage] * within)
    return round(min(1.0, max(shares)), 3)


def _status(job: Job, latest: Update | None) -> str:
    if isinstance(latest, Waiting):
        return "queued"
    return "running" if isinstance(latest, Started | StageProgress) else job.status


def _estimate(ticket: Ticket[Work], context: Context) -> float | None:
    """Seconds until the result, by recent work; None where that says nothing."""
    latest, mean = ticket.latest, context.transcribing.mean
    if isinstance(latest, Waiting):
        until = context.transcribing.seconds_until(latest.position)
        return None if until is None or mean is None else round(until + mean, 1)
    if isinstance(latest, StageProgress) and latest.duration is not None and context.jobs.speed is not None:
        return round(max(0.0, context.jobs.speed * latest.duration - (time.monotonic() - ticket.began)), 1)
    return None
