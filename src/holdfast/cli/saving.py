"""`backup` and `restore`: two files out, one store back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from holdfast.cli.call import Call
from holdfast.cli.failures import Exit
from holdfast.cli.options import Command, file_path, folder_path, pass_call
from holdfast.cli.shown import size
from holdfast.cli.upkeep import show_verified

if TYPE_CHECKING:
    from holdfast.keeper.backups import BackupReport
    from holdfast.keeper.restoring import RestoreReport

__all__ = ["backup_command", "restore_command"]


@click.command("backup", cls=Command)
@click.argument("folder", type=folder_path)
@click.option(
    "--keys-to", "keys_folder", type=folder_path, help="Put the keys there, apart from the data."
)
@pass_call
def backup_command(call: Call, folder: Path, keys_folder: Path | None) -> None:
    """Copy data and keys into two files.

    Turns go on being recorded meanwhile. Both are new files in FOLDER. The data holds no keys,
    the keys hold no content; whoever has both, and the root key, can read everything. The root
    key is in neither: keep a copy of it apart.

    With --json: {"data", "keys", "data_bytes", "key_bytes", "at"}.
    """

    async def work() -> BackupReport:
        async with call.opened() as keeper:
            stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
            return await keeper.backup(
                folder / f"holdfast-{stamp}.db",
                (keys_folder or folder) / f"holdfast-{stamp}.keys.db",
            )

    report = call.run(work)
    out = call.output
    if call.json:
        out.document(report)
        return
    out.line(f"data  {report.data}  {size(report.data_bytes)}")
    out.line(f"keys  {report.keys}  {size(report.key_bytes)}")
    if (keys_folder or folder).resolve() == folder.resolve():
        out.note("Keep the two apart, and after an erase discard every older copy of the keys.")


@click.command("restore", cls=Command)
@click.option("--data", "data_file", type=file_path, required=True, help="The data backup.")
@click.option("--keys", "keys_file", type=file_path, help="The key backup made with it.")
@click.option("--anyway", is_flag=True, help="Put it in place although it has problems.")
@pass_call
def restore_command(call: Call, data_file: Path, keys_file: Path | None, anyway: bool) -> int:
    """Put a backup in the place of the store.

    What was erased since stays erased. Nothing may have the store open. The backup is opened
    and verified before anything is changed; the database that was there is set aside beside it.
    --keys is needed when keys were lost.

    Exit code 5 when the backup has problems: then nothing was changed, unless --anyway.
    """
    from holdfast.keeper.configured import options_of
    from holdfast.keeper.restoring import restore

    options = options_of(call.settings)

    async def work() -> RestoreReport:
        with call.output.progress("checking", unit="messages") as told:
            return await restore(
                options,
                data_file,
                keys_file,
                despite_problems=anyway,
                progress=lambda done: told(done, None),
            )

    report = call.run(work)
    out = call.output
    if call.json:
        out.document(report)
        return Exit.OK if report.verified.ok else Exit.TAMPERED
    show_verified(out, report.verified, lacking_keys=keys_file is None)
    if not report.placed:
        out.line("Nothing was changed; --anyway puts it in place as it is.")
    else:
        out.line(f"Restored to {report.database}.")
        if report.set_aside is not None:
            out.line(f"What was there is now {report.set_aside}.")
    return Exit.OK if report.verified.ok else Exit.TAMPERED
