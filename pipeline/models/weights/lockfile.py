"""Record of the first pull of a hub model (commits and hashes), in the model's folder; later pulls must match it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.core.atomic_write import digest_file
from pipeline.models.weights.hashing import list_files
from pipeline.models.weights.specs import File, HubSource, Model

MANIFEST = "crosstalk.json"


@dataclass(frozen=True, slots=True)
class Manifest:
    """Repository -> commit, and every file with its hash."""

    commits: Mapping[str, str]
    files: tuple[File, ...]

    @classmethod
    def read(cls, folder: Path) -> Manifest | None:
        """The record in a model's folder; ``None`` if it is missing or invalid."""
        try:
            content = json.loads((folder / MANIFEST).read_text("utf-8"))
            files = tuple(File(**file) for file in content["files"])
            return cls({str(repo): str(commit) for repo, commit in content["commits"].items()}, files)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    @classmethod
    def of(cls, folder: Path, commits: Mapping[str, str]) -> Manifest:
        """A record of the folder's present files."""
        files = (File(name, digest_file(folder / name), (folder / name).stat().st_size) for name in list_files(folder))
        return cls(dict(commits), tuple(files))

    def agrees(self, model: Model) -> bool:
        """Whether the record matches every commit and file that the table of models pins."""
        hubs = [source for source in model.sources if isinstance(source, HubSource)]
        matching = all(self.commits.get(hub.repo, "") == (hub.commit or self.commits.get(hub.repo)) for hub in hubs)
        return matching and set(model.files) <= set(self.files)

    def write(self, folder: Path) -> None:
        """Write the record into the folder."""
        (folder / MANIFEST).write_text(json.dumps(asdict(self), indent=1, sort_keys=True) + "\n", "utf-8")
