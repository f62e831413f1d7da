"""The report in a browser: filters, sorting, ranking, moments, CSV, print, keyboard, accessibility, time to open."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from examples.benchmarks.report_calls import TEAMS, analytics, finding, made, many, quoted, speaker
from pipeline import formats
from pipeline.analytics.calls import Failure, Skipped
from pipeline.analytics.report.build import render
from tests.page.talk import conversation, recording

pytestmark = pytest.mark.slow
Open = Callable[..., Any]
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
MAX_OPENING = 6.0
"""Seconds in which a thousand calls are shown at most: three times the aim, for machines with other work."""
FAILURES = (Failure("south/broken", "out_of_memory", "the worker grew beyond 4 GB"),)
SKIPPED = (Skipped("calls/read me.docx", "is no recording"),)


def report_of(count: int, folder: Path) -> Path:
    """The report of random calls."""
    calls = [made(data, f"{data['columns']['team']}/call{i:04d}", folder) for i, data in enumerate(many(count))]
    path = folder / "report.html"
    path.write_text(render(calls, "Calls", FAILURES, SKIPPED), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of 240 calls."""
    return report_of(240, tmp_path_factory.mktemp("report"))


def table(tab: Any, part: str) -> list[list[str]]:
    """The cells of the rows that a table shows, without details."""
    rows: list[list[str]] = tab.evaluate(
        "(part) => [...document.querySelectorAll(`${part} tbody > tr:not(.detail)`)]"
        ".map((row) => [...row.cells].map((cell) => cell.innerText.replaceAll('\\u00a0', ' ').trim()))",
        part,
    )
    return rows


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of sixteen calls."""
    return report_of(16, tmp_path_factory.mktemp("small"))


def shown(tab: Any) -> str:
    text: str = tab.locator("#shown").inner_text()
    return text


def filtered(tab: Any, text: str) -> None:
    """Wait until the page says that it shows these calls."""
    tab.get_by_text(text).wait_for()


def downloaded(tab: Any, button: str) -> list[list[str]]:
    with tab.expect_download() as download:
        tab.get_by_role("button", name=button, exact=True).click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_a_thousand_calls_open_without_errors_and_requests(opened: Open, tmp_path: Path) -> None:
    tab = opened(report_of(1000, tmp_path))
    milliseconds = tab.evaluate("performance.getEntriesByName('crosstalk:ready')[0].startTime")
    assert milliseconds < MAX_OPENING * 1000
    assert shown(tab) == "All 1,000 calls shown"
    assert len(table(tab, "#calls-table")) == 100
    tab.locator("#calls-table .more").click()
    tab.locator("#calls-table .more").click()
    assert len(table(tab, "#calls-table")) == 1000


def test_filters_and_reset(opened: Open, report: Path) -> None:
    tab = opened(report)
    tab.locator("[data-column=team]").select_option("north")
    tab.locator("#filter-rule").select_option("greeting")
    filtered(tab, "calls shown: team: north; rule broken: greeting")
    rows = table(tab, "#calls-table")
    assert rows
    assert all(row[0].startswith("north/") for row in rows)
    assert {row[0] for row in table(tab, "#ranking")} == {"Ana", "Ben"}
    tab.locator("#filter-text").fill("call0005 spring autumn")
    filtered(tab, "No call fits the filter.")
    assert tab.locator("#results").is_hidden()
    tab.get_by_role("button", name="Show all", exact=True).click()
    filtered(tab, "All 240 calls shown")


def test_choices_are_kept_when_a_call_was_looked_at(opened: Open, report: Path) -> None:
    tab = opened(report)
    tab.locator("#filter-agent").select_option("Ben")
    tab.locator("#measure").select_option("duration")
    filtered(tab, "calls shown: agent: Ben")
    tab.get_by_role("link", name="Outliers").click()
    tab.reload()
    tab.wait_for_selector("html.ready")
    assert "agent: Ben" in shown(tab)
    assert tab.locator("#measure").input_value() == "duration"


def test_headings_sort(opened: Open, report: Path) -> None:
    tab = opened(report)
    heading = tab.locator("#calls-table").get_by_role("columnheader", name="length")
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "descending"
    longest = table(tab, "#calls-table")[0]
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    shortest = table(tab, "#calls-table")[0]
    assert shortest[0] != longest[0]
    assert len(shortest[3]) <= len(longest[3])
    rows = downloaded(tab, "Calls as CSV")
    assert [row[0] for row in rows[1:3]] == [row[0] for row in table(tab, "#calls-table")[:2]], "the page's order"


def test_agents_are_ranked_with_their_intervals(opened: Open, report: Path) -> None:
    tab = opened(report)
    tab.locator("#measure").select_option("rule greeting")
    rows = table(tab, "#ranking")
    assert rows[0][0] == "Ana"
    assert {row[0] for row in rows} == set(TEAMS)
    tab.locator("#measure").select_option("agent_talk_ratio")
    rows = table(tab, "#ranking")
    assert [row[4] for row in rows if row[0] == "Ben"] == ["above the average"]
    assert tab.locator("#measure-definition").inner_text().startswith("Length of the agent's speech")
    tab.locator("#dimension").select_option("column campaign")
    assert {row[4] for row in table(tab, "#ranking")} == {"no clear difference"}


def test_one_call_is_not_ranked_and_speaker_numbers_are_not_pooled(opened: Open, tmp_path: Path) -> None:
    people = [speaker("SPEAKER_00", "agent"), speaker("SPEAKER_01", "customer")]
    calls = [made(analytics(*people), f"n{i}") for i in range(4)]
    calls += [made(analytics(speaker("Ana", "agent"), people[1], duration=60.0 + i), f"a{i}") for i in range(3)]
    calls += [made(analytics(speaker("Ben", "agent"), people[1], duration=500.0), "b")]
    path = tmp_path / "report.html"
    path.write_text(render(calls, "Calls"), encoding="utf-8")
    tab = opened(path)
    verdicts = {row[0]: row[4] for row in table(tab, "#ranking")}
    assert verdicts == {"Ana": "nothing to compare with", "Ben": "one call: not ranked", "(no agent)": "not ranked"}
    assert "SPEAKER_00" not in tab.locator("#ranking").inner_text()


def test_days_have_a_course_and_say_where_they_are_from(opened: Open, report: Path) -> None:
    tab = opened(report)
    facts = tab.locator("#days-facts").inner_text()
    assert facts == "10 days with a value, from the date in the recording (240 calls)."
    assert tab.locator("#trend-chart circle").count() == 10
    tab.locator("#days-more summary").click()
    assert [row[0] for row in table(tab, "#days-table")] == [f"2024-11-{day:02d}" for day in range(2, 12)]


def test_a_broken_rule_opens_its_call_at_the_moment(opened: Open, tmp_path: Path) -> None:
    transcript = conversation()
    first = next(each for each in transcript.utterances if "budget" in each.text)
    name = "team/call #1"
    (tmp_path / "team").mkdir()
    page = tmp_path / f"{name}.html"
    page.write_bytes(formats.dumps(transcript, "html", "call", sound=recording(transcript)))
    moments = [quoted(first.words[1].start, first.text, first.speaker)]
    data = analytics(findings=[finding("no budget", False, *moments, severity="critical", measured={"value": 2})])
    path = tmp_path / "report.html"
    path.write_text(render([made(data, name, tmp_path), made(data, "other", tmp_path)], "Calls"), encoding="utf-8")
    tab = opened(path, links=True)
    tab.get_by_role("button", name="Details of no budget").click()
    detail = tab.locator("#rules-table .detail")
    assert first.text in detail.inner_text()
    assert "measured: 2" in detail.inner_text()
    assert "what no budget asks" in detail.inner_text()
    detail.locator("a.moment").first.click()
    tab.wait_for_selector("html.ready .line.current")
    assert first.text in tab.locator(".line.current").inner_text()
    chosen = tab.locator(".line.current .words > .chosen")
    assert chosen.inner_text() == first.words[1].text
    assert float(tab.locator("#position").input_value()) == pytest.approx(first.words[1].start, abs=0.06)


def test_what_failed_and_what_was_left_out_is_there(opened: Open, report: Path) -> None:
    tab = opened(report)
    assert table(tab, "#failures-table") == [["south/broken", "out of memory", "the worker grew beyond 4 GB"]]
    assert table(tab, "#skipped-table") == [["calls/read me.docx", "is no recording"]]
    unknown = table(tab, "#roles-table")
    assert len(unknown) == 6
    assert unknown[0][1] == "no phrase of a role"
    assert table(tab, "#warnings-table")[0][:2] == ["roles_unknown", "6"]
    tab.locator("#filter-state").select_option("unknown")
    filtered(tab, "6 of 240 calls shown: agent unknown")


def test_outliers_have_a_minimum_of_length(opened: Open, tmp_path: Path) -> None:
    calls = [made(analytics(duration=300.0 + i, silence_ratio=0.1), f"c{i}") for i in range(20)]
    calls += [made(analytics(duration=12.0, silence_ratio=0.9), "short")]
    path = tmp_path / "report.html"
    path.write_text(render(calls, "Calls"), encoding="utf-8")
    tab = opened(path)
    assert "1 call is shorter than 30 s" in tab.locator("#outliers-facts").inner_text()
    assert tab.locator("#outliers-table").is_hidden()
    tab.locator("#outlier-length").fill("5")
    assert {row[1] for row in table(tab, "#outliers-table")} == {"length", "silence"}


def test_csv_is_what_is_shown_and_has_no_formulas(opened: Open, tmp_path: Path) -> None:
    evil = "=HYPERLINK(1)"
    people = [speaker("+Ana", "agent", sentiment=-0.5), speaker("customer", "customer")]
    calls = [
        made(
            analytics(
                *people,
                columns={"team": ("@north", "+south")[i % 2], evil: "-1"},
                findings=[finding("-r", False, quoted(1.0, "\t=1"))],
            ),
            f"{evil}{i}",
        )
        for i in range(3)
    ]
    path = tmp_path / "report.html"
    path.write_text(render(calls, "Calls"), encoding="utf-8")
    tab = opened(path)
    tab.locator("#filter-text").fill(f"{evil}1")
    filtered(tab, "1 of 3 calls shown")
    for button in ("Calls as CSV", "Groups as CSV", "Broken rules as CSV", "Outliers as CSV", "As CSV"):
        cells = [cell for row in downloaded(tab, button) for cell in row]
        numbers = [cell for cell in cells if cell.lstrip("-").replace(".", "").isdigit()]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t")) and cell not in numbers]
    rows = downloaded(tab, "Calls as CSV")
    assert len(rows) == 2
    row = dict(zip(*rows, strict=True))
    assert row["call"] == f"'{evil}1"
    assert row["agents"] == "'+Ana"
    assert row["team"] == "'+south"
    assert row["agent_sentiment"] == "-0.5"
    assert row["duration_s"] == "120"


def states(tab: Any) -> Iterator[str]:
    """The report as it opens, and with everything opened that can be."""
    yield "opened"
    for button in (".expand >> nth=0", "#calls-table .expand >> nth=7", "#warnings-table .expand"):
        tab.locator(button).first.click()
    tab.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    yield "details"
    tab.locator("#measure").select_option("agent_pace")
    yield "measure"
    tab.locator("#filter-text").fill("nothing has this text")
    filtered(tab, "No call fits the filter.")
    yield "no call"


@pytest.mark.parametrize(
    ("scheme", "size"), [("light", WIDE), ("dark", WIDE), ("light", NARROW)], ids=("light", "dark", "narrow")
)
def test_axe_finds_no_violation(
    opened: Open, small: Path, axe: Callable[[Any], list[str]], scheme: str, size: Any
) -> None:
    tab = opened(small)
    tab.emulate_media(color_scheme=scheme)
    tab.set_viewport_size(size)
    assert {state: found for state in states(tab) if (found := axe(tab))} == {}


@pytest.mark.parametrize("size", [NARROW, {"width": 640, "height": 450}], ids=("phone", "zoom"))
def test_nothing_is_cut_off(opened: Open, report: Path, size: Any) -> None:
    tab = opened(report)
    tab.set_viewport_size(size)
    for state in states(tab):
        assert tab.evaluate("document.documentElement.scrollWidth") <= size["width"], state


def test_print_has_the_filter_in_words_and_no_controls(opened: Open, report: Path) -> None:
    tab = opened(report)
    tab.locator("[data-column=team]").select_option("south")
    filtered(tab, "calls shown: team: south")
    tab.emulate_media(media="print")
    for part in ("#filters", "#print", "#parts", "[data-csv]", "#calls-table .expand"):
        assert tab.locator(part).first.is_hidden(), part
    assert tab.locator("#shown").is_visible()
    assert tab.locator("#calls-table .more").inner_text().startswith("Show more:"), "print says what it leaves out"
    assert tab.locator("#compare-notes details").is_hidden()
    assert len(tab.pdf()) > 10_000


def test_everything_works_with_the_keyboard(opened: Open, report: Path) -> None:
    tab = opened(report)
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "results"
    tab.locator("#rules-table .sort").first.focus()
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.textContent") == "rule", "the heading keeps the focus"
    expand = tab.locator("#rules-table .expand").first
    expand.focus()
    tab.keyboard.press("Enter")
    assert expand.get_attribute("aria-expanded") == "true"
    tab.locator("#calls-table .more").focus()
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.closest('tr').rowIndex") == 101, "the first of the new rows"
    reached = tab.evaluate("[...document.querySelectorAll('.scroll')].every((each) => each.tabIndex === 0)")
    assert reached, "tables scroll by the arrow keys"


def test_hostile_texts_are_inert_and_long_ones_break(opened: Open, tmp_path: Path) -> None:
    evil, long = "<img src=x onerror=alert(1)>\"'&", "x" * 180
    people = [speaker(long, "agent"), speaker(evil, "customer")]
    calls = [
        made(
            analytics(
                *people,
                columns={evil: f"{evil}{number % 2}", "__proto__": f"{long}{number % 2}"},
                findings=[finding(evil, False, quoted(1.0, evil), severity=evil), finding(long, None, reason=evil)],
                warnings=[{"code": evil, "message": long}],
            ),
            f"{evil}{number}",
        )
        for number in range(4)
    ]
    path = tmp_path / "report.html"
    failures, skipped = [Failure(long, "failed", evil)], [Skipped(evil, long)]
    path.write_text(render(calls, evil, failures, skipped), encoding="utf-8")
    tab = opened(path)
    tab.set_viewport_size(NARROW)
    for button in tab.locator(".expand").all():
        button.click()
    assert tab.locator("img").count() == 0
    assert tab.evaluate("document.scripts.length") == 2
    assert tab.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    tab.locator("#filter-columns select").first.select_option(f"{evil}1")
    filtered(tab, "2 of 4 calls shown")


def test_without_a_script_the_tables_are_shown(browser: Any, report: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(report.as_uri())
    assert tab.locator("#filters").is_hidden()
    assert "need JavaScript" in tab.locator("body").inner_text()
    assert "south/broken" in tab.locator("body").inner_text()
    context.close()
