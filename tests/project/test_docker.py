"""The container, as far as it can be proved without one: what its files say, tried step by step.

The base image, the users it makes and the mounts are not tried here. Everything else is: the files
it copies, the steps of the build (`long`), the start, the health check, the stop.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import holdfast
from holdfast.settings import load_settings

_HUNG_S = 600


def _steps(root: Path) -> list[tuple[str, str]]:
    """Each instruction of the Dockerfile and its arguments."""
    text = (root / "Dockerfile").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    found = [line.split(None, 1) for line in joined.splitlines() if line.strip()]
    return [(name, re.sub(r"\s+", " ", rest)) for name, rest in found]


def _all(root: Path, name: str) -> list[str]:
    return [rest for step, rest in _steps(root) if step == name]


def _env(root: Path) -> dict[str, str]:
    """What the image sets for the server."""
    return dict(word.split("=", 1) for word in shlex.split(_all(root, "ENV")[-1]))


def _check(root: Path) -> list[str]:
    """The command of the health check."""
    found: list[str] = json.loads(_all(root, "HEALTHCHECK")[0].partition("CMD ")[2])
    return found


@pytest.fixture
def compose(root: Path) -> dict[str, Any]:
    """The file that says how it is run."""
    loaded: dict[str, Any] = yaml.safe_load((root / "compose.yaml").read_text("utf-8"))
    return loaded


def test_all_that_is_copied_is_there_and_not_ignored(root: Path) -> None:
    """And nothing else is sent to the build: no data, no keys, no history."""
    copied = [
        source
        for rest in _all(root, "COPY")
        if not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]
    rules = (root / ".dockerignore").read_text("utf-8").split()
    let_in = [rule[1:] for rule in rules if rule.startswith("!")]

    assert [path for path in copied if not (root / path).exists()] == []
    assert sorted(copied) == sorted(let_in)
    assert rules[rules.index("copies.") + 1] == "*"


def test_it_runs_as_nobody_in_particular_over_two_volumes(root: Path) -> None:
    """Not as root; data and keys lie apart, the wrapped keys with the keys."""
    env = _env(root)

    assert _all(root, "USER") == ["holdfast"]
    assert json.loads(_all(root, "VOLUME")[0]) == ["/data", "/keys"]
    assert (env["HOLDFAST_DATA_DIR"], env["HOLDFAST_CONFIG_DIR"]) == ("/data", "/keys")
    assert env["HOLDFAST_KEYS_PATH"].startswith("/keys/")
    assert (env["HOLDFAST_AUTH"], _all(root, "STOPSIGNAL")) == ("tokens", ["SIGTERM"])


def test_packages_are_those_of_the_lock(root: Path) -> None:
    """Every install is without a resolver, and what comes from an index is checked by its hash."""
    installs = [rest for rest in _all(root, "RUN") if "pip install" in rest]

    assert [("--no-deps" in rest) for rest in installs] == [True, True]
    assert "--require-hashes" in installs[0]
    assert installs[1].endswith("--no-deps --no-build-isolation /build")


def test_both_files_say_the_same(root: Path, compose: dict[str, Any]) -> None:
    """Health check, port, volumes and settings fit each other, and each setting is one."""
    service = compose["services"]["holdfast"]
    env = {name: str(value) for name, value in service["environment"].items()}
    plain = {name: re.sub(r"\$\{[A-Z_]+:-(.*)\}", r"\1", value) for name, value in env.items()}
    settings = load_settings(environ={**_env(root), **plain})

    assert service["healthcheck"]["test"] == ["CMD", *_check(root)]
    assert service["ports"] == [f"127.0.0.1:{settings.port}:{settings.port}"]
    assert [volume.split(":")[1] for volume in service["volumes"]] == ["/data", "/keys"]
    assert set(compose["volumes"]) == {volume.split(":")[0] for volume in service["volumes"]}
    assert (settings.auth, service["read_only"], service["cap_drop"]) == ("tokens", True, ["ALL"])


def test_what_is_commented_out_is_as_valid(root: Path) -> None:
    """The proxy and the secret, taken in, make a file of the same shape."""
    text = (root / "compose.yaml").read_text("utf-8")
    rest = text.partition("services:\n")[2]
    more = re.sub(r"^(\s*)# ((?:\s*)(?:[a-zA-Z_.]+:|- ).*)$", r"\1\2", rest, flags=re.MULTILINE)
    loaded = yaml.safe_load("services:\n" + more)

    assert set(loaded["services"]) == {"holdfast", "caddy"}
    assert loaded["services"]["holdfast"]["secrets"] == list(loaded["secrets"])
    assert set(loaded["volumes"]) == {"data", "keys", "caddy"}


def _placed(root: Path, place: Path, bin_dir: Path) -> dict[str, str]:
    """The environment of the image, with its folders below a place, on any free port."""
    env = {
        name: value.replace("/keys", f"{place}/keys").replace("/data", f"{place}/data")
        for name, value in _env(root).items()
    }
    for name in ("data", "keys"):
        (place / name).mkdir(mode=0o700)
    return {**env, "PATH": f"{bin_dir}{os.pathsep}{os.environ['PATH']}", "HOLDFAST_PORT": "0"}


def _lives(root: Path, place: Path, bin_dir: Path) -> list[object]:
    """Start, check, make a key, stop, check: with the image's own commands."""
    env = _placed(root, place, bin_dir)
    command = [*json.loads(_all(root, "ENTRYPOINT")[0]), *json.loads(_all(root, "CMD")[0])]
    with subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        found = re.search(r"serves http://0\.0\.0\.0:(\d+) ", line)
        port = found[1] if found else server.communicate(timeout=_HUNG_S)[1]
        env["HOLDFAST_PORT"] = port
        check = [bin_dir / "python", *_check(root)[1:]]
        while_up = subprocess.run(check, env=env, capture_output=True, check=False).returncode
        key = [command[0], "tokens", "create", "--user", "ada", "--quiet"]
        made = subprocess.run(key, env=env, capture_output=True, check=False, text=True)
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=_HUNG_S)
    after = subprocess.run(check, env=env, capture_output=True, check=False).returncode
    files = sorted(
        p.name for p in (place / "keys").iterdir() if p.is_file() and p.suffix != ".lock"
    )
    return [while_up, made.stdout[:3], server.returncode, after != 0, files]


