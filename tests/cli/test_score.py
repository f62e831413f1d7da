from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from pipeline import formats
from pipeline.cli.score import score
from pipeline.core.errors import FormatError
from pipeline.core.types import Provenance, Turn
from pipeline.evaluation.metrics.references import read_recording
from tests.evaluation.factory import transcript, utterance

REFERENCE = "m 1 ann 0.0 2.0 Good morning, everybody\nm 1 bob 1.0 2.0 Hello\n"
HYPOTHESIS = "m 1 S1 0.0 2.0 good morning everybody\nm 1 S1 1.0 2.0 hello\n"

app = typer.Typer()
app.command()(score)


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    (tmp_path / "ref.stm").write_text(REFERENCE, "utf-8")
    (tmp_path / "hyp.stm").write_text(HYPOTHESIS, "utf-8")
    return str(tmp_path / "ref.stm"), str(tmp_path / "hyp.stm")


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, [*arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_json_has_counts_rates_and_the_assignment(files: tuple[str, str]) -> None:
    result = json.loads(run(*files, "--json"))
    assert result["settings"] == {"normalizer": "basic", "collar": 5.0, "der_collar": 0.0, "overlap_scored": True}
    cpwer = result["total"]["cpwer"]
    assert (cpwer["words"], cpwer["hits"], cpwer["deletions"], cpwer["insertions"]) == (4, 3, 1, 1)
    assert cpwer["error_rate"] == 0.5
    assert result["total"]["overlap"] == {"words": 2, "right": 1, "misattributed": 1, "error_rate": 0.5}
    assert result["sessions"]["m"]["assignment"] == [["ann", "S1"], ["bob", None]]
    assert result["total"]["der"]["missed"] == pytest.approx(1.0)


def test_the_table_names_normalizer_and_collars(files: tuple[str, str]) -> None:
    text = run(*files, "--normalizer", "none", "--collar", "2", "--der-collar", "0.25")
    assert "normalizer none; collar 2 s (words), 0.25 s (DER); overlap scored" in text
    for name in ("WER", "cpWER", "tcpWER", "ORC-WER", "DI-cpWER", "overlap word error", "attribution", "DER", "JER"):
        assert name in text
    assert "ann = S1, bob = -" in text


def test_any_format_against_any_other(files: tuple[str, str], tmp_path: Path) -> None:
    turns = tmp_path / "hyp.txt"
    turns.write_text("SPEAKER other 1 0.0 2.0 <NA> <NA> x <NA> <NA>\n", "utf-8")
    result = json.loads(run(str(turns), files[1], "--reference-format", "rttm", "--json"))
    assert result["total"]["der"]["error_rate"] == 0
    assert result["total"]["wer"]["words"] == 0
    assert result["total"]["wer"]["error_rate"] is None


def test_names_cannot_send_terminal_escapes(files: tuple[str, str], tmp_path: Path) -> None:
    evil = tmp_path / "evil.stm"
    evil.write_text("m 1 \x1b[31mann 0 1 hi\n", "utf-8")
    assert "\x1b" not in run(str(evil), files[1])


@pytest.mark.parametrize(
    ("content", "reason"),
    [("m 1 ann -2.0 1.0 hi\n", "before the recording"), ("m 1 ann 2.0\n", "at least 5 fields")],
)
def test_a_bad_reference_names_the_file_and_the_line(
    files: tuple[str, str], tmp_path: Path, content: str, reason: str
) -> None:
    bad = tmp_path / "bad.stm"
    bad.write_text(content, "utf-8")
    with pytest.raises(FormatError, match=reason) as caught:
        run(str(bad), files[1])
    assert "bad.stm" in caught.value.line
    assert "line 1" in caught.value.line


def test_files_that_cannot_be_read_are_named(files: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "binary.stm").write_bytes(b"RIFF\0\0\0\0WAVE")
    (tmp_path / "empty").mkdir()
    for name in ("none.stm", "binary.stm", "x.docx", "empty"):
        with pytest.raises(FormatError) as caught:
            run(str(tmp_path / name), files[1])
        assert name in caught.value.line


def test_an_empty_hypothesis_is_all_deletions(files: tuple[str, str], tmp_path: Path) -> None:
    empty = tmp_path / "empty.stm"
    empty.write_text("", "utf-8")
    assert json.loads(run(files[0], str(empty), "--json"))["total"]["cpwer"]["deletions"] == 4


def codes(result: dict[str, Any]) -> list[str]:
    return [notice["code"] for notice in result["notices"]]


def test_notices_of_readers_and_of_scoring_are_given(files: tuple[str, str], tmp_path: Path) -> None:
    reference = tmp_path / "odd.stm"
    rows = b"m 1 ann -0.01 2 good morning everybody\nm 1 b 9 8 caf\xe9\nm 1 x 20 30 ignore_time_segment_in_scoring\n"
    reference.write_bytes(rows)
    result = json.loads(run(str(reference), files[1], "--json"))
    assert codes(result) == ["encoding", "early_start", "no_length", "unscored"]
    assert all("odd.stm" in notice["message"] for notice in result["notices"])
    assert result["sessions"]["m"]["unscored"] == 10
    result = CliRunner().invoke(app, [str(reference), files[1]])
    assert result.stderr.count("odd.stm") == 4
    assert "odd.stm" not in result.stdout


def test_each_figure_names_its_evidence(files: tuple[str, str], tmp_path: Path) -> None:
    turns = tmp_path / "turns.rttm"
    turns.write_text("SPEAKER m 1 0.0 2.0 <NA> <NA> x <NA> <NA>\n", "utf-8")
    words = tmp_path / "words.ctm"
    words.write_text("m x 0.0 0.5 good\n", "utf-8")
    session = json.loads(run(files[0], str(turns), "--json"))["sessions"]["m"]
    assert session["words_from"] == {"reference": "utterances", "hypothesis": None}
    assert session["turns_from"] == {"reference": "utterances", "hypothesis": "turns"}
    assert session["cpwer"]["error_rate"] is None
    session = json.loads(run(files[0], str(words), "--json"))["sessions"]["m"]
    assert session["words_from"]["hypothesis"] == session["turns_from"]["hypothesis"] == "words"


def test_character_errors_are_printed_for_their_scripts_only(files: tuple[str, str], tmp_path: Path) -> None:
    chinese = tmp_path / "zh.stm"
    chinese.write_text("m 1 甲 0 6 今天天气很好\n", "utf-8")
    assert "cpCER" in run(str(chinese), str(chinese))
    assert "cpCER" not in run(*files)


def test_causes_are_given_on_request_only(files: tuple[str, str]) -> None:
    assert "explain" not in json.loads(run(*files, "--json"))["total"]
    assert "missing words" not in run(*files)
    result = json.loads(run(*files, "--json", "--explain"))
    explained = result["total"]["explain"]
    assert result["sessions"]["m"]["explain"] == explained
    expected = {"in_overlap": 1, "no_overlap": 0, "total": 1, "share": 0.25}
    assert {cause: counts for cause, counts in explained["missing"].items() if counts["total"]} == {
        "other_speaker": expected
    }
    assert {cause: counts for cause, counts in explained["inserted"].items() if counts["total"]} == {
        "other_speaker": expected
    }
    assert explained["frequent_missing"] == {"hello": 1}


def rows_of(text: str) -> dict[str, list[str]]:
    """The last row of each name in the table of causes."""
    rows = (line.rsplit(maxsplit=4) for line in text.partition("missing words")[2].splitlines())
    return {row[0]: row[1:] for row in rows if len(row) == 5}


def test_the_table_of_causes_has_sums_and_frequent_words(files: tuple[str, str], tmp_path: Path) -> None:
    text = run(*files, "--explain")
    assert rows_of(text)["all"] == rows_of(text)["other speaker"] == ["1", "0", "1", "25.00%"]
    assert "most frequent missing words: hello 1" in text
    assert "missing (" not in text
    assert rows_of(run(files[0], files[0], "--explain"))["all"] == ["0", "0", "0", "0.00%"]
    wordless = tmp_path / "turns.rttm"
    wordless.write_text("SPEAKER m 1 0.0 2.0 <NA> <NA> x <NA> <NA>\n", "utf-8")
    assert rows_of(run(files[0], str(wordless), "--explain"))["all"] == ["0", "0", "0", "-"]


def test_causes_count_characters_in_their_scripts(tmp_path: Path) -> None:
    for name, text in (("ref", "今天天气很好"), ("hyp", "今天天很好")):
        (tmp_path / f"{name}.stm").write_text(f"zh 1 甲 0 6 {text}\n", "utf-8")
    paths = str(tmp_path / "ref.stm"), str(tmp_path / "hyp.stm")
    assert json.loads(run(*paths, "--explain", "--json"))["total"]["explain"]["frequent_missing"] == {"气": 1}
    assert "missing units" in run(*paths, "--explain")


def test_words_cannot_send_terminal_escapes(files: tuple[str, str], tmp_path: Path) -> None:
    evil = tmp_path / "evil.stm"
    evil.write_text("m 1 ann 0 1 \x1b[31mhi\n", "utf-8")
    text = run(str(evil), files[1], "--explain", "--normalizer", "none")
    assert "[31mhi 1" in text
    assert "\x1b" not in text


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """References of three recordings in two formats, hypotheses of two of them and of another, and other files."""
    truth, results = tmp_path / "truth", tmp_path / "results"
    for name in ("one", "two", "three"):
        (truth / "team").mkdir(parents=True, exist_ok=True)
        (truth / "team" / f"{name}.STM").write_text(f"{name} 1 ann 0 2 words of {name}\n", "utf-8")
        (truth / "team" / f"{name}.rttm").write_text(f"SPEAKER {name} 1 0 1.5 <NA> <NA> ann <NA> <NA>\n", "utf-8")
    (truth / "notes.txt").write_text("not a transcript", "utf-8")
    results.mkdir()
    for name, session in (("one", "one"), ("two", "audio"), ("extra", "audio")):
        text = f"words of {name}"
        hypothesis = replace(transcript(utterance("x", 0, 1.5, text)), provenance=Provenance(f"{session}.wav", ""))
        (results / f"{name}.json").write_bytes(formats.dumps(hypothesis, "json"))
        (results / f"{name}.stm").write_text(f"{name} 1 x 0 2 this is not read\n", "utf-8")
    (results / "one.analytics.json").write_text('{"version": "crosstalk-analytics/1"}', "utf-8")
    return truth, results


def test_folders_are_matched_by_session_and_by_file(folders: tuple[Path, Path]) -> None:
    result = json.loads(run(*map(str, folders), "--json"))
    assert set(result["sessions"]) == {"one", "two", "three"}
    assert [result["sessions"][name]["cpwer"]["errors"] for name in ("one", "two", "three")] == [0, 0, 3]
    assert result["total"]["der"]["missed"] == 1.5
    assert result["total"]["der"]["false_alarm"] == 0
    assert set(codes(result)) == {"no_transcript", "left_out", "no_hypothesis"}


@pytest.mark.parametrize("end", [1.5, 2.0, 9.0])
def test_turns_may_end_after_the_words(folders: tuple[Path, Path], end: float) -> None:
    truth, _ = folders
    stm, rttm = truth / "team" / "one.STM", truth / "team" / "one.rttm"
    rttm.write_text(f"SPEAKER one 1 0 {end} <NA> <NA> ann <NA> <NA>\n", "utf-8")
    session = read_recording([stm, rttm], ("stm", "rttm"))
    assert session.transcript.turns == (Turn(0, end, "ann"),)
    assert session.transcript.words == read_recording([stm], ("stm",)).transcript.words


def test_causes_are_listed_by_session_if_there_are_several(folders: tuple[Path, Path]) -> None:
    text = run(*map(str, folders), "--explain")
    assert "one: 0 missing; 0 inserted" in text
    assert "three: 3 missing (outside all turns 3); 0 inserted" in text
    result = json.loads(run(*map(str, folders), "--explain", "--json"))
    sums = [session["explain"]["missing"]["outside_all_turns"]["total"] for session in result["sessions"].values()]
    assert sum(sums) == result["total"]["explain"]["missing"]["outside_all_turns"]["total"] == 3


def test_several_hypothesis_files_are_matched_too(folders: tuple[Path, Path], tmp_path: Path) -> None:
    truth, results = folders
    chosen = [str(results / f"{name}.json") for name in ("two", "one", "extra")]
    result = json.loads(run(str(truth), *chosen, "--json"))
    assert [result["sessions"][name]["cpwer"]["errors"] for name in ("one", "two", "three")] == [0, 0, 3]
    assert set(codes(result)) == {"no_hypothesis", "no_reference"}
    together = tmp_path / "all.stm"
    together.write_text("".join(path.read_text("utf-8") for path in sorted((truth / "team").glob("*.STM"))), "utf-8")
    assert json.loads(run(str(together), *chosen, "--json"))["total"]["cpwer"] == result["total"]["cpwer"]


def test_files_of_one_name_in_several_folders_are_all_counted(files: tuple[str, str], tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "m.stm").write_text(HYPOTHESIS, "utf-8")
    result = json.loads(run(files[0], str(tmp_path / "a" / "m.stm"), str(tmp_path / "b" / "m.stm"), "--json"))
    assert len(result["sessions"]) == 2
    assert result["total"]["cpwer"]["insertions"] == 1 + 4
    assert codes(result) == ["no_reference"]


def test_an_empty_file_in_a_folder_is_a_recording_without_speech(tmp_path: Path) -> None:
    for folder, rows in (("a", "x 1 ann 0 2 hello there\n"), ("b", "")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.stm").write_text(rows, "utf-8")
    deleted = json.loads(run(str(tmp_path / "a"), str(tmp_path / "b"), "--json"))
    assert (deleted["total"]["cpwer"]["deletions"], codes(deleted)) == (2, [])
    inserted = json.loads(run(str(tmp_path / "b"), str(tmp_path / "a"), "--json"))
    assert (inserted["total"]["cpwer"]["insertions"], codes(inserted)) == (2, [])


def test_inputs_of_reported_defects(shared_data: Path) -> None:
    odd = shared_data / "odd"

    def total(*names: str) -> dict[str, Any]:
        result: dict[str, Any] = json.loads(run(*(str(odd / name) for name in names), "--json"))["total"]
        return result

    perfect = total("ign.stm", "ignhyp.stm")
    assert (perfect["cpwer"]["errors"], perfect["der"]["errors"]) == (0, 0)
    assert total("zero.ctm", "zero.ctm")["cpwer"]["words"] == 3
    assert total("zero.rttm", "zero.rttm")["der"]["total"] == 1
    assert total("lat1.stm", "lat1.stm")["cpwer"]["words"] == 2
    assert total("info.rttm", "onlym.rttm")["der"]["missed"] == 1
    assert total("onlym.rttm", "info.rttm")["der"]["false_alarm"] == 1
    assert total("zhref.stm", "zhhyp.stm")["cpcer"]["errors"] == 1


CALL = """\
call A ann 0 4 good morning this is ann
call A ann 4 8 <O,EN,F> IGNORE_TIME_SEGMENT_IN_SCORING
call B bob 4 8 we have a question
"""


def test_unscored_spans_apply_to_their_channel_if_both_sides_have_channels(tmp_path: Path) -> None:
    hypotheses = {
        "hyp.ctm": "".join(
            f"call {channel} {time} 0.5 {word}\n"
            for channel, first, words in [
                ("a", 0, "good morning this is ann noise noise"),
                ("b", 4, "we have a question"),
            ]
            for time, word in zip((first + i * 0.8 for i in range(9)), words.split(), strict=False)
        ),
        "hyp.stm": CALL.replace("<O,EN,F> IGNORE_TIME_SEGMENT_IN_SCORING", "noise noise").replace("B bob", "b x"),
        "one.stm": CALL.replace("<O,EN,F> IGNORE_TIME_SEGMENT_IN_SCORING", "noise").replace(" B ", " A "),
    }
    (tmp_path / "ref.stm").write_text(CALL, "utf-8")
    for name, text in hypotheses.items():
        (tmp_path / name).write_text(text, "utf-8")
        result = json.loads(run(str(tmp_path / "ref.stm"), str(tmp_path / name), "--json"))["total"]
        assert result["cpwer"]["errors"] == 0
        assert result["cpwer"]["words"] == (5 if name == "one.stm" else 9)
        assert result["der"]["false_alarm"] == 0
        assert result["der"]["total"] == (4 if name == "one.stm" else 8)
