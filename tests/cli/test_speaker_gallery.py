"""The gallery and names from the command line: enrol, list, name, rename, forget."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

import pipeline
from pipeline import formats
from pipeline.cli.app import main
from pipeline.cli.options import parse_known
from pipeline.core.errors import SettingsError
from pipeline.core.types import Word
from pipeline.engine import artifact_cache
from pipeline.gallery.forgetting import holds_print
from pipeline.gallery.store import Gallery
from tests import world
from tests.engine.test_names import MEETING, monologue


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: clips of Ana and Bob, a meeting of both, no gallery."""
    monkeypatch.setattr(artifact_cache, "default_root", lambda: tmp_path / ".cache")
    monkeypatch.chdir(tmp_path)
    world.write_wav(tmp_path / "ana.wav", monologue("a"), 7.0)
    world.write_wav(tmp_path / "bob.wav", monologue("b"), 7.0)
    world.write_wav(tmp_path / "meeting.wav", MEETING, 14.0)
    return tmp_path


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main([*arguments])
    return int(caught.value.code or 0)


def speakers(command: str, *arguments: str) -> int:
    computes = world.arguments() if command in ("add", "verify") else []
    return call("speakers", command, *arguments, "--gallery", "gallery", *computes)


def transcribe(*arguments: str) -> int:
    return call("meeting.wav", "-q", *arguments, *world.arguments())


def add(name: str, clip: str) -> int:
    return speakers("add", name, clip, "--consent", f"{name} agreed by e-mail")


@pytest.mark.promise(29)
def test_enrol_name_and_forget_leaves_no_byte_of_the_print(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert add("Ana", "ana.wav") == 0
    prints = Gallery(folder / "gallery").find("Ana").prints
    assert prints
    assert transcribe("--names", "--gallery", "gallery", "-f", "json,txt,rttm") == 0
    assert pipeline.load(folder / "meeting.json").speakers == ("Ana", "SPEAKER_01")
    assert "Ana: " in (folder / "meeting.txt").read_text()
    capsys.readouterr()
    assert speakers("forget", "Ana", "--results", ".") == 0
    printed = capsys.readouterr().out
    assert "removed: gallery/" in printed
    assert printed.count(", 0 hold a voice print") == 3
    assert "the name is still in: meeting.json (transcribe rename meeting.json Ana=SPEAKER_00)" in printed
    assert "the name is still in: meeting.txt\n" in printed
    assert [path for path in folder.rglob("*") if path.is_file() and holds_print(path, prints)] == []
    assert speakers("forget", "Ana") == 1


@pytest.mark.promise(28)
def test_consent_is_needed_once_and_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert speakers("add", "Ana", "ana.wav") == 1
    assert "need their consent" in capsys.readouterr().err
    assert not (folder / "gallery").exists()
    assert speakers("add", "Ana", "ana.wav", "--consent", "e-mail of 3 May", "--expires", "2099-01-31") == 0
    assert speakers("add", "Ana", "ana.wav") == 0
    capsys.readouterr()
    assert speakers("show", "Ana") == 0
    shown = capsys.readouterr().out
    assert "consent: e-mail of 3 May (" in shown
    assert "expires: 2099-01-31" in shown
    assert Gallery(folder / "gallery").find("Ana").prints[0].vector not in shown
    assert speakers("list") == 0
    assert "until 2099-01-31" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("Ana",), "either clips, or --from"),
        (("Ana", "ana.wav", "--speaker", "SPEAKER_00"), "either clips, or --from"),
        (("Ana", "ana.wav", "--recording", "x.wav"), "either clips, or --from"),
        (("\udcff", "ana.wav"), "no other control character"),
        (("a=b", "ana.wav"), "a name has no '='"),
        (("x" * 300, "ana.wav"), "at most 80 characters"),
        (("a\nb", "ana.wav"), "no line break"),
        (("Ana", "ana.wav", "--expires", "soon"), "soon"),
        (("Ana", "none.wav"), "none.wav"),
        (("Ana", "meeting.wav"), "two people speak in it"),
        (("Ana", "--from", "meeting.json", "--speaker", "SPEAKER_00"), "meeting.json"),
    ],
)
def test_what_cannot_be_added_is_refused_in_one_line(
    arguments: tuple[str, ...], reason: str, capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    assert speakers("add", *arguments, "--consent", "yes, by e-mail") in (1, 2)
    error = capsys.readouterr().err
    assert reason in error
    assert error.count("\n") == 1
    assert Gallery(folder / "gallery").people() == ()


def test_a_person_is_added_from_a_transcript(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert transcribe("-f", "json") == 0
    source = ("--from", "meeting.json", "--speaker")
    assert speakers("add", "Bob", *source, "SPEAKER_07", "--consent", "yes") == 1
    assert "SPEAKER_00, SPEAKER_01" in capsys.readouterr().err
    assert speakers("add", "Bob", *source, "SPEAKER_01", "--consent", "yes") == 0
    (folder / "meeting.wav").rename(folder / "moved.wav")
    assert speakers("add", "Bob", *source, "SPEAKER_01") == 1
    assert "--recording" in capsys.readouterr().err
    assert speakers("add", "Bob", *source, "SPEAKER_01", "--recording", "moved.wav") == 0
    assert speakers("verify", "bob.wav") == 0
    assert capsys.readouterr().out.splitlines()[-2].startswith("Bob: similarity")
    assert speakers("verify", "ana.wav") == 4
    assert "unknown: " in capsys.readouterr().out


def test_one_speaker_with_two_names_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert add("Ana", "ana.wav") == 0
    assert add("Anna", "ana.wav") == 0
    assert "this voice is also that of Ana" in capsys.readouterr().err
    assert transcribe("--names", "--gallery", "gallery", "-f", "json") == 0
    assert pipeline.load("meeting.json").identities[0].reason.startswith("Ana is nearer than Anna by 0.00")
    assert speakers("merge", "Anna", "Ana") == 0
    assert speakers("rename", "Ana", "Ana Lima") == 0
    assert transcribe("--names", "--gallery", "gallery", "-f", "json") == 0
    assert pipeline.load("meeting.json").speakers[0] == "Ana Lima"


def test_known_clips_name_without_a_gallery(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert transcribe("--known", "Ana=ana.wav, Bob = bob.wav", "-f", "json") == 0
    assert pipeline.load("meeting.json").speakers == ("Ana", "Bob")
    assert not (folder / "gallery").exists()
    assert transcribe("--known", "Ana=meeting.wav", "-f", "json", "--overwrite") == 2
    assert "two people speak in it" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "ana", "ana=", "=x.wav", "a=x.wav,a=y.wav", "a=x.wav,,"])
def test_impossible_lists_of_clips_are_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="--known"):
        parse_known(text)


