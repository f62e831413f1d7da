"""``transcribe convert``: what it reads and prints, and the names of its results."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from pipeline import formats
from pipeline.cli.convert import convert

app = typer.Typer()
app.command()(convert)

ROWS = {
    "stm": "m 1 Zoë 0 1 café\n",
    "rttm": "SPEAKER m 1 0 1 <NA> <NA> Zoë <NA> <NA>\n",
    "seglst": '[{"session_id": "m", "speaker": "Zoë", "start_time": 0, "end_time": 1, "words": "café"}]\n',
    "json": '{"version": "crosstalk/1", "duration": 1, "turns": [{"start": 0, "end": 1, "speaker": "Zoë"}]}\n',
}


def run(file: Path, kind: str = "md") -> tuple[list[str], str]:
    """The names of the files written, and what was printed on stderr."""
    out = file.parent / "out"
    result = CliRunner().invoke(app, [str(file), "-f", kind, "-o", str(out)], catch_exceptions=False)
    assert result.exit_code == 0
    return sorted(path.name for path in out.iterdir() if path.is_file()), result.stderr


@pytest.mark.parametrize(
    ("name", "kind"), [("UP.STM", "stm"), ("X.JSON", "json"), ("a.SegLST.Json", "seglst"), ("b.Rttm", "rttm")]
)
def test_the_suffix_is_taken_off_whatever_its_case(tmp_path: Path, name: str, kind: str) -> None:
    (tmp_path / name).write_text(ROWS[kind], "utf-8")
    assert run(tmp_path / name)[0] == [f"{name.partition('.')[0]}.md"]


@pytest.mark.parametrize("kind", ROWS)
@pytest.mark.parametrize("encoding", ["utf-16", "cp1252"])
def test_any_encoding_becomes_utf_8_without_replacement_characters(tmp_path: Path, kind: str, encoding: str) -> None:
    path = tmp_path / f"in{formats.suffix(kind)}"
    path.write_bytes(ROWS[kind].encode(encoding))
    _, stderr = run(path, "rttm")
    text = (tmp_path / "out" / "in.rttm").read_text("utf-8")
    assert "Zoë" in text
    assert "\N{REPLACEMENT CHARACTER}" not in text
    assert (str(path) in stderr) == (encoding == "cp1252")


TALK = "m 1 Ana 0 2 we begin\nm 1 Bob 1 2 yes\n"


def test_options_of_writing_reach_the_formats(tmp_path: Path) -> None:
    (tmp_path / "m.stm").write_text(TALK)
    given = ["--table", "--no-overlap-cues", "--no-speaker-names", "--per-speaker", "-f", "docx,srt"]
    result = CliRunner().invoke(app, [str(tmp_path / "m.stm"), "-o", str(tmp_path), *given], catch_exceptions=False)
    assert result.exit_code == 0
    talk = formats.load(tmp_path / "m.stm")
    assert (tmp_path / "m.docx").read_bytes() == formats.dumps(talk, "docx", "m", table=True)
    assert (tmp_path / "m.srt").read_text().endswith("\n- we begin\n- yes\n")
    assert (tmp_path / "m.Ana.srt").read_text().endswith("\nwe begin\n")
    assert result.stdout == ""
    assert [Path(line).name for line in result.stderr.splitlines()] == ["m.docx", "m.srt", "m.Ana.srt", "m.Bob.srt"]
