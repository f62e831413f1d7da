"""The library's one function, `transcribe`: the pipeline, then roles; the models of its last settings stay loaded."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.analytics.roles.assigning import with_roles
from pipeline.analytics.roles.request import wanted_roles
from pipeline.config.presets import named, resolve
from pipeline.config.schema import Config, assign
from pipeline.core.events import Listener, ignore
from pipeline.core.types import Transcript
from pipeline.engine.artifact_cache import DiskCache
from pipeline.engine.model_pool import INDEPENDENT, ModelPool
from pipeline.engine.pipeline import Recording, Transcriber
from pipeline.models.weights import Store


@dataclass(slots=True)
class _Memory:
    """The models of the last call, and the settings and weights that they were loaded for."""

    key: object = None
    models: ModelPool | None = None


_LAST = _Memory()
_LOCK = threading.RLock()


def transcribe(
    recording: Recording,
    *,
    sample_rate: float | None = None,
    speakers: int | None = None,
    min_speakers: int | None = None,
    max_speakers: int | None = None,
    language: str | None = None,
    model: str | None = None,
    channels: str | None = None,
    roles: str | None = None,
    rules: Path | str | None = None,
    preset: str = "default",
    device: str | None = None,
    threads: int | None = None,
    offline: bool = False,
    track: int | None = None,
    names: bool = False,
    known: dict[str, str] | None = None,
    gallery: str | None = None,
    cache: bool = False,
    settings: dict[str, Any] | None = None,
    listener: Listener | None = None,
) -> Transcript:
    """The transcript of a recording, as the command ``transcribe`` makes it.

    ``recording`` and ``sample_rate`` are as in `Transcriber`, ``settings`` dotted (``{"separation.context": 1.0}``).
    ``rules`` is a file with conditions of roles. Unlike the command, it stores nothing on disk unless ``cache`` is
    true: then finished stages stay in the user's cache for two weeks. Raises `pipeline.core.errors.CrosstalkError`.

    The models of the last settings stay loaded, for loops over files; `release_models` releases them. Calls from
    several threads take turns. A `pipeline.Transcriber` has separate models.
    """
    given = named(
        speakers=speakers, min_speakers=min_speakers, max_speakers=max_speakers, language=language, model=model,
        channels=channels, roles=roles, device=device, threads=threads, offline=offline, track=track, names=names,
        known=known, gallery=gallery,
    )  # fmt: skip
    return _run(resolve(preset, given, settings or {}), rules, cache, listener or ignore, recording, sample_rate)


def _run(
    config: Config,
    rules: Path | str | None,
    cache: bool,
    listener: Listener,
    recording: Recording,
    sample_rate: float | None,
) -> Transcript:
    """The transcript, by the models of the last call where they are the same."""
    request = wanted_roles(Path(rules) if rules else None, config.diarization.roles)
    with _LOCK:
        folder = DiskCache(listener=listener) if cache else None
        transcriber = Transcriber(config, store=_store(config), cache=folder, listener=listener)
        transcriber.models = _loaded(transcriber.models, config)
        transcript = transcriber(recording, sample_rate)
    return with_roles(transcript, request)


def release_models() -> None:
    """Release the models that `transcribe` keeps loaded, and their memory."""
    with _LOCK:
        _LAST.key = _LAST.models = None


def _store(config: Config) -> Store:
    """The store of the last call where it is the same, so that no model is hashed again; else a new one."""
    new = Store(offline=config.runtime.offline)
    last = _LAST.models.store if _LAST.models else new
    return last if (last.root, last.offline) == (new.root, new.offline) else new


def _loaded(models: ModelPool, config: Config) -> ModelPool:
    """The models of the last call where they are the same; else these, which replace them."""
    key = (assign(config, INDEPENDENT), models.store.root, tuple(models.identities.items()))
    if _LAST.models is None or _LAST.key != key:
        _LAST.key, _LAST.models = key, models
    return _LAST.models
