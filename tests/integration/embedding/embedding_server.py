"""A small OpenAI-compatible endpoint for embeddings, run as a process of its own.

    python embedding_server.py FOLDER

Writes its port to FOLDER/port and each request's texts to FOLDER/asked, one JSON list a line. As
long as FOLDER/status exists it answers with the number in it. Vectors come from digests of the
words, so that texts of the same words are close.
"""

from __future__ import annotations

import hashlib
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

DIMS = 24


def vector(text: str) -> list[float]:
    """The sum of its words' digests."""
    sums = [0.0] * DIMS
    for word in text.lower().split():
        for at, byte in enumerate(hashlib.sha256(word.encode()).digest()[:DIMS]):
            sums[at] += byte - 127.5
    return sums


class Handler(BaseHTTPRequestHandler):
    """Answers POST /v1/embeddings for the key "s3cret"."""

    protocol_version = "HTTP/1.1"
    folder = Path()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with (self.folder / "asked").open("a") as asked:
            asked.write(json.dumps(body["input"]) + "\n")
        failing = self.folder / "status"
        if failing.exists():
            self._answer(int(failing.read_text()), {"error": {"message": "not now"}})
        elif self.headers.get("Authorization") != "Bearer s3cret":
            self._answer(401, {"error": {"message": "who are you?"}})
        else:
            data = [
                {"object": "embedding", "index": at, "embedding": vector(text)}
                for at, text in enumerate(body["input"])
            ]
            self._answer(200, {"object": "list", "data": data[::-1], "model": body["model"]})

    def _answer(self, status: int, document: object) -> None:
        raw = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: object) -> None:
        """Nothing."""


if __name__ == "__main__":
    Handler.folder = Path(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port = Handler.folder / "port.part"
    port.write_text(str(server.server_address[1]))
    port.rename(Handler.folder / "port")
    print("ready", flush=True)
    server.serve_forever()
