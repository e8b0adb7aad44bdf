"""Importing Holdfast does nothing but define names, and costs little."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

# Runs in a fresh interpreter, so that what this test process has imported does not hide anything.
# An audit hook sees files, folders, sockets and processes; reading the environment is not audited,
# so os.environ gets a class that notes who asks.
_WATCH = """
import json, logging, os, sys, threading, warnings

seen, asked = [], []
PROBED = (".py", ".pyc", ".so")

def reads_code(path, mode, flags):
    writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) or set(mode or "") & set("wax+")
    return not writes and (str(path).endswith(PROBED) or os.path.isdir(path))

def hook(event, args):
    if event == "open" and not reads_code(*args):
        seen.append([event, str(args[0])])
    elif event.startswith(("socket.", "subprocess.", "os.mkdir", "os.remove", "os.rename",
                           "os.system", "os.exec", "os.fork", "os.posix_spawn", "shutil.",
                           "sqlite3.connect", "os.putenv")):
        seen.append([event, str(args[:1])])

class Watched(type(os.environ)):
    def __getitem__(self, key):
        frame = sys._getframe(1)
        while frame and frame.f_globals.get("__name__") in ("os", "collections.abc"):
            frame = frame.f_back
        asked.append([str(key), frame.f_globals.get("__name__") if frame else "?"])
        return super().__getitem__(key)

filters, handlers = list(warnings.filters), list(logging.root.handlers)
os.environ.__class__ = Watched
sys.addaudithook(hook)
import holdfast
facts = {
    "events": list(seen),
    "environment": list(asked),
    "modules": sorted(sys.modules),
    "threads": threading.active_count(),
    "filters": warnings.filters == filters,
    "handlers": logging.root.handlers == handlers and not logging.getLogger("holdfast").handlers,
}
print(json.dumps(facts))
"""

_HEAVY = {
    "apsw",
    "click",
    "fastapi",
    "ijson",
    "keyring",
    "numpy",
    "onnxruntime",
    "pydantic",
    "rich",
    "starlette",
    "tokenizers",
    "typst",
    "uvicorn",
    "wordllama",
}


@pytest.fixture(scope="module")
def facts() -> dict[str, Any]:
    """What happened while a fresh interpreter imported holdfast."""
    command = [sys.executable, "-B", "-c", _WATCH]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ))
    return dict(json.loads(ran.stdout))


def test_import_touches_no_file_socket_or_process(facts: dict[str, Any]) -> None:
    """No file but code is opened, nothing is created, no socket, no process."""
    assert facts["events"] == []


def test_import_reads_no_environment(facts: dict[str, Any]) -> None:
    """No environment variable is asked for, by Holdfast or by what it imports."""
    assert facts["environment"] == []


def test_import_brings_no_heavy_package(facts: dict[str, Any]) -> None:
    """Numbers, tokenizers, terminals, databases and servers come when they are first needed."""
    assert _HEAVY & set(facts["modules"]) == set()


def test_import_leaves_the_process_as_it_was(facts: dict[str, Any]) -> None:
    """No thread, no warning filter and no log handler appears."""
    assert (1, True, True) == (facts["threads"], facts["filters"], facts["handlers"])
