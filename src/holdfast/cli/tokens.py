"""`tokens`: API keys for programs; made here, shown once, revoked here."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import click

from holdfast.cli.call import Call
from holdfast.cli.options import Command, Group, pass_call
from holdfast.cli.output import Column
from holdfast.errors import BadInput, NotFound

if TYPE_CHECKING:
    from holdfast.keeper.access import Scope
    from holdfast.keeper.keeper import Keeper
    from holdfast.keeper.tokens import Token

__all__ = ["tokens_command"]

_SCOPES = ("memory:read", "memory:write", "memory:delete")
_SPAN = re.compile(r"([1-9][0-9]{0,5})(h|d|w)")
_SHORTEST = 6
_HOURS = {"h": 1, "d": 24, "w": 168}


@click.group("tokens", cls=Group)
def tokens_command() -> None:
    """Make, list and revoke API keys.

    They work at once, also with a server that runs on the same data.
    """


@tokens_command.command("create", cls=Command)
@click.option("--name", default="", metavar="TEXT", help="What it is for, to know it again.")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(_SCOPES),
    multiple=True,
    help="What it is good for; may be given several times. All of it when left out.",
)
@click.option(
    "--act-for-users", is_flag=True, help="It may act for every user of the account, by name."
)
@click.option(
    "--inject-context",
    is_flag=True,
    help="The proxy adds what is remembered to what is sent with it.",
)
@click.option(
    "--expires", metavar="WHEN", help="When it ends: 90d, 12h, 2w, or a date such as 2027-01-31."
)
@click.option("--quiet", "-q", is_flag=True, help="Print the key alone, for $(...).")
@pass_call
def _create_command(
    call: Call,
    name: str,
    scopes: tuple[str, ...],
    act_for_users: bool,
    inject_context: bool,
    expires: str | None,
    quiet: bool,
) -> None:
    """Make a key for a user (--user) and print it, once: nobody can show it again.

    The key goes to stdout, everything else to stderr. It need not be a user that is known yet.
    """
    ends = None if expires is None else _time_of(expires)

    async def work() -> tuple[Token, str]:
        async with call.opened(create=True) as keeper:
            return await keeper.tokens.create(
                call.settings.user,
                name=name,
                scopes=cast("tuple[Scope, ...]", scopes or _SCOPES),  # click allows no others
                acts_for_users=act_for_users,
                injects_context=inject_context,
                expires_at=ends,
            )

    token, secret = call.run(work)
    if call.json:
        call.output.document({"token": token, "secret": secret})
        return
    if not quiet:
        call.output.note(f"A key for {token.user_id}, shown this once (revoke: {token.id[-12:]}):")
    click.echo(secret)


@tokens_command.command("list", cls=Command)
@pass_call
def _list_command(call: Call) -> None:
    """List the keys that were not revoked; of one user with --user."""

    async def work() -> list[Token]:
        async with call.opened() as keeper:
            return await keeper.tokens.list()

    found = call.run(work)
    if call.user is not None:
        found = [token for token in found if token.user_id == call.user]
    if call.json:
        call.output.document(found)
        return
    call.output.table(
        (
            Column("id"),
            Column("user", flexible=True),
            Column("begins with"),
            Column("name", from_width=60, flexible=True),
            Column("may", from_width=70, flexible=True),
            Column("last used", from_width=80),
            Column("ends", from_width=90),
        ),
        [_row(token) for token in found],
    )


def _row(token: Token) -> tuple[str, ...]:
    may = [scope.removeprefix("memory:") for scope in _SCOPES if scope in token.scopes]
    may += ["act for users"] * token.acts_for_users + ["inject context"] * token.injects_context
    used, ends = token.last_used_at, token.expires_at
    return (
        token.id[-12:],
        token.user_id,
        token.prefix,
        token.name,
        ", ".join(may),
        "never" if used is None else _day(used),
        "" if ends is None else ("ended" if token.expired(datetime.now(UTC)) else _day(ends)),
    )


def _day(at: datetime) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M")


@tokens_command.command("revoke", cls=Command)
@click.argument("token_id", metavar="ID")
@pass_call
def _revoke_command(call: Call, token_id: str) -> None:
    """End a key for good: by its id, the end of its id, or how it begins (hf_...).

    A server that runs on the same data refuses it within seconds, and closes what it had opened.
    """

    async def work() -> Token:
        async with call.opened() as keeper:
            return await keeper.tokens.revoke(await _named(keeper, token_id.strip()))

    token = call.run(work)
    if call.json:
        call.output.document(token)
    else:
        call.output.line(f"The key {token.prefix} of {token.user_id} is revoked.")


async def _named(keeper: Keeper, given: str) -> str:
    """The id of the key that was meant.

    Raises:
        NotFound: there is none.
        BadInput: it is too short, or there are several.
    """
    if len(given) < _SHORTEST:
        raise BadInput("id", f"give at least {_SHORTEST} characters of it")
    found = [token.id for token in await keeper.tokens.list() if _is_meant(token, given)]
    if not found:
        raise NotFound("token")
    if len(found) > 1:
        raise BadInput("id", f"{len(found)} keys end so: give more of it")
    return found[0]


def _is_meant(token: Token, given: str) -> bool:
    # The whole key is taken, too: whoever has to revoke a lost one may have nothing else.
    begins = given == token.prefix or given.startswith(f"{token.prefix}_")
    return begins or token.id.endswith(given.lower())


def _time_of(text: str) -> datetime:
    """When something ends that was given as a span from now or as a date.

    Raises:
        BadInput: it is neither.
    """
    span = _SPAN.fullmatch(text.strip())
    now = datetime.now().astimezone()
    try:
        if span is not None:
            return now + timedelta(hours=int(span[1]) * _HOURS[span[2]])
        at = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        raise BadInput("expires", "it is 90d, 12h or 2w from now, or a date: 2027-01-31") from None
    return at if at.tzinfo is not None else at.replace(tzinfo=now.tzinfo)
