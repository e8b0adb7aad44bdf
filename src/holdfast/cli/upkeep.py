"""`stats`, `users`, `verify`, `migrate`: what an owner of a store does now and then."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from holdfast.cli.call import Call
from holdfast.cli.failures import Exit
from holdfast.cli.options import Command, Group, pass_call
from holdfast.cli.output import Column, Output
from holdfast.cli.shown import counted, day_time, size
from holdfast.clock import from_ms

if TYPE_CHECKING:
    from datetime import datetime

    from holdfast.index.tiers import TierState
    from holdfast.keeper.keeper import KnownUser
    from holdfast.keeper.verifying import Verified
    from holdfast.storage.protocol import VaultStats

__all__ = [
    "embed_command",
    "migrate_command",
    "show_verified",
    "stats_command",
    "users_command",
    "verify_command",
]


@click.command("stats", cls=Command)
@pass_call
def stats_command(call: Call) -> None:
    """Count what is kept.

    With --json: one document; times in UTC. With an `embedder` other than static also how far it
    has come, see `holdfast embed`."""

    async def work() -> tuple[VaultStats, TierState | None]:
        async with call.opened() as keeper:
            user = await call.person(keeper)
            # Only then: the index is read for it.
            is_tiered = call.settings.embedder != "static"
            tier = await keeper.store.indexes.tier(user.vault) if is_tiered else None
            return await user.stats(), tier

    stats, tier = call.run(work)
    first, last = _time(stats.first_ms), _time(stats.last_ms)
    counts = {
        name: getattr(stats, name)
        for name in ("sessions", "turns", "messages", "memories", "thoughts", "files")
    }
    if call.json:
        call.output.document(
            {
                "user": call.settings.user,
                **counts,
                "sealed_bytes": stats.sealed_bytes,
                "first_at": first,
                "last_at": last,
                "embedding": None if tier is None else asdict(tier),
            }
        )
        return
    rows = [(name, f"{count:,}") for name, count in counts.items()]
    rows.append(("sealed", size(stats.sealed_bytes)))
    if first is not None and last is not None:
        rows += [("first", day_time(first)), ("last", day_time(last))]
    if tier is not None:
        rows.append(("compared by", tier.serving))
        if tier.owed or tier.failing:
            rows.append((f"then by {tier.wanted}", tier.failing or f"{tier.owed:,} to go"))
    call.output.table((Column(call.settings.user), Column("", right=True)), rows)


@click.command("embed", cls=Command)
@pass_call
def embed_command(call: Call) -> int:
    """Compare all by the chosen embedder, and wait for it.

    Until then the bundled one serves, and whatever runs goes on where this was stopped. With
    embedder = endpoint everything that was said is sent there, in clear. With --json: {"serving",
    "wanted", "owed", "entries", "failing"}; exit code 1 when the embedder fails."""

    async def work() -> TierState:
        async with call.opened() as keeper:
            user = await call.person(keeper)
            with call.output.progress("embedding", unit="entries") as told:
                return await keeper.store.indexes.embed_all(
                    user.vault, told=lambda now: told(now.entries - now.owed, now.entries)
                )

    state = call.run(work)
    if call.json:
        call.output.document(asdict(state))
    elif state.failing:
        call.output.line(f"{state.wanted} fails ({state.failing}); {state.serving} serves")
    else:
        call.output.line(f"{state.entries:,} entries are compared by {state.serving}")
    return Exit.FAILED if state.failing else Exit.OK


def _time(ms: int | None) -> datetime | None:
    return None if ms is None else from_ms(ms)


@click.group("users", cls=Group, invoke_without_command=True)
@click.pass_context
def users_command(ctx: click.Context) -> None:
    """List who has a vault here. With --json: {"users": [{"id", "vault_id"}]}."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(_users_list_command)


