"""`keys`: which are in force, and new ones for old."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from holdfast.cli.call import Call
from holdfast.cli.failures import Exit
from holdfast.cli.options import Command, Group, new_file_path, pass_call
from holdfast.cli.output import Column
from holdfast.cli.shown import counted
from holdfast.errors import BadInput

if TYPE_CHECKING:
    from holdfast.keeper.keys import KeyStatus
    from holdfast.settings import Settings
    from holdfast.vault.root import KeyFile
    from holdfast.vault.rotation import RotationReport

__all__ = ["keys_command"]

_OLDER_BACKUPS: Final = (
    "Key backups that were made before open only with the old root key: keep it as long as you "
    "keep them, or discard both."
)


@click.group("keys", cls=Group, invoke_without_command=True)
@click.pass_context
def keys_command(ctx: click.Context) -> None:
    """Show and rotate keys. Without a command: show them."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(_show_command)


@keys_command.command("show", cls=Command)
@pass_call
def _show_command(call: Call) -> None:
    """Show which keys are in force: fingerprints and counts, never a key."""

    async def work() -> KeyStatus:
        async with call.opened() as keeper:
            return await keeper.keys.status()

    status = call.run(work)
    settings = call.settings
    in_file = not (settings.root_key or settings.root_passphrase or settings.root_keyring)
    place = str(settings.key_file) if in_file else status.source
    shown = place if in_file else _origin(settings)
    if call.json:
        call.output.document({"root_key_at": place, "status": status})
        return
    rows = [
        ("root key", status.root_fingerprint),
        ("from", shown),
        ("vault keys", f"{status.vault_keys:,}"),
        ("erasures", f"{status.erasures:,}"),
        ("audit entries", f"{status.audit_entries:,}"),
    ]
    call.output.table((Column("keys"), Column("", flexible=True)), rows)


def _origin(settings: Settings) -> str:
    """Where a root key that is in no key file comes from."""
    if settings.root_key:
        return "HOLDFAST_ROOT_KEY"
    return "a passphrase" if settings.root_passphrase else "the system's keyring"


@keys_command.command("rotate-root", cls=Command)
@click.option(
    "--new-file", type=new_file_path, help="Write the new key there, and use it from now on."
)
@click.option(
    "--keep-old", is_flag=True, help="Keep the old key file beside the new one, under a date."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_call
def _rotate_root_command(call: Call, new_file: Path | None, keep_old: bool, yes: bool) -> int:
    """Put a new root key in the place of the old one; no content is touched.

    Without --new-file the key file is replaced, after asking: key backups that were made before
    open only with the old root key. --keep-old keeps it as root.key.before-DATE. A process that
    is killed on the way is safe.
    """
    call.check_store_exists()
    settings = call.settings
    in_file = not (settings.root_key or settings.root_passphrase or settings.root_keyring)
    if not in_file and (new_file is None or keep_old):
        what = "--keep-old copies a key file" if keep_old else "name the new one with --new-file"
        raise BadInput("root key", f"it is from {_origin(settings)}, not in a key file: {what}")
    call.output.note(_OLDER_BACKUPS)
    if new_file is None and not (keep_old or yes) and not _confirmed(settings.key_file):
        return Exit.FAILED

    async def work() -> tuple[int, KeyStatus]:
        async with call.opened() as keeper:
            if keep_old:
                kept.append(_keep(settings.key_file))
            count = await keeper.keys.rotate_root(None if new_file is None else _new(new_file))
            return count, await keeper.keys.status()

    kept: list[Path] = []
    count, status = call.run(work)
    place = new_file or settings.key_file
    if call.json:
        call.output.document(
            {
                "vault_keys": count,
                "root_fingerprint": status.root_fingerprint,
                "root_key": str(place),
                "kept": str(kept[0]) if kept else None,
            }
        )
        return Exit.OK
    verb = "is" if count == 1 else "are"
    call.output.line(
        f"{counted(count, 'vault key')} {verb} wrapped by the new root key in {place}."
    )
    if kept:
        call.output.line(f"The old root key is kept in {kept[0]}.")
    call.output.note("Make a new key backup now.")
    if new_file is not None:
        call.output.note(
            f"Set HOLDFAST_ROOT_KEY_FILE={new_file}, or root_key_file in the settings"
            + ("." if in_file else f", and take {_origin(settings)} out of them.")
        )
    return Exit.OK


def _confirmed(file: Path) -> bool:
    if not sys.stdin.isatty():
        raise BadInput("confirmation", "not confirmed: give --yes, or --keep-old")
    return click.confirm(f"Replace {file}?", err=True)


def _keep(file: Path) -> Path:
    """Copy the key file, which only its owner can read, to a dated name beside it."""
    from holdfast.vault.root import read_key_file, write_key_file

    kept = file.with_name(f"{file.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    write_key_file(kept, read_key_file(file))
    return kept


def _new(file: Path) -> KeyFile:
    from holdfast.vault.root import KeyFile

    if file.exists():
        raise BadInput("root key file", f"{file} exists already: name a new file")
    return KeyFile(file)


@keys_command.command("rotate-vault", cls=Command)
@pass_call
def _rotate_vault_command(call: Call) -> None:
    """Seal everything of a user under new keys. May be killed and started again."""

    async def work() -> RotationReport:
        async with call.opened() as keeper:
            user = await call.person(keeper)
            with call.output.progress("sealing anew", unit="steps") as told:
                return await keeper.keys.rotate_vault(user.vault, progress=told)

    report = call.run(work)
    if call.json:
        call.output.document(report)
    else:
        call.output.line(
            f"{counted(report.records, 'record')} of {counted(report.sessions, 'session')} are "
            f"sealed under new keys; old keys destroyed: {len(report.destroyed):,}."
        )
        call.output.note(
            "Make a new backup: older data backups open only with the key backups of their time."
        )