def test_rename_changes_every_file_and_a_later_run_keeps_the_names(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert transcribe("-f", "json,txt,srt,rttm") == 0
    assert call("rename", "meeting.json", "SPEAKER_00=Ana", "SPEAKER_01=Bob") == 0
    for file in ("meeting.txt", "meeting.srt", "meeting.rttm"):
        text = (folder / file).read_text()
        assert "Ana" in text
        assert "SPEAKER_" not in text
    named = pipeline.load("meeting.json")
    assert transcribe("-f", "json,txt") == 0
    again = pipeline.load("meeting.json")
    assert (again.speakers, again.utterances, again.turns) == (named.speakers, named.utterances, named.turns)
    assert [identity.decision for identity in again.identities] == ["given", "given"]
    assert call("rename", "meeting.json", "Ana=SPEAKER_00") == 0
    assert pipeline.load("meeting.json").speakers == ("SPEAKER_00", "Bob")


def test_rename_writes_each_file_as_it_was_written_before(folder: Path) -> None:
    assert transcribe("-f", "json,docx,srt,vtt", "--table", "--no-overlap-cues", "--no-speaker-names") == 0
    before = pipeline.load("meeting.json")
    assert call("rename", "meeting.json", "SPEAKER_00=Ana") == 0
    renamed = pipeline.load("meeting.json")
    assert renamed.speakers != before.speakers
    options = {"table": True, "overlap_cues": False, "speaker_names": False}
    for name in ("docx", "srt", "vtt"):
        written = (folder / f"meeting.{name}").read_bytes()
        assert written == formats.dumps(renamed, name, "meeting", **options)  # type: ignore[arg-type]


def test_rename_renames_the_files_of_single_speakers(folder: Path) -> None:
    assert transcribe("-f", "json,srt,vtt,rttm", "--per-speaker") == 0
    assert (folder / "meeting.SPEAKER_00.srt").is_file()
    assert call("rename", "meeting.json", "SPEAKER_00=Ana") == 0
    assert sorted(path.name for path in folder.glob("meeting.*.*")) == [
        "meeting.Ana.srt", "meeting.Ana.vtt", "meeting.SPEAKER_01.srt", "meeting.SPEAKER_01.vtt"
    ]  # fmt: skip
    assert "SPEAKER_00" not in (folder / "meeting.Ana.srt").read_text()
    (folder / "meeting.Bob.srt").write_text("mine")
    assert call("rename", "meeting.json", "SPEAKER_01=Bob") == 1
    assert pipeline.load("meeting.json").speakers == ("Ana", "SPEAKER_01"), "nothing is changed before all is checked"


def test_rename_merges_two_labels_of_one_person(folder: Path) -> None:
    assert transcribe("-f", "json") == 0
    assert call("rename", "meeting.json", "SPEAKER_01=SPEAKER_00") == 0
    assert pipeline.load("meeting.json").speakers == ("SPEAKER_00",)


@pytest.mark.parametrize("names", [["SPEAKER_00"], ["SPEAKER_09=Ana"], ["SPEAKER_00="], ["SPEAKER_00=a\nb"]])
def test_rename_refuses_what_is_no_name(names: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert transcribe("-f", "json") == 0
    before = (folder / "meeting.json").read_bytes()
    assert call("rename", "meeting.json", *names) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert (folder / "meeting.json").read_bytes() == before


def test_rename_never_replaces_a_file_that_was_changed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert transcribe("-f", "json,txt") == 0
    (folder / "meeting.txt").write_text("mine")
    assert call("rename", "meeting.json", "SPEAKER_00=Ana") == 1
    assert "was changed" in capsys.readouterr().err
    assert (folder / "meeting.txt").read_text() == "mine"
    assert pipeline.load("meeting.json").speakers[0] == "SPEAKER_00"
    assert call("rename", "meeting.json", "SPEAKER_00=Ana", "--overwrite") == 0


def test_a_batch_names_its_speakers(folder: Path) -> None:
    assert add("Bob", "bob.wav") == 0
    (folder / "calls").mkdir()
    (folder / "meeting.wav").rename(folder / "calls" / "meeting.wav")
    words = tuple(replace(word, text=word.text.replace("a", "c")) for word in MEETING)
    assert all(isinstance(word, Word) for word in words)
    world.write_wav(folder / "calls" / "other.wav", words, 14.0)
    options = ["-o", "out", "-f", "json", "--jobs", "1", "--names", "--gallery", "gallery", "-q"]
    assert call("batch", "calls", *options, *world.arguments()) == 0
    assert pipeline.load(folder / "out" / "meeting.json").speakers == ("SPEAKER_00", "Bob")
    assert pipeline.load(folder / "out" / "other.json").speakers == ("SPEAKER_00", "Bob")


def test_calibrate_measures_own_recordings(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("ana", "bob"):
        (folder / "people" / name).mkdir(parents=True)
        for number, start in enumerate((0.0, 0.5)):
            words = tuple(replace(word, start=word.start + start, end=word.end + start) for word in monologue(name[0]))
            world.write_wav(folder / "people" / name / f"{number}.wav", words, 8.0)
    world.write_wav(folder / "people" / "bob" / "two.wav", MEETING, 14.0)
    assert call("speakers", "calibrate", "people", *world.arguments()) == 0
    printed = capsys.readouterr()
    assert "narrow band: 2 pairs of one person, 4 of two people" in printed.out
    assert "equal error rate 0.0 %" in printed.out
    assert "now: 0 of 4 pairs of two people accepted, 0 of 2 of one person rejected" in printed.out
    assert "left out: two.wav: two people speak in it" in printed.err
    assert call("speakers", "calibrate", "gallery-of-none", *world.arguments()) in (1, 5)
    (folder / "empty").mkdir()
    assert call("speakers", "calibrate", "empty", *world.arguments()) == 1


def test_match_groups_the_speakers_of_many_transcripts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    others = tuple(replace(word, text=word.text.replace("a", "c")) for word in MEETING)
    world.write_wav(folder / "other.wav", others, 14.0)
    assert transcribe("-f", "json") == 0
    assert call("other.wav", "-q", "-f", "json", *world.arguments()) == 0
    (folder / "no-transcript.json").write_text("{}")
    capsys.readouterr()
    assert call("speakers", "match", ".", *world.arguments()) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        "voice of meeting.json SPEAKER_01: in 2 of 2 transcripts",
        "  other.json SPEAKER_01",
    ]
    (folder / "other.wav").rename(folder / "moved.wav")
    assert call("speakers", "match", ".", "--json", *world.arguments()) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["voices"][0] == [{"transcript": "meeting.json", "speaker": "SPEAKER_00"}]
    assert "left out: other.json: the recording is not at other.wav" in printed.err


def test_edits_by_hand_are_kept_by_rename_and_safe_from_later_runs(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert transcribe("-f", "json,txt") == 0
    edited = (folder / "meeting.json").read_text().replace('"text": "a0 ', '"text": "corrected ')
    (folder / "meeting.json").write_text(edited)
    (folder / "meeting.txt").unlink()
    assert call("rename", "meeting.json", "SPEAKER_00=Ana") == 0
    assert not (folder / "meeting.txt").exists()
    named = pipeline.load("meeting.json")
    assert (named.speakers[0], named.words[0].text) == ("Ana", "corrected")
    assert transcribe("-f", "json") == 1
    assert "was changed after it was written" in capsys.readouterr().err
    assert pipeline.load("meeting.json") == named


def test_rename_writes_the_file_that_was_given(folder: Path) -> None:
    assert transcribe("-f", "json") == 0
    (folder / "link").symlink_to("meeting.json")
    assert call("rename", "link", "SPEAKER_00=Ana") == 0
    assert pipeline.load("meeting.json").speakers[0] == "Ana"
    (folder / "meeting.json").rename(folder / "M.JSON")
    assert call("rename", "M.JSON", "Ana=Anna") == 0
    assert pipeline.load("M.JSON").speakers[0] == "Anna"


def test_a_name_that_the_program_gave_is_not_enrolled_before_it_is_confirmed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add("Ana", "ana.wav") == 0
    assert transcribe("--names", "--gallery", "gallery", "-f", "json") == 0
    assert speakers("add", "Ana", "--from", "meeting.json", "--speaker", "Ana") == 1
    assert "transcribe rename meeting.json Ana=Ana" in capsys.readouterr().err
    assert call("rename", "meeting.json", "Ana=Ana") == 0
    assert speakers("add", "Ana", "--from", "meeting.json", "--speaker", "Ana") == 0


def test_consent_keeps_its_words(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert speakers("add", "Ana", "ana.wav", "--consent", "  ") == 1
    assert speakers("add", "Ana", "ana.wav", "--consent", "\udcff") == 1
    assert speakers("add", "Ana", "ana.wav", "--purpose", "advertising") == 1
    assert not (folder / "gallery").exists()
    assert speakers("add", "Ana", "ana.wav", "--consent", "by letter", "--purpose", "minutes") == 0
    assert speakers("add", "Ana", "ana.wav") == 0
    capsys.readouterr()
    assert speakers("show", "Ana") == 0
    assert "purpose: minutes" in capsys.readouterr().out


def test_the_command_that_takes_a_name_away_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also where two labels have the name, which has a space."""
    assert add("Ana Lima", "ana.wav") == 0
    assert transcribe("-f", "json") == 0
    assert call("rename", "meeting.json", "SPEAKER_00=Ana Lima", "SPEAKER_01=Ana Lima") == 0
    capsys.readouterr()
    assert speakers("forget", "Ana Lima", "--results", ".") == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if "(transcribe rename" in line)
    assert call(*shlex.split(line.partition("(transcribe ")[2].removesuffix(")"))) == 0
    assert pipeline.load("meeting.json").speakers == ("SPEAKER_00",)


def test_forget_reports_what_it_could_not_search(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert add("Ana", "ana.wav") == 0
    assert speakers("forget", "Ana", "--results", "nowhere") == 1
    assert Gallery(folder / "gallery").find("Ana")
    (path,) = (folder / "gallery").glob("*.json")
    path.write_text("{")
    capsys.readouterr()
    assert speakers("forget", "Ana") == 0
    assert "the entry was damaged" in capsys.readouterr().out
    assert call("meeting.wav", "--gallery", "gallery", *world.arguments()) == 1
    assert "add --names" in capsys.readouterr().err
