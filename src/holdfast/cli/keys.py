"""`keys`: which are in force, and new ones for old."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from holdfast.cli.call import Call
from holdfast.cli.options import Command, Group, new_file_path, pass_call
from holdfast.cli.output import Column

if TYPE_CHECKING:
    from holdfast.keeper.keys import KeyStatus
    from holdfast.vault.root import KeyFile
    from holdfast.vault.rotation import RotationReport

__all__ = ["keys_command"]


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
    if call.json:
        call.output.document({"root_key_at": place, "status": status})
        return
    rows = [
        ("root key", status.root_fingerprint),
        ("from", place),
        ("vault keys", f"{status.vault_keys:,}"),
        ("erasures", f"{status.erasures:,}"),
        ("audit entries", f"{status.audit_entries:,}"),
    ]
    call.output.table((Column("keys"), Column("", flexible=True)), rows)


@keys_command.command("rotate-root", cls=Command)
@click.option(
    "--new-file", type=new_file_path, help="Write the new key there, and use it from now on."
)
@pass_call
def _rotate_root_command(call: Call, new_file: Path | None) -> None:
    """Put a new root key in the place of the old one; no content is touched.

    Without --new-file the key file is replaced. A process that is killed on the way is safe.
    """

    async def work() -> tuple[int, KeyStatus]:
        async with call.opened() as keeper:
            count = await keeper.keys.rotate_root(None if new_file is None else _new(new_file))
            return count, await keeper.keys.status()

    count, status = call.run(work)
    place = new_file or call.settings.key_file
    if call.json:
        call.output.document(
            {
                "vault_keys": count,
                "root_fingerprint": status.root_fingerprint,
                "root_key": str(place),
            }
        )
        return
    call.output.line(f"{count:,} vault keys are wrapped by the new root key in {place}.")
    call.output.note("Make a new key backup: the older ones need the old root key.")
    if new_file is not None:
        call.output.note(
            f"Set HOLDFAST_ROOT_KEY_FILE={new_file}, or root_key_file in the settings."
        )


def _new(file: Path) -> KeyFile:
    from holdfast.errors import BadInput
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
            f"{report.records:,} records of {report.sessions:,} sessions are sealed under new "
            f"keys; {len(report.destroyed):,} old keys were destroyed."
        )
