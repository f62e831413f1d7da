"""Keys of stage results: everything that can change a result is in its key, and nothing else.

The first key covers the recording, the part of it that was read, the decoder's version and the versions of the packages
that compute. The key of a stage covers its version, its settings, the identity and the weights of each model that it
uses, and the key before it. Declared versions stand for the code; `tests/engine/versions.json` guards them. Threads are
in no key; device and batch size are in it where the device is not the CPU, because they change the last digits there.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.metadata
import platform
from collections.abc import Mapping
from typing import Any

from pipeline._version import __version__
from pipeline.config.schema import Config, Runtime
from pipeline.core.stage import ModelKind
from pipeline.engine import extensions
from pipeline.engine.artifact_cache import recipe_key
from pipeline.engine.extensions import ConfiguredStage
from pipeline.media import DECODER_VERSION, Decoded
from pipeline.models import registry
from pipeline.stages.channels.stage import STAGE as CHANNELS
from pipeline.stages.diarization.stage import STAGE as DIARIZATION
from pipeline.stages.recognition.stage import STAGE as RECOGNITION
from pipeline.stages.separation.stage import STAGE as SEPARATION

PACKAGES = ("pyannote.audio", "speechbrain", "torch", "faster-whisper", "ctranslate2", "av", "numpy", "pyloudnorm")
"""Packages whose version can change a result."""


@functools.cache
def package_versions() -> dict[str, str]:
    """The version of each of `PACKAGES`, of Python and of this package."""
    versions = {package: importlib.metadata.version(package) for package in PACKAGES}
    versions |= {"crosstalk": __version__, "python": platform.python_version()}
    return dict(sorted(versions.items()))


def start_key(sha256: str, source: str = "1", versions: Mapping[str, str] | None = None) -> str:
    """The key before the first stage: a recording with this hash, of which ``source`` was read (see `Decoded`)."""
    packages = dict(package_versions() if versions is None else versions)
    return recipe_key(recording=sha256, source=source, decoder=DECODER_VERSION, packages=packages)


def stage_key(
    before: str, configured: ConfiguredStage, config: Config, weights: Mapping[str, str], runtime: Runtime
) -> str:
    """The key of a stage's result after the key ``before``.

    ``weights`` maps each part of the models to the hash of its weights; ``runtime`` is where the models compute.
    """
    stage, settings = configured.stage, configured.settings
    return recipe_key(
        before=before,
        stage=stage.name,
        version=stage.version,
        settings=dataclasses.asdict(settings) if settings is not None else {},
        models={kind: model_identity(kind, config, weights) for kind in stage.uses},
        placement=registry.placement(runtime),
    )


def model_identity(kind: ModelKind, config: Config, weights: Mapping[str, str]) -> dict[str, Any]:
    """The configured model of a kind: its declared version, its options with their defaults, and its weights."""
    hashes = {part: weights.get(f"{kind}.{part}", weights.get(part)) for part in registry.weights(kind, config)}
    options = registry.options(kind, config)
    return {
        **registry.identity(kind, registry.configured_names(config)[kind]),
        "options": dataclasses.asdict(options) if options is not None else {},
        "weights": hashes,
    }


def recognition_key(sha256: str, config: Config, weights: Mapping[str, str]) -> str:
    """The key of a recording's recognition, after which no model runs; nothing is computed."""
    refinements = extensions.refinements(config)
    key = start_key(sha256)
    chain = [each for each in refinements if each.stage.refines is Decoded]
    for stage in (CHANNELS, DIARIZATION, SEPARATION, RECOGNITION):
        chain.append(extensions.of_pipeline(stage, config))
        chain += (each for each in refinements if stage.codec and each.stage.refines is stage.codec.kind)
    for configured in chain:
        key = stage_key(key, configured, config, weights, config.runtime)
    return key
