"""Files that this program did not write are never replaced."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.errors import OutputExists
from pipeline.core.output_record import RECORD, OutputRecord, source_of, source_of_result


def write(folder: Path, name: str, data: bytes, source: str = "s", overwrite: bool = False) -> None:
    OutputRecord(folder, source, overwrite=overwrite).write(folder / name, data)


def test_only_results_of_the_program_are_replaced(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", b"one")
    write(tmp_path, "a.txt", b"two")
    assert (tmp_path / "a.txt").read_bytes() == b"two"
    (tmp_path / "b.txt").write_bytes(b"mine")
    with pytest.raises(OutputExists, match=r"b\.txt"):
        write(tmp_path, "b.txt", b"one")
    assert (tmp_path / "b.txt").read_bytes() == b"mine"
    write(tmp_path, "b.txt", b"one", overwrite=True)
    write(tmp_path, "b.txt", b"two")
    assert (tmp_path / "b.txt").read_bytes() == b"two"


def test_a_result_that_was_corrected_by_hand_is_kept(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", b"one")
    (tmp_path / "a.txt").write_bytes(b"one, corrected")
    with pytest.raises(OutputExists):
        OutputRecord(tmp_path, "s").check([tmp_path / "a.txt"])
    with pytest.raises(OutputExists):
        write(tmp_path, "a.txt", b"two")


def test_the_result_of_another_recording_is_kept(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", b"one", "day 1")
    with pytest.raises(OutputExists):
        write(tmp_path, "a.txt", b"two", "day 2")
    write(tmp_path, "a.txt", b"one", "day 2")  # the same bytes: nothing is lost
    write(tmp_path, "a.txt", b"three", "day 1")


def test_a_run_killed_before_or_after_the_file_was_put_in_place_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "a.txt", b"one")
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.core.output_record.write_atomically", lambda path, data: None)
        write(tmp_path, "a.txt", b"two")
    assert (tmp_path / "a.txt").read_bytes() == b"one"
    OutputRecord(tmp_path, "s").check([tmp_path / "a.txt"])
    (tmp_path / "a.txt").write_bytes(b"two")
    OutputRecord(tmp_path, "s").check([tmp_path / "a.txt"])


@pytest.mark.parametrize("kind", ["folder", "link", "dead link"])
def test_folders_and_links_are_not_replaced(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.txt"
    (tmp_path / "target").write_bytes(b"")
    if kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / ("target" if kind == "link" else "gone"))
    with pytest.raises(OutputExists):
        OutputRecord(tmp_path, "s").check([path])


def test_a_damaged_record_allows_less_never_more(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", b"one")
    record = tmp_path / RECORD
    record.write_bytes(record.read_bytes()[:-20])
    with pytest.raises(OutputExists):
        OutputRecord(tmp_path, "s").check([tmp_path / "a.txt"])
    write(tmp_path, "b.txt", b"one")
    write(tmp_path, "b.txt", b"two")
    record.write_bytes(b"\xff\n7\n[]\n{}\n")
    with pytest.raises(OutputExists):
        OutputRecord(tmp_path, "s").check([tmp_path / "b.txt"])


def test_files_of_a_journal_count_as_results_until_the_record_has_them(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"old")
    OutputRecord(tmp_path, "s", adopted={"a.txt"}).write(tmp_path / "a.txt", b"new")
    (tmp_path / "a.txt").write_bytes(b"corrected")
    with pytest.raises(OutputExists):
        OutputRecord(tmp_path, "s", adopted={"a.txt"}).check([tmp_path / "a.txt"])


def test_a_derived_result_has_the_source_of_the_result(tmp_path: Path) -> None:
    write(tmp_path, "a.json", b"{}", "the recording")
    assert source_of_result(tmp_path / "a.json") == "the recording"
    (tmp_path / "a.json").write_bytes(b"edited")
    assert source_of_result(tmp_path / "a.json") == "the recording"
    assert source_of_result(tmp_path / "b.json") == source_of(tmp_path / "b.json")
    assert source_of(tmp_path / "b.json") != source_of(tmp_path / "c.json")
    assert str(tmp_path) not in source_of(tmp_path / "b.json")


def test_two_runs_at_once_may_write_the_same_results(tmp_path: Path) -> None:
    one, two = OutputRecord(tmp_path, "s"), OutputRecord(tmp_path, "s")
    one.write(tmp_path / "a.txt", b"one")
    two.write(tmp_path / "a.txt", b"two")
    one.write(tmp_path / "a.txt", b"three")
    assert (tmp_path / "a.txt").read_bytes() == b"three"


NAMES = st.sampled_from(["a", "sub/a", "b \udcff", "日本"])
WRITTEN = st.tuples(NAMES, st.binary(max_size=2), st.booleans())


@given(st.lists(WRITTEN, max_size=8))
def test_no_foreign_bytes_are_ever_lost(steps: list[tuple[str, bytes, bool]]) -> None:
    """Other programs and this one write the same names in any order; files of others stay."""
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        results: dict[str, set[bytes]] = {}
        for file, data, foreign in steps:
            path = folder / file
            path.parent.mkdir(exist_ok=True)
            before = path.read_bytes() if path.exists() else None
            if foreign:
                path.write_bytes(data)
                continue
            try:
                OutputRecord(folder, "s").write(path, data)
                assert path.read_bytes() == data
                assert before is None or before in results.get(file, set()) | {data}
                results.setdefault(file, set()).add(data)
            except OutputExists:
                assert path.read_bytes() == before
