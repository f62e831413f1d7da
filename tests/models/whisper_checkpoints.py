"""Small Whisper models with random weights in CTranslate2's format, written with CTranslate2 and tokenizers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

ENGLISH, V2, V3 = 51_864, 51_865, 51_866
"""Vocabulary sizes of English-only models, of the multilingual ones up to large-v2, and of those since large-v3."""
WIDTH = 16
"""Size of the hidden states."""
_BYTES = 256
_TEXT = {ENGLISH: 50_256, V2: 50_257, V3: 50_257}
"""Number of text tokens; the special tokens follow."""


def write_whisper(folder: Path, vocabulary: int, mels: int) -> Path:
    """A folder like the publishers': one encoder layer, two decoder layers, ``mels`` bands, a tokenizer of bytes."""
    from ctranslate2.specs import WhisperSpec

    tokens = list(_tokens(vocabulary))
    folder.mkdir(parents=True, exist_ok=True)
    spec = WhisperSpec(num_encoder_layers=1, num_encoder_heads=2, num_decoder_layers=2, num_decoder_heads=2)
    rng = np.random.default_rng(0)
    sizes = _sizes(vocabulary, mels)
    spec._visit(lambda layer, name, value: _fill(layer, name, rng, sizes))
    spec.register_vocabulary(tokens)
    first = tokens.index("<|startoftranscript|>") + 1
    spec.config.lang_ids = list(range(first, tokens.index("<|translate|>")))
    spec.config.suppress_ids = spec.config.suppress_ids_begin = []
    spec.config.alignment_heads = [(1, 0), (1, 1)]
    spec.validate()
    spec.optimize("float16")
    spec.save(str(folder))
    _write_tokenizer(folder / "tokenizer.json", tokens, _TEXT[vocabulary])
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": mels, "n_fft": 400}))
    return folder


def _fill(layer: Any, name: str, rng: np.random.Generator, sizes: Mapping[str, tuple[int, ...]]) -> None:
    """Set a weight of the specification by the longest ending of its path in ``sizes``; settings have none there."""
    endings = [ending for ending in sizes if name.endswith(ending)]
    if endings:
        shape = sizes[max(endings, key=len)]
        values = np.ones(shape) if name.endswith("gamma") else rng.standard_normal(shape) / WIDTH**0.5
        setattr(layer, name.rsplit("/", 1)[-1], values.astype(np.float32))


def _sizes(vocabulary: int, mels: int) -> Mapping[str, tuple[int, ...]]:
    """The shapes of weights by the endings of their paths; CTranslate2 joins queries, keys and values."""
    return {
        "conv1/weight": (WIDTH, mels, 3),
        "conv2/weight": (WIDTH, WIDTH, 3),
        "conv1/bias": (WIDTH,),
        "conv2/bias": (WIDTH,),
        "gamma": (WIDTH,),
        "beta": (WIDTH,),
        "encoder/position_encodings/encodings": (1500, WIDTH),
        "decoder/position_encodings/encodings": (448, WIDTH),
        "embeddings/weight": (vocabulary, WIDTH),
        "projection/weight": (vocabulary, WIDTH),
        "weight": (WIDTH, WIDTH),
        "self_attention/linear_0/weight": (3 * WIDTH, WIDTH),
        "/attention/linear_1/weight": (2 * WIDTH, WIDTH),
    }


def _tokens(vocabulary: int) -> Iterator[str]:
    from faster_whisper.tokenizer import _LANGUAGE_CODES
    from tokenizers.pre_tokenizers import ByteLevel

    yield from sorted(ByteLevel.alphabet())
    yield from (f"Ġword{number}" for number in range(_BYTES, _TEXT[ENGLISH]))
    if vocabulary != ENGLISH:
        yield ""  # by this token CTranslate2 recognizes a multilingual model
    others = [code for code in _LANGUAGE_CODES if code not in {"en", "yue"}]
    languages = ["en", *others, *(["yue"] if vocabulary == V3 else [])]
    named = ("translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps")
    yield from (f"<|{name}|>" for name in ("endoftext", "startoftranscript", *languages, *named))
    yield from (f"<|{number / 50:.2f}|>" for number in range(1501))


def _write_tokenizer(path: Path, tokens: list[str], text: int) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    tokenizer = Tokenizer(models.BPE({token: number for number, token in enumerate(tokens)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(tokens[text:])
    tokenizer.save(str(path))
