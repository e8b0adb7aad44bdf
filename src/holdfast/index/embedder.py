"""Texts to vectors, locally and without a download.

`StaticEmbedder` averages word-piece vectors (wordllama's, inside its package): microseconds a
text. `holdfast.index.minilm` has the transformer, more accurate and a hundred times slower.
"""

from __future__ import annotations

import json
import os
import threading
from array import array
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from holdfast.errors import MissingExtra

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["Embedder", "Floats", "Ints", "StaticEmbedder", "packaged_file", "speakable"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

_MAX_CHARS = 20_000
"""What follows in a longer text moves its average no more; a megabyte would take seconds."""
_MAX_KNOWN_RUNS = 200_000
"""About 20 MB; then all are forgotten."""
_FEW_TEXTS = 16
_POOL_ROWS = 256
"""Texts pooled at once: 256 rows of 1 KB stay in the second-level cache (0.27 s for 4.5 million
tokens; `np.add.reduceat` over the same took 1.8 s, x86-64, 2026-11)."""


class Embedder(Protocol):
    """Gives texts of similar meaning vectors of a small angle. Safe to call from several threads.

    The vector of a text must not depend on the texts embedded beside it, nor on their order:
    an index built piece by piece has to equal one built at once.
    """

    @property
    def name(self) -> str:
        """Names weights and procedure: two embedders of one name give equal vectors."""

    @property
    def dims(self) -> int:
        """Length of a vector."""

    def embed(self, texts: list[str]) -> Floats:
        """Shape (len(texts), dims); rows of length 1, or all zero for a text without content."""


class StaticEmbedder:
    """wordllama's 256-dimensional static vectors, averaged over the word pieces of a text.

    Equal to `WordLlama.embed(texts, norm=True)` up to rounding; reading the two files in its
    package spares its import (160 ms) and its look for the tokenizer on the network. The
    tokenizer knows no piece that crosses a space, so each space-separated run is cut into
    pieces once and remembered: 100,000 messages take a quarter of the time.
    """

    name = "wordllama-l2-supercat-256"
    dims = 256

    def __init__(self) -> None:
        """Reads 18 MB from the package.

        Raises:
            MissingExtra: wordllama is not installed.
        """
        self._table = _read_matrix(_wordllama_file("weights/l2_supercat_256.safetensors"))
        self._pieces = _Pieces(
            _read_tokenizer(_wordllama_file("tokenizers/l2_supercat_tokenizer_config.json"))
        )

    def embed(self, texts: list[str]) -> Floats:
        """Shape (len(texts), 256); see `Embedder`."""
        tokens, lengths = self._pieces.of([_runs(text) for text in texts])
        if len(texts) < _FEW_TEXTS:
            sums = self._sums_one_by_one(tokens, lengths)
        else:
            sums = self._sums_by_position(tokens, lengths)
        return _unit_rows(sums / np.maximum(lengths, 1).astype(np.float32)[:, None])

    def _sums_one_by_one(self, tokens: Ints, lengths: Ints) -> Floats:
        ends = np.cumsum(lengths)
        return np.stack(
            [
                np.add.reduce(self._table[tokens[end - length : end]], axis=0)
                for end, length in zip(ends, lengths, strict=True)
            ]
            or [np.zeros((0, self.dims), np.float32)]
        ).reshape(len(lengths), self.dims)

    def _sums_by_position(self, tokens: Ints, lengths: Ints) -> Floats:
        """The same sums in the same order of addition, hence the same bits, many at a time."""
        starts = np.cumsum(lengths) - lengths
        sums = np.zeros((len(lengths), self.dims), np.float32)
        longest_first = np.argsort(-lengths, kind="stable")
        for at in range(0, len(longest_first), _POOL_ROWS):
            rows = longest_first[at : at + _POOL_ROWS]
            sums[rows] = self._sums_of_block(tokens, starts[rows], lengths[rows])
        return sums

    def _sums_of_block(self, tokens: Ints, starts: Ints, lengths: Ints) -> Floats:
        """Sums of rows whose lengths do not increase: the n-th token of all that have one."""
        sums = np.zeros((len(starts), self.dims), np.float32)
        gathered = np.empty_like(sums)
        counts = np.searchsorted(-lengths, -np.arange(lengths[0]), side="left").tolist()
        for position, count in enumerate(counts):
            at = tokens[starts[:count] + position]
            np.take(self._table, at, axis=0, out=gathered[:count], mode="clip")
            sums[:count] += gathered[:count]
        return sums


class _Pieces:
    """Word pieces by space-separated run of text, cut on first sight."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._lock = threading.Lock()
        self._forget()

    def of(self, runs: list[list[str]]) -> tuple[Ints, Ints]:
        """All piece numbers in order, and how many each text has."""
        with self._lock:
            tokens, run_lengths = self._looked_up(runs)
        texts = np.repeat(np.arange(len(runs)), [len(text_runs) for text_runs in runs])
        counts = np.bincount(texts, weights=run_lengths, minlength=len(runs)).astype(np.int64)
        return tokens, counts

    def _looked_up(self, runs: list[list[str]]) -> tuple[Ints, Ints]:
        """All piece numbers in order, and how many each run has.

        A method of its own so that its views into the growing arrays are gone before the lock is:
        an array cannot grow while somebody looks into it.
        """
        self._learn(set().union(*runs))
        numbers = np.fromiter(
            map(self._number.__getitem__, chain.from_iterable(runs)),
            np.intp,
            sum(map(len, runs)),
        )
        starts = np.frombuffer(self._starts, np.int64)
        lengths = starts[numbers + 1] - starts[numbers]
        tokens = np.frombuffer(self._tokens, np.int32)[_ranges(starts[numbers], lengths)]
        return tokens.astype(np.int64), lengths

    def _learn(self, runs: set[str]) -> None:
        # Not a difference of sets: that walks over all known runs.
        new = [run for run in runs if run not in self._number]
        if not new:
            return
        if len(self._number) + len(new) > _MAX_KNOWN_RUNS:
            self._forget()
            new = list(runs - {""})
        tokenizer = self._tokenizer
        if len(new) < _FEW_TEXTS:  # waking the library's threads takes longer than the work
            cuts = [tokenizer.encode(run, add_special_tokens=False) for run in new]
        else:
            cuts = tokenizer.encode_batch_fast(new, add_special_tokens=False)
        for run, cut in zip(new, cuts, strict=True):
            self._add(run, cut.ids)

    def _add(self, run: str, pieces: list[int]) -> None:
        self._number[run] = len(self._starts) - 1
        self._tokens.extend(pieces)
        self._starts.append(len(self._tokens))

    def _forget(self) -> None:
        self._number: dict[str, int] = {}
        self._tokens = array("i")
        self._starts = array("q", [0])
        # A text that ends in one space ends in this piece; the tokenizer would put a second
        # one before it.
        self._add("", [self._tokenizer.token_to_id("▁") or 0])


def _ranges(starts: Ints, lengths: Ints) -> Ints:
    """starts[0] .. starts[0] + lengths[0], then starts[1] .., in one array."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    offsets: Ints = np.repeat(starts - (ends - lengths), lengths)
    return offsets + np.arange(total)


def speakable(text: str) -> str:
    """The text as valid Unicode: a tokenizer takes UTF-8, which has no lone surrogates."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def packaged_file(package: str, path: str, *, feature: str, extra: str) -> Path:
    """Where a file of an installed package lies; the package is not imported.

    Raises:
        MissingExtra: the package, or this file in it, is not installed.
    """
    spec = find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        file = Path(folder) / path
        if file.is_file():
            return file
    raise MissingExtra(feature, extra)


def _wordllama_file(path: str) -> Path:
    return packaged_file("wordllama", path, feature="search by meaning", extra="static")


def _runs(text: str) -> list[str]:
    """The text cut before spaces; the space itself belongs to the run and is left out once."""
    text = speakable(text[:_MAX_CHARS])
    runs = text.split(" ") if text else []
    if "" in runs:  # more than one space: all but one stay with the run that follows
        return _joined_spaces(runs)
    return runs


def _joined_spaces(runs: list[str]) -> list[str]:
    joined: list[str] = []
    waiting = 0
    for run in runs:
        if run:
            joined.append(" " * waiting + run)
            waiting = 0
        else:
            waiting += 1
    return [*joined, " " * (waiting - 1)] if waiting else joined


def _unit_rows(rows: Floats) -> Floats:
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    return rows / np.where(lengths > 0, lengths, 1).astype(np.float32)[:, None]


def _read_matrix(path: Path) -> Floats:
    """The one float16 matrix of a safetensors file, as float32."""
    raw = path.read_bytes()
    header_size = int.from_bytes(raw[:8], "little")
    (tensor,) = json.loads(raw[8 : 8 + header_size]).values()
    matrix = np.frombuffer(raw, "<f2", offset=8 + header_size + tensor["data_offsets"][0])
    return matrix.reshape(tensor["shape"]).astype(np.float32)


def _read_tokenizer(path: Path) -> Tokenizer:
    from tokenizers import Tokenizer  # 15 ms that a caller without recall need not pay

    return Tokenizer.from_file(os.fspath(path))
