"""`import` and `export`: years of chats in, everything out."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import click

from holdfast.cli.call import Call, session_named
from holdfast.cli.failures import Exit
from holdfast.cli.options import Command, file_path, key_file_path, new_file_path, pass_call
from holdfast.cli.output import Column, Output
from holdfast.cli.shown import counted, one_line, size
from holdfast.errors import BadInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.keeper.exporting import ExportFormat, ExportReport
    from holdfast.keeper.import_report import ImportReport
    from holdfast.keeper.previewing import Preview
    from holdfast.vault.foreign import ForeignKey

__all__ = ["export_command", "import_command"]

_KEY_BYTES = 1 << 16
_Reports: TypeAlias = "Sequence[tuple[Path, ImportReport | Preview]]"
_SUFFIX: dict[str, ExportFormat] = {
    ".zip": "bundle",
    ".json": "json",
    ".md": "markdown",
    ".markdown": "markdown",
    ".pdf": "pdf",
}


@click.command("import", cls=Command)
@click.argument("files", nargs=-1, required=True, type=file_path)
@click.option("--dry-run", is_flag=True, help="Only say what would come in; nothing is written.")
@click.option(
    "--key-file",
    type=key_file_path,
    help="Holds the key or password that the program encrypted the file under; - reads it from "
    "stdin. Without it you are asked.",
)
@click.option("--salt-file", type=key_file_path, help="Holds the salt of the password.")
@click.option(
    "--iterations", type=int, help="Of PBKDF2 with the salt. By default the usual ones are tried."
)
@click.option(
    "--only",
    metavar="PATTERN",
    help="Only conversations whose id in the other system is like this: 'chat:ada:*'.",
)
@pass_call
def import_command(
    call: Call,
    files: tuple[Path, ...],
    dry_run: bool,
    key_file: Path | None,
    salt_file: Path | None,
    iterations: int | None,
    only: str | None,
) -> int:
    """Bring in chats of other systems or of this one.

    FILES may be a ZIP, a folder or a single file; the format is told from the content.
    Importing again changes nothing, and an export that has grown adds what is new. Exit code 7
    when conversations were broken; the others are in. What another program encrypted is opened
    with its key, which is used for this and kept nowhere.

    With --json: {"files": [...]}, each with its counts and what is broken.
    """
    chosen = _Chosen(key=_foreign_key(files, key_file, salt_file, iterations), only=only)
    work = _previewed if dry_run else _imported
    reports = call.run(lambda: work(call, files, chosen))
    out = call.output
    if call.json:
        out.document({"files": [{"file": str(path), "report": report} for path, report in reports]})
    else:
        _show_reports(out, reports, dry_run=dry_run)
    broken = any(report.broken for _, report in reports)
    return Exit.IMPORT if broken else Exit.OK


class _Chosen(NamedTuple):
    """What was given beside the files."""

    key: ForeignKey | None
    only: str | None


def _foreign_key(
    files: Sequence[Path], key_file: Path | None, salt_file: Path | None, iterations: int | None
) -> ForeignKey | None:
    """The key of the files: out of its file, or asked for when one of them needs it.

    Raises:
        BadInput: the key's file cannot be read, or holds no key.
    """
    from holdfast.portability.reader import needs_key
    from holdfast.vault.foreign import ForeignKey

    if key_file is not None:
        secret: str | bytes = _small(key_file)
    elif sys.stdin.isatty() and any(needs_key(path) for path in files):
        secret = click.prompt("Key or password of the file", hide_input=True, err=True)
    else:
        return None  # a file that needs one is refused by name when it is opened
    salt = None if salt_file is None else _small(salt_file)
    return ForeignKey(secret, salt=salt, iterations=iterations)


def _small(path: Path) -> bytes:
    """A key file's bytes; a mistyped name of something large is not read to its end."""
    try:
        if str(path) == "-":
            return sys.stdin.buffer.read(_KEY_BYTES)
        with path.open("rb") as file:
            return file.read(_KEY_BYTES)
    except OSError as exc:
        raise BadInput("key file", f"cannot be read ({exc.strerror})") from exc


async def _imported(call: Call, files: Sequence[Path], chosen: _Chosen) -> _Reports:
    reports: list[tuple[Path, ImportReport | Preview]] = []
    async with call.opened(create=True) as keeper:
        user = await call.person(keeper, create=True)
        for path in files:
            with call.output.progress(path.name, unit="bytes") as told:
                report = await user.imports.file(
                    path,
                    progress=lambda p: told(p.bytes_read, p.total_bytes),
                    key=chosen.key,
                    only=chosen.only,
                )
            reports.append((path, report))
    return reports


