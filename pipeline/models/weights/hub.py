"""Files of the Hugging Face hub, always of one named commit."""

from __future__ import annotations

import shutil
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pipeline.core.atomic_write import digest_file
from pipeline.core.errors import BadModel, ResourceError
from pipeline.core.events import Progress
from pipeline.models.weights.download_progress import all_files, watched
from pipeline.models.weights.specs import HubSource, require_inside


def fetch_snapshot(source: HubSource, expected: str | None, folder: Path, progress: Progress) -> str:
    """Download the source's files into ``folder`` and give the commit: the ``expected`` one, else the branch's latest.

    An expected commit must be answered by that very commit, and a large file by the SHA-256 that the hub states for it:
    `BadModel` otherwise; `ResourceError` when the hub cannot be reached or asks for conditions to be accepted.
    """
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.utils import disable_progress_bars

    target = folder / source.folder
    try:
        revision = expected or source.revision
        info = HfApi().model_info(source.repo, revision=revision, files_metadata=True)
        commit, wanted = str(info.sha), _choose(source, info.siblings or [])
        if expected is not None and commit != expected:
            raise BadModel(f"the hub answers with another commit ({commit})", where=source.repo)
        total = sum(sibling.size or 0 for sibling in wanted.values())
        disable_progress_bars()
        with watched(lambda: all_files(target), total, progress):
            snapshot_download(source.repo, revision=commit, local_dir=target, allow_patterns=sorted(wanted))
    except BadModel:
        raise
    except Exception as problem:  # the hub's client has no common base of its errors
        raise _explain(source, problem) from problem
    shutil.rmtree(target / ".cache", ignore_errors=True)
    for name, sibling in wanted.items():
        if sibling.lfs is not None and digest_file(target / name) != sibling.lfs.sha256:
            raise BadModel(f"{name} differs from the hash that the hub states", where=source.repo)
    return commit


def _choose(source: HubSource, siblings: list[Any]) -> dict[str, Any]:
    wanted = {s.rfilename: s for s in siblings if any(fnmatchcase(s.rfilename, p) for p in source.patterns)}
    try:
        for name in wanted:
            require_inside(name)
    except ValueError as problem:
        raise BadModel(str(problem), where=source.repo) from None
    if not wanted:
        raise BadModel("has none of the expected files", where=source.repo)
    return wanted


def _explain(source: HubSource, problem: Exception) -> ResourceError:
    kind = type(problem).__name__
    if kind == "GatedRepoError" or (source.gated and kind == "RepositoryNotFoundError"):
        hint = "accept its conditions on its page of the Hugging Face hub, then set HF_TOKEN to a token of yours"
        return ResourceError("its owner asks for conditions to be accepted", where=source.repo, hint=hint)
    return ResourceError(f"the hub gave no answer ({kind})", where=source.repo, hint="check network and proxy")
