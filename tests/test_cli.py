"""The command line: outputs and exit codes."""

from __future__ import annotations

import io
import json
import signal
import socket
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.app import main
from pipeline.config import schema
from pipeline.core.errors import BackendError
from pipeline.engine import artifact_cache
from tests import world

Run = Callable[..., int]


@pytest.fixture
def transcribe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """The program in this process, in an empty folder with a separate cache; returns the exit code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(artifact_cache, "default_root", lambda: tmp_path / ".cache")
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def run(*arguments: str) -> int:
        with pytest.raises(SystemExit) as caught:
            main(list(arguments))
        return int(caught.value.code or 0)

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


def replayed(*arguments: str) -> list[str]:
    return [*arguments, *world.arguments()]


def test_stdout_has_the_transcript_and_files_lie_in_the_folder(
    transcribe: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world.write_wav(tmp_path / "talk.wav")
    assert transcribe(*replayed("talk.wav", "-o", "out/here", "-f", "json,txt,seglst,srt")) == 0
    out, err = capsys.readouterr()
    assert out == (tmp_path / "out/here/talk.txt").read_text()
    written_lines = [line.removeprefix("transcribe: wrote ") for line in err.splitlines() if "wrote" in line]
    assert written_lines == [f"out/here/talk.{kind}" for kind in ("json", "txt", "seglst.json", "srt")]
    stages = [line.split(": ")[1] for line in err.splitlines() if "wrote" not in line]
    assert stages == ["decode", "diarization", "separation", "recognition"]
    assert "SPEAKER_01: b3 b4 b6\n" in out
    written = sorted(path.name for path in (tmp_path / "out/here").iterdir() if path.is_file())
    assert written == ["talk.json", "talk.seglst.json", "talk.srt", "talk.txt"]


def test_quiet_prints_nothing(transcribe: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world.write_wav(tmp_path / "talk.wav")
    assert transcribe(*replayed("talk.wav", "--quiet")) == 0
    assert capsys.readouterr() == ("", "")
    assert (tmp_path / "talk.txt").stat().st_size


def test_warnings_go_to_stderr(transcribe: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world.write_wav(tmp_path / "talk.wav")
    assert transcribe(*replayed("talk.wav", "--speakers", "5")) == 0
    out, err = capsys.readouterr()
    assert "asked for 5" not in out
    assert "transcribe: talk: warning: " in err
    assert "5 speakers" in err


@pytest.mark.promise(10)
def test_silence_is_a_success(transcribe: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world.write_wav(tmp_path / "quiet.wav", (), 3.0)
    assert transcribe(*replayed("quiet.wav")) == 0
    assert capsys.readouterr().out == ""
    assert json.loads((tmp_path / "quiet.json").read_text())["language"] is None


@pytest.mark.promise(18)
def test_one_bad_recording_stops_no_other(transcribe: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("one.wav", "three.wav"):
        world.write_wav(tmp_path / name)
    (tmp_path / "two.wav").write_text("<html>not found</html>")
    assert transcribe(*replayed("one.wav", "two.wav", "three.wav", "-q")) == 3
    assert {"one.txt", "three.txt", "one.json", "three.json"} <= {path.name for path in tmp_path.iterdir()}
    (line,) = capsys.readouterr().err.splitlines()
    assert "two.wav" in line
    assert not (tmp_path / "two.txt").exists()


@pytest.mark.parametrize(("names", "code"), [(["a.wav"], 2), (["a.wav", "b.wav"], 4)])
def test_only_bad_recordings(
    transcribe: Run, tmp_path: Path, names: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.wav").write_bytes(b"")
    assert transcribe(*replayed(*names)) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split(": ")[1] for line in err.splitlines()] == names


@pytest.mark.parametrize(
    "arguments",
    [
        ["x.wav", "--set", "recognition.beam=5"],
        ["x.wav", "--set", "novalue"],
        ["x.wav", "--format", "doc"],
        ["x.wav", "--preset", "best"],
        ["x.wav", "--config", "missing.yaml"],
        ["x.wav", "--speakers", "2", "--max-speakers", "3"],
        ["x.wav", "--set", "recognition.backend=nobody.nowhere:Nothing"],
        ["x.wav", "--set", "recognition.backend=wisper"],
        ["a/x.wav", "b/x.wav"],
        ["x.wav", "--nonsense"],
        ["x.wav", "--speakers", "two"],
        ["convert", "x.json"],
        ["convert", "missing.json", "-f", "srt"],
        ["convert", "x.wav", "-f", "srt"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_1_and_writes_nothing(
    transcribe: Run, tmp_path: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    world.write_wav(tmp_path / "x.wav")
    assert transcribe(*arguments) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    assert err.splitlines()[-1]
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == ["x.wav"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("word", "command"),
    [
        ("transcibe", "RECORDING..."),
        ("transcribe", "RECORDING..."),
        ("covnert", "convert"),
        ("Batch", "batch"),
        ("scores", "score"),
        ("analyse", "analyze"),
        ("model", "models"),
    ],
)
def test_a_misspelt_command_gets_a_suggestion(
    transcribe: Run, tmp_path: Path, word: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert transcribe(word, "x.wav") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(f"transcribe {command}?")
    world.write_wav(tmp_path / word)
    assert transcribe(*replayed(word, "-q")) == 0


@pytest.mark.parametrize("word", ["meeting", "talk.wav", "./covnert", "zzz"])
def test_any_other_word_is_a_recording(transcribe: Run, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert transcribe(*replayed(word)) == 2
    assert capsys.readouterr().err.startswith(f"transcribe: {word}: ")


EARLY: dict[str, tuple[list[str], int]] = {
    "language": (["--language", "jp"], 1),
    "language of a sentence": (["--language", "english please"], 1),
    "device": (["--device", "toaster"], 1),
    "threshold": (["--set", "diarization.threshold=-3"], 1),
    "compute type": (["--set", "recognition.options.compute_type=int7"], 1),
    "nan": (["--set", "separation.context=.nan"], 1),
    "infinite": (["--set", "assembly.pause=.inf"], 1),
    "roles": (["--roles", "2=CHANNEL_1"], 1),
    "numbered roles": (["--roles", "1=agent:2,2=agent_1"], 1),
    "class": (["--set", "recognition.backend=tests.test_preflight:NoLanguage"], 1),
    "English-only model": (["--preset", "fast", "--set", "recognition.backend=whisper", "--language", "de"], 1),
    "missing model": (["--set", "recognition.backend=whisper"], 5),
}


@pytest.mark.parametrize("what", EARLY)
@pytest.mark.parametrize("names", [["talk.wav"], ["talk.wav", "more.wav"]], ids=["one", "two"])
def test_invalid_settings_are_reported_before_any_work(
    transcribe: Run,
    tmp_path: Path,
    what: str,
    names: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("decoding began")

    monkeypatch.setenv("CROSSTALK_MODELS", str(tmp_path / ".models"))
    monkeypatch.setattr("pipeline.media.isolated_decoder.decode", refuse)
    for name in names:
        world.write_wav(tmp_path / name)
    arguments, code = EARLY[what]
    assert transcribe(*names, *world.arguments(), *arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert code != 5 or "transcribe models pull whisper-" in err


@pytest.mark.promise(20)
def test_a_failed_write_is_one_line(transcribe: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world.write_wav(tmp_path / "talk.wav")
    (tmp_path / "file").write_text("in the way")
    assert transcribe(*replayed("talk.wav", "-q", "-o", "file/out")) == 5
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert err.startswith("transcribe: file/out: ")


@pytest.mark.promise(20)
def test_too_long_a_name_is_shortened_with_a_notice(
    transcribe: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world.write_wav(tmp_path / f"{'x' * 251}.wav")
    assert transcribe(*replayed(f"{'x' * 251}.wav", "-o", "out", "-q")) == 0
    (first, second) = sorted(path for path in (tmp_path / "out").iterdir() if path.is_file())
    assert (first.suffix, second.suffix, first.stem) == (".json", ".txt", second.stem)
    assert first.stem in capsys.readouterr().err


def test_a_cache_that_cannot_be_written_is_one_warning(
    transcribe: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("talk.wav", "more.wav"):
        world.write_wav(tmp_path / name)
    (tmp_path / ".cache").write_text("in the way")
    assert transcribe(*replayed("talk.wav", "more.wav")) == 0
    out, err = capsys.readouterr()
    assert out.count("b3 b4 b6") == 2
    assert len([line for line in err.splitlines() if "warning" in line and ".cache" in line]) == 1
    assert transcribe(*replayed("talk.wav", "--no-cache", "-q")) == 0
    assert capsys.readouterr().err == ""


def test_debug_raises_what_happened(transcribe: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.faults.StumblingRecognizer.failures", 1)
    world.write_wav(tmp_path / "talk.wav")
    changed = world.arguments({"recognition.backend": "tests.faults:StumblingRecognizer"})
    with pytest.raises(BackendError, match="stumbled"):
        main(["talk.wav", "--debug", *changed])
    monkeypatch.setattr("tests.faults.StumblingRecognizer.failures", 1)
    assert transcribe("talk.wav", *changed) == 5


def test_memory_that_ran_out_is_5(transcribe: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world.write_wav(tmp_path / "talk.wav")
    given = world.arguments({"recognition.backend": "tests.faults:ClumsyRecognizer"})
    assert transcribe("talk.wav", "-q", *given) == 5
    assert capsys.readouterr().err.startswith("transcribe: memory ran out")


def test_stdin_is_a_recording(
    transcribe: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    content = world.write_wav(tmp_path / "talk.wav").read_bytes()
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(content)))
    assert transcribe(*replayed("-", "-f", "srt")) == 0
    assert "b3 b4 b6" in capsys.readouterr().out
    assert (tmp_path / "stdin.srt").exists()


def test_convert_gives_what_the_run_would_have_written(
    transcribe: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kinds = "json,srt,vtt,md,rttm,ctm,stm,seglst,tsv,csv,txt"
    world.write_wav(tmp_path / "talk.wav")
    assert transcribe(*replayed("talk.wav", "-f", kinds, "-q")) == 0
    capsys.readouterr()
    assert transcribe("convert", "talk.json", "-f", kinds, "-o", "again") == 0
    assert capsys.readouterr().out == ""
    again = [path for path in (tmp_path / "again").iterdir() if path.is_file()]
    assert len(again) == len(kinds.split(","))
    for path in again:
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()


def test_config_prints_settings_that_read_back(transcribe: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert transcribe("config", "--preset", "accurate", "--set", "recognition.language=no") == 0
    read = schema.read(capsys.readouterr().out, "stdout")
    assert (read.recognition.language, read.recognition.model) == ("no", "whisper-large-v3-turbo")


def test_cache_prints_its_folder_and_clears_it(
    transcribe: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world.write_wav(tmp_path / "talk.wav")
    transcribe(*replayed("talk.wav", "-q"))
    assert list((tmp_path / ".cache").glob("*/*"))
    assert transcribe("cache") == 0
    assert capsys.readouterr().out.startswith(str(tmp_path / ".cache"))
    assert transcribe("cache", "--clear") == 0
    assert capsys.readouterr().out.endswith(" 0.0 MB\n")
    assert not list((tmp_path / ".cache").glob("*/*"))


def test_no_cache_stores_nothing_on_disk(transcribe: Run, tmp_path: Path) -> None:
    world.write_wav(tmp_path / "talk.wav")
    assert transcribe(*replayed("talk.wav", "-q", "--no-cache")) == 0
    assert not (tmp_path / ".cache").exists()


@pytest.mark.promise(23)
def test_a_run_opens_no_socket(transcribe: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = socket.socket.__init__

    def refuse(self: socket.socket, family: int = -1, *others: Any, **named: Any) -> None:
        assert family == socket.AF_UNIX, "a run opened a socket"
        made(self, family, *others, **named)

    world.write_wav(tmp_path / "talk.wav")
    monkeypatch.setattr(socket.socket, "__init__", refuse)
    assert transcribe(*replayed("talk.wav", "-q")) == 0


@pytest.mark.parametrize("command", [[], ["split"]])
def test_a_gpu_that_does_not_compute_is_reported_before_the_run_which_continues_only_with_auto(
    transcribe: Run,
    command: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from pipeline.models import cuda_libraries, torch_runtime

    def broken(name: str) -> None:
        raise RuntimeError("no kernel image is available for execution on the device")

    monkeypatch.setattr(torch_runtime, "count_gpus", lambda: 1)
    monkeypatch.setattr(cuda_libraries, "try_torch", broken)
    world.write_wav(tmp_path / "talk.wav")
    assert transcribe(*replayed(*command, "talk.wav", "-q")) == 0
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "no kernel image" in lines[0]
    assert transcribe(*replayed(*command, "talk.wav", "-q"), "--set", "runtime.device=cuda") == 5
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "no kernel image" in lines[0]
