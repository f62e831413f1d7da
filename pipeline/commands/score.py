"""``transcribe score REFERENCE HYPOTHESIS``: how far a transcript is from the truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.errors import FormatError

if TYPE_CHECKING:
    from pipeline.evaluation.scoring import Report, Scores, SessionScores
    from pipeline.values import Transcript

_WORD_SCORES = {"wer": "WER", "cpwer": "cpWER", "tcpwer": "tcpWER", "orcwer": "ORC-WER", "dicpwer": "DI-cpWER"}


def score(
    reference: Annotated[Path, typer.Argument(help="The truth: stm, seglst, rttm, ctm or json.")],
    hypothesis: Annotated[Path, typer.Argument(help="What is to be judged, in any of these formats.")],
    reference_format: Annotated[str | None, typer.Option(help="When the suffix does not tell.")] = None,
    hypothesis_format: Annotated[str | None, typer.Option(help="When the suffix does not tell.")] = None,
    normalizer: Annotated[str, typer.Option(help="none, basic (case, punctuation) or english (Whisper's).")] = "basic",
    collar: Annotated[float, typer.Option(help="Seconds a word may be off in tcpWER.")] = 5.0,
    der_collar: Annotated[float, typer.Option(help="Seconds left out on each side of reference boundaries.")] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Compare a transcript with its reference: word errors, speaker errors, and both in overlaps."""
    from pipeline.evaluation.scoring import ScoreConfig, score_sessions

    config = ScoreConfig(normalizer, collar, der_collar)
    report = score_sessions(read(reference, reference_format), read(hypothesis, hypothesis_format), config)
    typer.echo(json.dumps(plain(report), indent=2, ensure_ascii=False) if as_json else table(report))


def read(path: Path, kind: str | None = None) -> dict[str, Transcript]:
    """The sessions in a file; raises `FormatError` naming it."""
    from pipeline import formats

    kind = kind or formats.guess(path)
    try:
        return formats.loads_sessions(path.read_text(encoding="utf-8"), kind)
    except OSError as error:
        raise FormatError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise FormatError("is not UTF-8 text", where=str(path)) from error
    except FormatError as error:
        raise FormatError(error.what, where=f"{path} {error.where}".strip(), hint=error.hint) from error


def plain(report: Report) -> dict[str, Any]:
    """The report as JSON data: counts with their rates, by session and in total."""
    from dataclasses import asdict

    sessions = {
        name: {**_counts(session.scores), "assignment": [list(pair) for pair in session.assignment]}
        for name, session in report.sessions.items()
    }
    return {
        "settings": {**asdict(report.config), "overlap_scored": True},
        "total": _counts(report.total),
        "sessions": sessions,
    }


def table(report: Report) -> str:
    """The report as text for people."""
    config, total = report.config, report.total
    people = total.speakers
    lines = [
        f"{len(report.sessions)} session(s); normaliser {config.normalizer}; collar {config.collar:g} s (words), "
        f"{config.der_collar:g} s (DER); overlap scored",
        "",
        *_words(total),
        "",
        f"overlap word error  {_percent(total.overlap.error_rate)}  of {total.overlap.words} words in overlap "
        f"{total.overlap.right} reached the right speaker, {total.overlap.misattributed} another",
        f"attribution error   {_percent(total.attribution.error_rate)}  of "
        f"{total.attribution.right + total.attribution.misattributed} words right "
        f"{total.attribution.misattributed} have the wrong speaker",
        f"DER                 {_percent(total.der.error_rate)}  of {total.der.total:.2f} s: missed "
        f"{total.der.missed:.2f}, false alarm {total.der.false_alarm:.2f}, confusion {total.der.confusion:.2f}",
        f"JER                 {_percent(total.jer.error_rate)}  over {total.jer.speakers} speakers",
        f"speakers            {people.hypothesis} found, {people.reference} in the reference, off by {people.off}",
        "",
        *(_session(name, session) for name, session in report.sessions.items()),
    ]
    return "\n".join(lines)


def _words(total: Scores) -> list[str]:
    lines = [f"{'':10}{'rate':>8}{'errors':>8}{'words':>8}{'ins':>7}{'del':>7}{'sub':>7}"]
    for name, title in _WORD_SCORES.items():
        found = getattr(total, name)
        if found is None:
            lines.append(f"{title:10}{'-':>8}  pip install 'crosstalk-transcribe[score]'")
        else:
            counts = f"{found.errors:8}{found.words:8}{found.insertions:7}{found.deletions:7}{found.substitutions:7}"
            lines.append(f"{title:10}{_percent(found.error_rate):>8}{counts}")
    return lines


def _session(name: str, session: SessionScores) -> str:
    from pipeline.errors import printable

    pairs = ", ".join(f"{theirs or '-'} = {ours or '-'}" for theirs, ours in session.assignment)
    rate = _percent(session.scores.cpwer.error_rate).strip()
    return printable(f"{name}: cpWER {rate}, DER {_percent(session.scores.der.error_rate).strip()}; {pairs}")


def _percent(rate: float | None) -> str:
    return f"{'-':>7}" if rate is None else f"{100 * rate:6.2f}%"


def _counts(scores: Scores) -> dict[str, Any]:
    from dataclasses import asdict, fields

    found = {field.name: getattr(scores, field.name) for field in fields(scores)}
    return {name: None if value is None else {**asdict(value), **_rates(value)} for name, value in found.items()}


def _rates(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in ("words", "errors", "error_rate") if hasattr(value, name)}
