"""Fixtures of all tests: the models, the development recordings, pyannote's sample; the browser; and no network."""

from __future__ import annotations

import gc
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.browser import axe, browser, context, opened

__all__ = ["axe", "browser", "context", "opened"]

REPOSITORY = Path(__file__).parent.parent

if "PYTEST_XDIST_WORKER" in os.environ:  # the workers are as many as the cores: threads would only wait for each other
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

settings.register_profile(
    "crosstalk",
    deadline=None,  # a loaded machine is slow: no deadlines
    max_examples=60,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,  # the same examples in every run of CI; random ones elsewhere
)
settings.register_profile("quick", settings.get_profile("crosstalk"), max_examples=10)  # `make quick`
settings.load_profile("crosstalk")


LONG = (
    "test_large_batch.py",
    "test_failpoints.py",
    "test_call_centre.py",
    "test_simulated_meeting.py",
    "test_ray.py",
    "test_real_models.py",
    "test_real_names.py",
)
"""Modules whose tests take longest: begun first, so that no worker waits for one of them at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long modules first; otherwise in the order of the files."""
    items.sort(key=lambda item: LONG.index(item.path.name) if item.path.name in LONG else len(LONG))


def pytest_collection_finish() -> None:
    """Keep the modules and the collected tests out of every later garbage collection: half a second each."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting anywhere but to pipes of this machine, and in tests of the server to itself, fails the test."""
    connect = socket.socket.connect
    to_itself = "tests/server/" in request.node.nodeid

    def refuse(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and not (to_itself and address[0] in ("127.0.0.1", "::1")):
            raise AssertionError(f"a test tried to connect to {address!r}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(autouse=True)
def _no_lazy_modules() -> Iterator[None]:
    """Remove speechbrain's lazy modules: hypothesis inspects every module, and these then fail to load."""
    yield
    for name, module in list(sys.modules.items()):
        if type(module).__name__ in {"LazyModule", "DeprecatedModuleRedirect"}:
            del sys.modules[name]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of development recordings beside the checkout; the test skips without it."""
    for folder in REPOSITORY.parents:
        data = folder / "shared" / "data"
        if data.is_dir():
            return data
    pytest.skip("needs the development recordings (a sibling folder shared/data), which are not in the repository")


@pytest.fixture(scope="session")
def sample() -> Path:
    """pyannote.audio's own test recording, with .rttm and .stm beside it: 30 s, two speakers on the telephone."""
    import importlib.util

    spec = importlib.util.find_spec("pyannote.audio")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(next(iter(spec.submodule_search_locations))) / "sample" / "sample.wav"
