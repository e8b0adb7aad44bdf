"""An endpoint for embeddings in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.index.endpoint import EndpointEmbedder
from holdfast.index.remote import EmbeddingEndpoint

_SERVER = Path(__file__).with_name("embedding_server.py")
DIMS = 24


class Served:
    """The endpoint, what it was asked, and whether it fails."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.opened: list[EndpointEmbedder] = []
        port = (folder / "port").read_text()
        self.at = EmbeddingEndpoint(
            base_url=f"http://127.0.0.1:{port}/v1",
            model="words",
            dimensions=DIMS,
            api_key="s3cret",
        )

    def embedder(self, **given: object) -> EndpointEmbedder:
        """Asks it; closed at the end of the test."""
        made = EndpointEmbedder(replace(self.at, **given), sleep=lambda _: self.recover())
        self.opened.append(made)
        return made

    def recover(self) -> None:
        """What it does while somebody waits to try again."""
        self.fail_with(None)

    def fail_with(self, status: int | None) -> None:
        path = self._folder / "status"
        path.unlink(missing_ok=True) if status is None else path.write_text(str(status))

    def asked(self) -> list[list[str]]:
        path = self._folder / "asked"
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Ready to be asked."""
    folder = tmp_path / "served"
    folder.mkdir()
    command = [sys.executable, str(_SERVER), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        served = Served(folder)
        yield served
        for embedder in served.opened:
            embedder.close()
        process.kill()
