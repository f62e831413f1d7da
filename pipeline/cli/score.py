"""``transcribe score REFERENCE HYPOTHESIS``: scores of transcripts against a reference."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.options import Debug
from pipeline.core.types import Notice

if TYPE_CHECKING:
    from pipeline.evaluation.metrics.error_causes import CauseCount, ErrorCauses
    from pipeline.evaluation.metrics.scoring import Report, ScoreConfig, Scores, SessionScores
    from pipeline.evaluation.metrics.wer import WordErrors

_WORD_SCORE_TITLES = {"wer": "WER", "cpwer": "cpWER", "cer": "CER", "cpcer": "cpCER"}
_MEETEVAL_SCORE_TITLES = {"tcpwer": "tcpWER", "orcwer": "ORC-WER", "dicpwer": "DI-cpWER"}

_SIDES = ("reference", "hypothesis")
_FREQUENT = 10
"""Number of most frequent missing words that are listed; chosen by hand for one line of a terminal."""


def score(
    reference: Annotated[Path, typer.Argument(help="Reference: an STM, SegLST, RTTM, CTM or JSON file, or a folder.")],
    hypothesis: Annotated[
        list[Path], typer.Argument(help="Transcripts to score: files or folders; matched by session.")
    ],
    reference_format: Annotated[
        str | None, typer.Option(help="Format, if the suffix is not that of the format.")
    ] = None,
    hypothesis_format: Annotated[
        str | None, typer.Option(help="Format, if the suffix is not that of the format.")
    ] = None,
    normalizer: Annotated[
        str, typer.Option(help="none, basic (ignores case, punctuation) or english (Whisper's).")
    ] = "basic",
    collar: Annotated[float, typer.Option(help="Collar of tcpWER in seconds.")] = 5.0,
    der_collar: Annotated[float, typer.Option(help="Seconds excluded on each side of reference boundaries.")] = 0.0,
    explain: Annotated[bool, typer.Option("--explain", help="Also count missing and inserted words by cause.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    debug: Debug = False,
) -> None:
    """Score transcripts against references: word errors, speaker errors, and word errors in overlaps.

    Sessions are matched by the session names in the files, else by file names. Warnings are printed to stderr; with
    --json they are part of the JSON.
    """
    from pipeline.core.errors import printable
    from pipeline.evaluation.metrics.scoring import ScoreConfig

    config = ScoreConfig(normalizer, collar, der_collar)
    report = compare(reference, hypothesis, config, reference_format, hypothesis_format)
    if as_json:
        typer.echo(json.dumps(plain(report, explain), indent=2, ensure_ascii=False))
        return
    typer.echo(table(report))
    if explain:
        typer.echo(f"\n{cause_table(report)}")
    for notice in report.notices:
        typer.echo(printable(f"transcribe: warning: {notice.message}"), err=True)


def compare(
    reference: Path,
    hypotheses: Sequence[Path],
    config: ScoreConfig,
    reference_format: str | None = None,
    hypothesis_format: str | None = None,
) -> Report:
    """Scores of files and folders, with all notices; raises `FormatError` for a file that cannot be read."""
    from pipeline.evaluation.metrics.references import HYPOTHESIS, REFERENCE, match_sessions, read_side
    from pipeline.evaluation.metrics.scoring import score_sessions

    truth = read_side([reference], REFERENCE, reference_format)
    estimate = read_side(hypotheses, HYPOTHESIS, hypothesis_format)
    sessions = match_sessions(estimate, truth)
    notices = [*truth.notices, *estimate.notices]
    if any(path.is_dir() for path in hypotheses) and len({*sessions} & {*truth.sessions}):
        unknown = sorted(name for name in sessions if name not in truth.sessions)
        sessions = {name: session for name, session in sessions.items() if name in truth.sessions}
        if unknown:
            text = f"skipped {len(unknown)} session(s) without a reference: {', '.join(unknown)}"
            notices.append(Notice("left_out", text))
    report = score_sessions(truth.sessions, sessions, config)
    return replace(report, notices=(*notices, *report.notices))


def plain(report: Report, explain: bool = False) -> dict[str, Any]:
    """The report as JSON data: counts and rates, by session and in total; with ``explain`` also causes of errors."""
    from dataclasses import asdict

    def counts(scores: Scores, causes: ErrorCauses) -> dict[str, Any]:
        return {**_counts(scores), **({"explain": _cause_counts(scores, causes)} if explain else {})}

    sessions = {
        name: {
            **counts(session.scores, session.causes),
            "assignment": [list(pair) for pair in session.assignment],
            "words_from": dict(zip(_SIDES, session.words, strict=True)),
            "turns_from": dict(zip(_SIDES, session.turns, strict=True)),
            "unscored": session.unscored,
        }
        for name, session in report.sessions.items()
    }
    return {
        "settings": {**asdict(report.config), "overlap_scored": True},
        "total": counts(report.total, report.causes),
        "sessions": sessions,
        "notices": [asdict(notice) for notice in report.notices],
    }


def table(report: Report) -> str:
    """The report as a table."""
    config, total = report.config, report.total
    speakers, overlap, attribution = total.speakers, total.overlap, total.attribution
    units = _units(total)
    lines = [
        f"{len(report.sessions)} session(s); normalizer {config.normalizer}; collar {config.collar:g} s (words), "
        f"{config.der_collar:g} s (DER); overlap scored",
        *_evidence(report),
        "",
        *_words(total),
        "",
        f"overlap word error  {_percent(overlap.error_rate)}  of {overlap.words} {units} in overlap "
        f"{overlap.right} reached the right speaker, {overlap.misattributed} another",
        f"attribution error   {_percent(attribution.error_rate)}  of "
        f"{attribution.right + attribution.misattributed} correct {units} "
        f"{attribution.misattributed} have the wrong speaker",
        f"DER                 {_percent(total.der.error_rate)}  of {total.der.total:.2f} s: missed "
        f"{total.der.missed:.2f}, false alarm {total.der.false_alarm:.2f}, confusion {total.der.confusion:.2f}",
        f"JER                 {_percent(total.jer.error_rate)}  over {total.jer.speakers} speakers",
        f"speakers            {speakers.hypothesis} estimated, {speakers.reference} in the reference, "
        f"off by {speakers.off}",
        "",
        *(_session(name, session) for name, session in report.sessions.items()),
    ]
    return "\n".join(lines)


def cause_table(report: Report) -> str:
    """The missing and the inserted words of cpWER's alignment by cause, as a table; see `ErrorCauses`."""
    from pipeline.core.errors import printable

    total, causes, units = report.total, report.causes, _units(report.total)
    words, in_overlap = _cp_errors(total).words, total.overlap.words
    frequent = ", ".join(f"{word} {count}" for word, count in causes.frequent_missing(_FREQUENT))
    lines = [
        *_cause_rows(f"missing {units}", causes.missing_by_cause, words),
        f"{f'of reference {units}':26}{in_overlap:12}{words - in_overlap:12}{words:8}",
        "",
        *_cause_rows(f"inserted {units}", causes.inserted_by_cause, words),
    ]
    if frequent:
        lines += ["", f"most frequent missing {units}: {frequent}"]
    if len(report.sessions) > 1:
        lines += ["", *(_session_causes(name, session.causes) for name, session in report.sessions.items())]
    return "\n".join(map(printable, lines))