async def _previewed(call: Call, files: Sequence[Path], chosen: _Chosen) -> _Reports:
    from holdfast.keeper.previewing import preview_import

    reports: list[tuple[Path, ImportReport | Preview]] = []
    async with contextlib.AsyncExitStack() as stack:
        vault = None
        # Somebody who is new has nothing yet: neither a store nor a vault is made for a look.
        with contextlib.suppress(NotFound):
            if call.has_store():
                keeper = await stack.enter_async_context(call.opened())
                vault = (await call.person(keeper)).vault
        for path in files:
            with call.output.progress(path.name, unit="bytes") as told:
                report = await preview_import(
                    vault,
                    path,
                    progress=lambda p: told(p.bytes_read, p.total_bytes),
                    key=chosen.key,
                    only=chosen.only,
                )
            reports.append((path, report))
    return reports


def _show_reports(out: Output, reports: _Reports, *, dry_run: bool) -> None:
    remembered = any(report.memories for _, report in reports)
    columns = (
        Column("file", flexible=True),
        Column("format"),
        Column("new", right=True),
        Column("known" if dry_run else "grown", right=True),
        *(() if dry_run else (Column("unchanged", right=True, from_width=70),)),
        Column("messages", right=True),
        *((Column("memories", right=True),) if remembered else ()),
        Column("broken", right=True),
    )
    rows = [_report_row(path, report, remembered=remembered) for path, report in reports]
    out.table(columns, rows)
    for path, report in reports:
        for broken in report.broken:
            named = broken.place.startswith(path.name)
            place = broken.place if named else f"{path.name}: {broken.place}"
            out.note(f"{place}: {broken.reason} [{broken.code}]")
        for note in _left_out(report, dry_run=dry_run):
            out.note(f"{path.name}: {note}")
    if dry_run:
        out.note("Nothing was written.")


def _left_out(report: ImportReport | Preview, *, dry_run: bool) -> Iterator[str]:
    """What an export names and does not hold, and what its format cannot vouch for."""
    from holdfast.keeper.previewing import Preview

    missing = report.inside.missing_files if isinstance(report, Preview) else report.missing_files
    if missing:
        come = "come in" if dry_run else "came in"
        yield f"{counted(missing, 'file')} named and not in it: {come} by name, without content"
    if "checksums" in report.lacks:
        yield "JSON has no checksums: whether it was altered since cannot be told"


def _report_row(path: Path, report: ImportReport | Preview, *, remembered: bool) -> Sequence[str]:
    from holdfast.keeper.previewing import Preview

    name, kind = one_line(path.name), report.format
    numbers = [report.conversations]
    numbers += [report.known] if isinstance(report, Preview) else [report.grown, report.unchanged]
    numbers += [report.messages, *([report.memories] if remembered else []), len(report.broken)]
    return [name, kind, *(f"{number:,}" for number in numbers)]


@click.command("export", cls=Command)
@click.option("-o", "--output", "target", required=True, type=new_file_path, help="The new file.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["bundle", "json", "markdown", "pdf"]),
    help="By default what the file's ending says: .zip (bundle), .json, .md, .pdf.",
)
@click.option("--session", "sessions", multiple=True, metavar="SESSION", help="Only this session.")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
@pass_call
def export_command(
    call: Call, target: Path, kind: ExportFormat | None, sessions: tuple[str, ...], force: bool
) -> None:
    """Write everything, or some sessions, to a file.

    Only you can read the file, and it is plaintext. A bundle comes back loss-free with
    `import`, JSON without the content of files; the others are for reading.
    """
    chosen = kind or _SUFFIX.get(target.suffix.lower())
    if chosen is None:
        raise BadInput("format", "the file's ending does not say it: give --format")
    if not target.parent.is_dir():
        raise BadInput("output", f"the folder {target.parent} does not exist: make it first")
    if target.exists() and not force:
        raise BadInput("output", f"{target} exists already: name a new file, or give --force")

    async def work() -> ExportReport:
        async with call.opened() as keeper:
            user = await call.person(keeper)
            ids = [str((await session_named(user, s)).id) for s in sessions] or None
            total = None if ids else (await user.stats()).messages
            with call.output.progress(f"writing {target.name}", unit="messages") as told:
                return await user.exports.file(
                    target,
                    format=chosen,
                    sessions=ids,
                    progress=lambda done: told(done, total),
                )

    report = call.run(work)
    if call.json:
        call.output.document(report)
        return
    call.output.line(
        f"{report.path}: {counted(report.sessions, 'session')}, "
        f"{counted(report.messages, 'message')}, {counted(report.memories, 'memory')}, "
        f"{size(report.bytes)}"
    )