_ALIVE = [0, "hf_", 0, True]


def test_its_commands_start_check_and_stop_the_server(root: Path, tmp_path: Path) -> None:
    """With the packages at hand; the root key and the wrapped keys are made among the keys."""
    found = _lives(root, tmp_path, Path(sys.executable).parent)

    assert found[:4] == _ALIVE
    assert {"root.key", "holdfast.keys.db"} <= set(found[4])  # type: ignore[call-overload]
    assert not list((tmp_path / "data").glob("*keys*"))


@pytest.mark.long
def test_its_build_steps_install_a_server_that_lives(root: Path, tmp_path: Path) -> None:
    """Each COPY and RUN of the first stage, in a folder instead of an image, from the lock."""
    for step, rest in _steps(root):
        words = rest.split()
        if step == "COPY" and words[0].startswith("--from"):
            break
        if step == "COPY":
            _copy([root / word for word in words[:-1]], Path(f"{tmp_path}{words[-1]}"), words[-1])
        if step == "RUN" and "groupadd" not in rest:
            script = re.sub(r"--mount=\S+ ", "", rest)
            script = re.sub(r"(?<!\S)/(opt|build)\b", rf"{tmp_path}/\1", script)
            script = re.sub(r"^python\b", shlex.quote(sys.executable), script)
            subprocess.run(["sh", "-ec", script], check=True, timeout=_HUNG_S, cwd=tmp_path)
    bin_dir = tmp_path / "opt" / "holdfast" / "bin"
    place = tmp_path / "run"
    place.mkdir()

    version = subprocess.run([bin_dir / "holdfast", "--version"], capture_output=True, check=True)
    assert holdfast.__version__ in version.stdout.decode()
    assert _lives(root, place, bin_dir)[:4] == _ALIVE


def _copy(sources: list[Path], target: Path, named: str) -> None:
    (target if named.endswith("/") else target.parent).mkdir(parents=True, exist_ok=True)
    for source in sources:
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