def _cause_rows(title: str, counts: Mapping[str, CauseCount], words: int) -> list[str]:
    """A row for each cause and one for their sum; shares are of the reference words."""
    rows = [(cause.replace("_", " "), count.in_overlap, count.no_overlap) for cause, count in counts.items()]
    rows.append(("all", sum(row[1] for row in rows), sum(row[2] for row in rows)))
    return [
        f"{title:26}{'in overlap':>12}{'no overlap':>12}{'total':>8}{'share':>9}",
        *(f"{name:26}{one:12}{two:12}{one + two:8}{_percent(_share(one + two, words)):>9}" for name, one, two in rows),
    ]


def _session_causes(name: str, causes: ErrorCauses) -> str:
    """A line with the totals of a session, most frequent causes first."""

    def totals(counts: Mapping[str, CauseCount], kind: str) -> str:
        ranked = sorted((-count.total, cause.replace("_", " ")) for cause, count in counts.items() if count.total)
        listed = ", ".join(f"{cause} {-count}" for count, cause in ranked)
        return f"{-sum(count for count, _ in ranked)} {kind}" + (f" ({listed})" if listed else "")

    return f"{name}: {totals(causes.missing_by_cause, 'missing')}; {totals(causes.inserted_by_cause, 'inserted')}"


def _cause_counts(scores: Scores, causes: ErrorCauses) -> dict[str, Any]:
    from dataclasses import asdict

    words = _cp_errors(scores).words

    def counts(by_cause: Mapping[str, CauseCount]) -> dict[str, Any]:
        return {
            cause: {**asdict(count), "total": count.total, "share": _share(count.total, words)}
            for cause, count in by_cause.items()
        }

    return {
        "missing": counts(causes.missing_by_cause),
        "inserted": counts(causes.inserted_by_cause),
        "frequent_missing": dict(causes.frequent_missing(_FREQUENT)),
    }


