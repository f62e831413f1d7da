"""Models of the Hugging Face hub.

A known commit is pinned, and with it every file (git's object names are hashes of the content); known large files also
have their SHA-256. For a model without a known commit, the first pull records the commit it found.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.config.whisper_models import ENGLISH
from pipeline.models.weights.specs import File, HubSource, Model

_WHISPER_FILES = ("config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.*")
_SPEECHBRAIN_FILES = ("hyperparams.yaml", "*.ckpt", "*.txt")
_UNPINNED = "No commit is pinned: the first pull records the commit and hashes, and later pulls must match them."


@dataclass(frozen=True, slots=True)
class _Whisper:
    """A row of the table of Whisper models.

    ``size`` is the name in faster-whisper, ``millions`` the number of parameters as published, ``presets`` those that
    use the model. ``commit`` and ``file`` (``model.bin``) are given where they are known.
    """

    size: str
    repo: str
    millions: int
    presets: str = ""
    commit: str = "main"
    file: File | None = None

    def model(self) -> Model:
        """The model's entry in the catalogue."""
        languages = "100 languages" if self.size.startswith("large-v3") else "99 languages"
        use = f"recognition, {'English only' if self.size in ENGLISH else languages}"
        return Model(
            name=f"whisper-{self.size}",
            purpose=f"{use}, {self.millions} million parameters{self.presets and f' ({self.presets})'}",
            license="MIT",
            files=(self.file,) if self.file else (),
            sources=(HubSource(self.repo, self.commit, _WHISPER_FILES),),
            note="" if self.file else _UNPINNED,
        )


_WHISPER = (
    _Whisper("tiny", "Systran/faster-whisper-tiny", 39),
    _Whisper("base.en", "Systran/faster-whisper-base.en", 74),
    _Whisper(
        "small",
        "Systran/faster-whisper-small",
        244,
        "better",
        "536b0662742c02347bc0e980a01041f333bce120",
        File("model.bin", "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671", 483_546_902),
    ),
    _Whisper("small.en", "Systran/faster-whisper-small.en", 244),
    _Whisper("medium", "Systran/faster-whisper-medium", 769),
    _Whisper("medium.en", "Systran/faster-whisper-medium.en", 769),
    _Whisper("large-v1", "Systran/faster-whisper-large-v1", 1550),
    _Whisper("large-v2", "Systran/faster-whisper-large-v2", 1550),
    _Whisper("large-v3", "Systran/faster-whisper-large-v3", 1550),
    _Whisper(
        "large-v3-turbo",
        "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
        809,
        "accurate, published",
        "0a363e9161cbc7ed1431c9597a8ceaf0c4f78fcf",
        File("model.bin", "e76620f83d5f5b69efd3d87e3dc180c1bd21df9fbebacfd4335e5e1efcc018da", 1_617_884_929),
    ),
    _Whisper("distil-small.en", "Systran/faster-distil-whisper-small.en", 166),
    _Whisper("distil-medium.en", "Systran/faster-distil-whisper-medium.en", 394),
    _Whisper("distil-large-v2", "Systran/faster-distil-whisper-large-v2", 756),
    _Whisper("distil-large-v3", "Systran/faster-distil-whisper-large-v3", 756),
    _Whisper("distil-large-v3.5", "distil-whisper/distil-large-v3.5-ct2", 756),
)
"""The repositories of faster-whisper's catalogue; base and tiny.en are fetched from PyPI instead. The numbers of
parameters are those of the model cards of Whisper and Distil-Whisper."""


def _sepformer(name: str, purpose: str) -> Model:
    return Model(
        name=f"sepformer-{name}",
        purpose=f"separation, {purpose}",
        license="Apache-2.0",
        files=(),
        sources=(HubSource(f"speechbrain/sepformer-{name}", "main", _SPEECHBRAIN_FILES),),
        note=_UNPINNED,
    )


HOSTED = (
    *(row.model() for row in _WHISPER),
    Model(
        name="speaker-diarization-community-1",
        purpose="diarization, a whole pipeline (published)",
        license="CC-BY-4.0",
        files=(),
        sources=(
            HubSource(
                "pyannote/speaker-diarization-community-1",
                "3533c8cf8e369892e6b79ff1bf80f7b0286a54ee",
                ("config.yaml", "segmentation/*", "embedding/*", "plda/*"),
                gated=True,
            ),
        ),
    ),
    Model(
        name="speaker-diarization-3.1",
        purpose="diarization, a whole pipeline",
        license="MIT",
        files=(),
        sources=(
            HubSource(
                "pyannote/speaker-diarization-3.1",
                "84fd25912480287da0247647c3d2b4853cb3ee5d",
                ("config.yaml",),
                gated=True,
            ),
            HubSource(
                "pyannote/segmentation-3.0",
                "e66f3d3b9eb0873085418a7b813d3b369bf160bb",
                ("pytorch_model.bin",),
                folder="segmentation",
                gated=True,
            ),
            HubSource(
                "pyannote/wespeaker-voxceleb-resnet34-LM",
                "837717ddb9ff5507820346191109dc79c958d614",
                ("pytorch_model.bin",),
                folder="embedding",
            ),
        ),
        note="Its config.yaml names two further repositories; their weights are in segmentation/ and embedding/.",
    ),
    Model(
        name="ecapa-voxceleb",
        purpose="speaker embeddings, 192 values (published)",
        license="Apache-2.0",
        files=(
            File(
                "embedding_model.ckpt", "0575cb64845e6b9a10db9bcb74d5ac32b326b8dc90352671d345e2ee3d0126a2", 83_316_686
            ),
        ),
        sources=(
            HubSource(
                "speechbrain/spkrec-ecapa-voxceleb", "0f99f2d0ebe89ac095bcc5903c4dd8f72b367286", _SPEECHBRAIN_FILES
            ),
        ),
    ),
    Model(
        name="wespeaker-resnet34",
        purpose="speaker embeddings, 256 values",
        license="CC-BY-4.0",
        files=(),
        sources=(
            HubSource(
                "pyannote/wespeaker-voxceleb-resnet34-LM",
                "837717ddb9ff5507820346191109dc79c958d614",
                ("pytorch_model.bin",),
            ),
        ),
    ),
    _sepformer("whamr16k", "2 speakers, 16 kHz, noise and reverberation (published)"),
    _sepformer("wsj02mix", "2 speakers, 8 kHz, clean"),
    _sepformer("wsj03mix", "3 speakers, 8 kHz, clean"),
    _sepformer("libri2mix", "2 speakers, 8 kHz, noisy"),
    _sepformer("libri3mix", "3 speakers, 8 kHz, noisy"),
)
