"""Files of the Hugging Face hub, always of one commit."""

from __future__ import annotations

import shutil
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pipeline.core.atomic_write import digest_file
from pipeline.core.errors import BadModel, ResourceError
from pipeline.core.events import Progress
from pipeline.models.weights.download_progress import all_files, report_size
from pipeline.models.weights.specs import HubSource, require_inside


def fetch_snapshot(source: HubSource, expected: str | None, folder: Path, progress: Progress) -> str:
    """Download the source's files into ``folder``; returns the commit: ``expected``, else the branch's latest.

    Raises `BadModel` if the hub returns another commit than ``expected``, or a large file differs from its SHA-256 on
    the hub; `ResourceError` if the hub cannot be reached or its owner's conditions are not accepted.
    """
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.utils import disable_progress_bars

    target = folder / source.folder
    try:
        revision = expected or source.revision
        info = HfApi().model_info(source.repo, revision=revision, files_metadata=True)
        commit, wanted = str(info.sha), _choose(source, info.siblings or [])
        if expected is not None and commit != expected:
            raise BadModel(f"the hub returned the commit {commit}, expected {expected}", where=source.repo)
        total = sum(sibling.size or 0 for sibling in wanted.values())
        disable_progress_bars()
        with report_size(lambda: all_files(target), total, progress):
            snapshot_download(source.repo, revision=commit, local_dir=target, allow_patterns=sorted(wanted))
    except BadModel:
        raise
    except Exception as problem:  # the hub's client has no common base class of its errors
        raise _explain(source, problem) from problem
    shutil.rmtree(target / ".cache", ignore_errors=True)
    for name, sibling in wanted.items():
        if sibling.lfs is not None and digest_file(target / name) != sibling.lfs.sha256:
            raise BadModel(f"{name} differs from its hash on the hub", where=source.repo)
    return commit


def _choose(source: HubSource, siblings: list[Any]) -> dict[str, Any]:
    wanted = {s.rfilename: s for s in siblings if any(fnmatchcase(s.rfilename, p) for p in source.patterns)}
    try:
        for name in wanted:
            require_inside(name)
    except ValueError as problem:
        raise BadModel(str(problem), where=source.repo) from None
    if not wanted:
        raise BadModel("the repository has none of the expected files", where=source.repo)
    return wanted


def _explain(source: HubSource, problem: Exception) -> ResourceError:
    kind = type(problem).__name__
    if kind == "GatedRepoError" or (source.gated and kind == "RepositoryNotFoundError"):
        hint = "accept the conditions on its page of the Hugging Face hub, then set HF_TOKEN to your access token"
        return ResourceError("the repository's conditions must be accepted first", where=source.repo, hint=hint)
    return ResourceError(f"the hub cannot be reached ({kind})", where=source.repo, hint="check network and proxy")