def _evidence(report: Report) -> list[str]:
    """Lines about the evidence of the scores and about unscored time."""
    lines = []
    for index, side in enumerate(_SIDES):
        words = {session.words[index] or "none" for session in report.sessions.values()}
        turns = {session.turns[index] for session in report.sessions.values()}
        line = f"{side:11} word times from: {', '.join(sorted(words))}; turns from: {', '.join(sorted(turns))}"
        lines.append(line)
    unscored = sum(session.unscored for session in report.sessions.values())
    if unscored:
        lines.append(f"unscored: {unscored:.2f} s, excluded by the reference; removed from both sides")
    if report.total.cer is not None:
        lines.append("CER, cpCER: by character in scripts without spaces (Chinese, Japanese, Thai ...), else by word")
    return lines


def _words(total: Scores) -> list[str]:
    lines = [f"{'':10}{'rate':>8}{'errors':>8}{'words':>8}{'ins':>7}{'del':>7}{'sub':>7}"]
    for name, title in _WORD_SCORE_TITLES.items():
        errors = getattr(total, name)
        if errors is not None:
            lines.append(_row(title, errors))
    for name, title in _MEETEVAL_SCORE_TITLES.items():
        errors = getattr(total, name)
        missing = f"{title:10}{'-':>8}  pip install 'crosstalk-transcribe[score]'"
        lines.append(missing if errors is None else _row(title, errors))
    return lines


def _row(title: str, errors: WordErrors) -> str:
    counts = f"{errors.errors:8}{errors.words:8}{errors.insertions:7}{errors.deletions:7}{errors.substitutions:7}"
    return f"{title:10}{_percent(errors.error_rate):>8}{counts}"


def _session(name: str, session: SessionScores) -> str:
    from pipeline.core.errors import printable

    scores = session.scores
    pairs = ", ".join(f"{reference or '-'} = {hypothesis or '-'}" for reference, hypothesis in session.assignment)
    title = "cpWER" if scores.cpcer is None else "cpCER"
    rates = f"{title} {_percent(_cp_errors(scores).error_rate).strip()}, DER {_percent(scores.der.error_rate).strip()}"
    return printable(f"{name}: {rates}" + (f"; {pairs}" if pairs else ""))


def _cp_errors(scores: Scores) -> WordErrors:
    """The errors of the speaker-attributed alignment: cpCER's where there is one, else cpWER's."""
    return scores.cpcer or scores.cpwer


def _units(scores: Scores) -> str:
    return "words" if scores.cer is None else "units"


def _share(count: int, words: int) -> float | None:
    return count / words if words else None


def _percent(rate: float | None) -> str:
    return f"{'-':>7}" if rate is None else f"{100 * rate:6.2f}%"


def _counts(scores: Scores) -> dict[str, Any]:
    from dataclasses import asdict, fields

    values = {field.name: getattr(scores, field.name) for field in fields(scores)}
    return {name: None if value is None else {**asdict(value), **_rates(value)} for name, value in values.items()}


def _rates(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in ("words", "errors", "error_rate") if hasattr(value, name)}