@users_command.command("list")
@pass_call
def _users_list_command(call: Call) -> None:
    """List who has a vault here, by name."""

    async def work() -> list[KnownUser]:
        async with call.opened() as keeper:
            return await keeper.users()

    users = call.run(work)
    if call.json:
        call.output.document({"users": users})
    elif users:
        columns = (Column("user", flexible=True), Column("vault", from_width=80, style="dim"))
        call.output.table(columns, [(user.id, user.vault_id) for user in users])
    else:
        call.output.note("Nobody yet.")


@click.command("verify", cls=Command)
@pass_call
def verify_command(call: Call) -> int:
    """Open everything and check that nothing is missing.

    Names what does not hold. Checks every vault, or with --user only that one. Exit code 5 when
    something does not hold.

    With --json: one document with counts and "problems".
    """

    async def work() -> Verified:
        async with call.opened() as keeper:
            total = None
            if call.user is not None:
                total = (await (await call.person(keeper)).stats()).messages
            with call.output.progress("checking", unit="messages") as told:
                return await keeper.verify(call.user, progress=lambda done: told(done, total))

    verified = call.run(work)
    if call.json:
        call.output.document({"ok": verified.ok, "verified": verified})
    else:
        show_verified(call.output, verified)
    return Exit.OK if verified.ok else Exit.TAMPERED


def show_verified(out: Output, verified: Verified, *, lacking_keys: bool = False) -> None:
    """What was checked in one line, then each problem in one.

    With `lacking_keys` a vault of which neither its own records nor its sessions open is one line:
    the keys that came with its backup were not given.
    """
    counts = {
        "vault": verified.vaults,
        "session": verified.sessions,
        "message": verified.messages,
        "memory": verified.memories,
        "file": verified.files,
        "audit entry": verified.audit_entries,
    }
    out.line(f"Checked {', '.join(counted(n, noun) for noun, n in counts.items())}.")
    shut = _shut_vaults(verified) if lacking_keys else {}
    for vault_id, count in shut.items():
        out.line(
            f"vault {vault_id}: {counted(count, 'record')} do not open. They are sealed under keys "
            "that are not here, or were altered: give the key backup made with this data (--keys). "
            "--json names each record."
        )
    for problem in verified.problems:
        if problem.vault_id in shut:
            continue
        where = (
            f"session {problem.session_id}" if problem.session_id else f"vault {problem.vault_id}"
        )
        out.line(f"{where if problem.vault_id else 'audit'}: {problem.what} [{problem.code}]")
    if verified.ok:
        out.line("Everything holds.")
    else:
        out.line(f"{counted(len(verified.problems), 'problem')}: restore a backup from before.")


def _shut_vaults(verified: Verified) -> dict[str, int]:
    """Vaults that look as if their keys were others: how many of their records do not open."""
    own: Counter[str] = Counter()
    in_sessions: Counter[str] = Counter()
    for problem in verified.problems:
        if problem.code == "tampered_record":
            (own if problem.session_id is None else in_sessions)[problem.vault_id] += 1
    return {vault: own[vault] + in_sessions[vault] for vault in own if vault in in_sessions}


@click.command("migrate", cls=Command)
@pass_call
def migrate_command(call: Call) -> None:
    """Bring an older database up to date.

    The file as it was is kept beside it. With --json: {"found", "known", "migrated"}, the
    schema's numbers.
    """
    from holdfast.keeper.configured import options_of
    from holdfast.keeper.inspecting import schema_found

    call.check_store_exists()
    options = options_of(call.settings)
    found = call.run(lambda: schema_found(options))

    async def work() -> None:
        async with call.opened(migrate=True):
            return

    if found.found < found.known:
        call.run(work)
    migrated = found.found < found.known
    if call.json:
        call.output.document({"found": found.found, "known": found.known, "migrated": migrated})
    elif migrated:
        call.output.line(f"Migrated from schema {found.found} to {found.known}.")
    else:
        call.output.line(f"The schema is {found.found}, which is up to date.")
