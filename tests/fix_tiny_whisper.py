"""A Whisper model of one layer and random weights: what it hears means nothing, but it loads in
milliseconds, and all around it is real."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2.specs import WhisperSpec

from holdfast.assistant.speech.models import model_at

__all__ = ["write_tiny_whisper"]

_WIDTH, _MELS, _FRAMES, _TOKENS = 8, 80, 1500, 448
_RANDOM = np.random.default_rng(1)


def write_tiny_whisper(folder: Path) -> None:
    """Write the model into a folder, with the tokenizer of the one that is installed."""
    installed = model_at("")
    assert installed is not None, "the dev dependencies hold whisper-base"
    files = {name: Path(parts[0]) for name, parts in installed.parts.items()}
    vocabulary = json.loads(files["vocabulary.json"].read_text("utf-8"))
    known = json.loads(files["config.json"].read_text("utf-8"))
    spec = _filled(len(vocabulary))
    spec.register_vocabulary(vocabulary)
    for name in ("suppress_ids", "suppress_ids_begin", "lang_ids"):
        setattr(spec.config, name, known[name])
    spec.config.alignment_heads = [[0, 0]]
    spec.validate()
    spec.save(str(folder))
    shutil.copy(files["tokenizer.json"], folder)


def _filled(words: int) -> Any:
    spec = WhisperSpec(1, 1, 1, 1)
    encoder, decoder = spec.encoder, spec.decoder
    encoder.conv1.weight, encoder.conv1.bias = _weights(_WIDTH, _MELS, 3), _weights(_WIDTH)
    encoder.conv2.weight, encoder.conv2.bias = _weights(_WIDTH, _WIDTH, 3), _weights(_WIDTH)
    encoder.position_encodings.encodings = _weights(_FRAMES, _WIDTH)
    decoder.embeddings.weight = _weights(words, _WIDTH)
    decoder.projection.weight = _weights(words, _WIDTH)
    decoder.position_encodings.encodings = _weights(_TOKENS, _WIDTH)
    for half in (encoder, decoder):
        _norm(half.layer_norm)
        _attention(half.layer[0].self_attention, 3, 1)
        _norm(half.layer[0].ffn.layer_norm)
        _linear(half.layer[0].ffn.linear_0, 4 * _WIDTH, _WIDTH)
        _linear(half.layer[0].ffn.linear_1, _WIDTH, 4 * _WIDTH)
    _attention(decoder.layer[0].attention, 1, 2, 1)
    return spec


def _weights(*shape: int) -> Any:
    return _RANDOM.standard_normal(shape, dtype=np.float32)


def _linear(layer: Any, outputs: int, inputs: int) -> None:
    layer.weight, layer.bias = _weights(outputs, inputs), _weights(outputs)


def _norm(layer: Any) -> None:
    layer.gamma, layer.beta = _weights(_WIDTH), _weights(_WIDTH)


def _attention(layer: Any, *widths: int) -> None:
    _norm(layer.layer_norm)
    for linear, width in zip(layer.linear, widths, strict=True):
        _linear(linear, width * _WIDTH, _WIDTH)
