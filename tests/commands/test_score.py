from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from pipeline.commands.score import score
from pipeline.errors import FormatError

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
    found = json.loads(run(*files, "--json"))
    assert found["settings"] == {"normalizer": "basic", "collar": 5.0, "der_collar": 0.0, "overlap_scored": True}
    cpwer = found["total"]["cpwer"]
    assert (cpwer["words"], cpwer["hits"], cpwer["deletions"], cpwer["insertions"]) == (4, 3, 1, 1)
    assert cpwer["error_rate"] == 0.5
    assert found["total"]["overlap"] == {"words": 2, "right": 1, "misattributed": 1, "error_rate": 0.5}
    assert found["sessions"]["m"]["assignment"] == [["ann", "S1"], ["bob", None]]
    assert found["total"]["der"]["missed"] == pytest.approx(1.0)


def test_the_table_says_how_it_was_measured(files: tuple[str, str]) -> None:
    text = run(*files, "--normalizer", "none", "--collar", "2", "--der-collar", "0.25")
    assert "normaliser none; collar 2 s (words), 0.25 s (DER); overlap scored" in text
    for name in ("WER", "cpWER", "tcpWER", "ORC-WER", "DI-cpWER", "overlap word error", "attribution", "DER", "JER"):
        assert name in text
    assert "ann = S1, bob = -" in text


def test_any_format_against_any_other(files: tuple[str, str], tmp_path: Path) -> None:
    turns = tmp_path / "hyp.txt"
    turns.write_text("SPEAKER other 1 0.0 2.0 <NA> <NA> x <NA> <NA>\n", "utf-8")
    found = json.loads(run(str(turns), files[1], "--reference-format", "rttm", "--json"))
    assert found["total"]["der"]["error_rate"] == 0
    assert found["total"]["wer"]["words"] == 0
    assert found["total"]["wer"]["error_rate"] is None


def test_names_in_the_table_cannot_drive_a_terminal(files: tuple[str, str], tmp_path: Path) -> None:
    evil = tmp_path / "evil.stm"
    evil.write_text("m 1 \x1b[31mann 0 1 hi\n", "utf-8")
    assert "\x1b" not in run(str(evil), files[1])


@pytest.mark.parametrize(
    ("content", "reason"),
    [("m 1 ann 2.0 1.0 hi\n", "no piece of a recording"), ("m 1 ann 2.0\n", "at least 5 fields")],
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
    (tmp_path / "latin.stm").write_bytes(b"m 1 ann 0 1 caf\xe9\n")
    for name, reason in (("none.stm", "cannot be read"), ("latin.stm", "UTF-8"), ("x.docx", "suffix")):
        with pytest.raises(FormatError, match=reason):
            run(str(tmp_path / name), files[1])


def test_an_empty_hypothesis_file_has_heard_nothing(files: tuple[str, str], tmp_path: Path) -> None:
    empty = tmp_path / "empty.stm"
    empty.write_text("", "utf-8")
    assert json.loads(run(files[0], str(empty), "--json"))["total"]["cpwer"]["deletions"] == 4
