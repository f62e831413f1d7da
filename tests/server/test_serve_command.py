"""Options of `transcribe serve`: amounts, the token, and what is refused before the server starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cli.serve import MIN_TOKEN, ServeOptions, amount, read_token
from pipeline.core.errors import CrosstalkError, SettingsError

TOKEN = "0123456789abcdef"


@given(st.integers(1, 10**6), st.sampled_from([("KB", 10**3), ("MB", 10**6), ("GB", 10**9), ("", 1)]))
def test_amounts_of_bytes(number: int, unit: tuple[str, int]) -> None:
    name, factor = unit
    for text in (f"{number}{name}", f" {number} {name.lower()}"):
        assert amount(text, "--max-upload", ("KB", "MB", "GB")) == number * factor


def test_amounts_of_time_and_what_is_no_amount() -> None:
    assert [amount(text, "--keep", ("s", "m", "h", "d")) for text in ("90", "1.5h", "30m", "7d")] == [
        90, 5400, 1800, 604_800
    ]  # fmt: skip
    for text in ("", "h", "-1h", "0", "1w", "1 h h", "1e9", "nan"):
        with pytest.raises(SettingsError, match="no amount") as caught:
            amount(text, "--keep", ("s", "m", "h", "d"))
        assert caught.value.where == "--keep"


def test_a_token_is_read_without_its_line_break(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\r\n", encoding="utf-8")
    path.chmod(0o600)
    assert read_token(path) == TOKEN
    assert capsys.readouterr().err == ""
    path.chmod(0o644)
    assert read_token(path) == TOKEN
    assert "chmod 600" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["short", "a" * (MIN_TOKEN - 1), f"{TOKEN} {TOKEN}", f"{TOKEN}\n{TOKEN}", "ü" * 20])
def test_what_is_no_token_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "token"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match="a token has") as caught:
        read_token(path)
    assert text not in caught.value.line
    with pytest.raises(CrosstalkError, match="cannot be read"):
        read_token(tmp_path / "nothing")


def test_what_is_refused_before_the_server_starts(tmp_path: Path) -> None:
    for options, message in (
        ({"host": "0.0.0.0"}, "everyone who reaches this address"),
        ({"recordings": tmp_path / "nothing"}, "no such folder"),
        ({"origin": ["intranet.example"]}, "no origin"),
        ({"origin": ["https://intranet.example/"]}, "no origin"),
        ({"max_upload": "1h"}, "no amount"),
    ):
        with pytest.raises(SettingsError, match=message):
            ServeOptions(**options).server()  # type: ignore[arg-type]
    assert ServeOptions(host="0.0.0.0", i_know=True, folder=tmp_path).server().host == "0.0.0.0"
    settings = ServeOptions(folder=tmp_path, origin=["https://intranet.example:8443"]).server()
    assert (settings.is_local, settings.keep, settings.max_upload) == (True, 3600, 2_000_000_000)
