"""API keys: what is kept of them, who finds them, and how they end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from fix_keeper import START, HandClock, World
from holdfast.errors import BadInput, NotFound
from holdfast.keeper.credentials import Credentials
from holdfast.keeper.keeper import Keeper
from holdfast.keeper.tokens import Tokens

UNKNOWN = "01a1f7ac-0000-7000-8000-000000000000"


async def test_a_key_is_found_by_its_secret_alone(keeper: Keeper) -> None:
    """The secret leads to whose it is and what it may do; a letter changed leads nowhere."""
    await keeper.tokens.create("ben")
    token, secret = await keeper.tokens.create(
        "ada", name="laptop", scopes=["memory:read"], acts_for_users=True, injects_context=True
    )

    assert await keeper.tokens.find(secret) == token
    assert (token.user_id, token.account, token.name) == ("ada", "local", "laptop")
    assert (token.scopes, token.acts_for_users) == (frozenset({"memory:read"}), True)
    assert secret.startswith(f"{token.prefix}_")
    others = (secret[:-1], secret + "x", secret.swapcase(), token.prefix, "", "hf_" + "x" * 999)
    assert [await keeper.tokens.find(other) for other in others] == [None] * len(others)


async def test_before_the_first_key_there_is_nothing_to_find(keeper: Keeper) -> None:
    """Asking makes nothing, not even a vault."""
    assert await keeper.tokens.find("hf_0123456789_x") is None
    assert await keeper.tokens.list() == []
    assert (await keeper.tokens.changes(0)).ids == frozenset()
    with pytest.raises(NotFound):
        await keeper.tokens.revoke(UNKNOWN)
    assert await keeper.store.all_vaults() == []


async def test_what_is_kept_of_a_key_is_not_the_key(world: World) -> None:
    """Neither secret, name nor user stands in the database, the wrapped keys or the audit chain."""
    keeper = await world.open("bare")
    token, secret = await keeper.tokens.create("ada@example.org", name="laptop at home")
    await keeper.tokens.used(token.id, START)
    await keeper.close()

    lying = b"".join(p.read_bytes() for p in world.data_dir.rglob("*") if p.is_file())
    for told in (
        secret,
        secret.rpartition("_")[2],
        token.prefix,
        "laptop",
        "ada@example",
        "memory:",
    ):
        assert told.encode() not in lying


async def test_a_revoked_key_is_unknown_from_then_on(keeper: Keeper) -> None:
    """To those who look it up, to the list, and to a second revocation."""
    kept, secret_kept = await keeper.tokens.create("ada")
    token, secret = await keeper.tokens.create("ada")

    assert await keeper.tokens.revoke(token.id) == token

    assert await keeper.tokens.find(secret) is None
    assert await keeper.tokens.list() == [kept]
    assert await keeper.tokens.find(secret_kept) == kept
    for gone in (token.id, UNKNOWN, "not-an-id"):
        with pytest.raises(NotFound, match="no such token"):
            await keeper.tokens.revoke(gone)


async def test_a_last_use_that_is_noted_late_does_not_bring_a_key_back(keeper: Keeper) -> None:
    """Noting runs in the background and may come after the revocation."""
    token, secret = await keeper.tokens.create("ada")
    await keeper.tokens.revoke(token.id)

    await keeper.tokens.used(token.id, START)

    assert await keeper.tokens.find(secret) is None
    assert await keeper.tokens.list() == []


async def test_a_key_ends_at_its_time(keeper: Keeper, clock: HandClock) -> None:
    """Until then it is found; it stays in the list, where its owner sees why."""
    token, secret = await keeper.tokens.create("ada", expires_at=START + timedelta(days=1))
    assert await keeper.tokens.find(secret) == token

    clock.pass_by(days=1)

    assert await keeper.tokens.find(secret) is None
    assert await keeper.tokens.list() == [token]


@pytest.mark.parametrize(
    "wrong",
    [
        {"scopes": []},
        {"scopes": ["memory:all"]},
        {"expires_at": START - timedelta(seconds=1)},
        {"expires_at": datetime(2030, 1, 1)},  # no zone is what is wrong
        {"name": "\ud800"},
    ],
)
async def test_a_key_that_could_not_be_used_is_not_made(keeper: Keeper, wrong: Any) -> None:
    """Each mistake is told, and nothing is kept."""
    with pytest.raises(BadInput):
        await keeper.tokens.create("ada", **wrong)

    assert await keeper.tokens.list() == []


async def test_the_last_use_is_shown(keeper: Keeper) -> None:
    """And changes nothing else of the key."""
    token, secret = await keeper.tokens.create("ada", name="laptop")

    await keeper.tokens.used(token.id, START)

    found = await keeper.tokens.find(secret)
    assert found is not None
    assert (found.last_used_at, found.name, found.id) == (START, "laptop", token.id)


async def test_another_process_hears_of_changes(world: World) -> None:
    """What one creates, uses and revokes, the other is told once, with what is gone."""
    one, other = await world.open(), await world.open()
    token, _ = await one.tokens.create("ada")
    seen = await other.tokens.changes(0)
    assert seen.ids == {token.id}
    assert (await other.tokens.changes(seen.rev)).ids == frozenset()

    await one.tokens.revoke(token.id)

    after = await other.tokens.changes(seen.rev)
    assert (after.ids, after.gone) == ({token.id}, {token.id})


async def test_accounts_do_not_see_each_others_keys(keeper: Keeper) -> None:
    """A list holds one account's; another's cannot be revoked; a secret says which it is of."""
    mine, _ = await keeper.tokens.create("ada")
    acme = keeper.account("acme").tokens
    theirs, secret = await acme.create("ada")

    assert (await keeper.tokens.list(), await acme.list()) == ([mine], [theirs])
    with pytest.raises(NotFound):
        await keeper.tokens.revoke(theirs.id)
    assert await acme.find(secret) == await keeper.tokens.find(secret) == theirs
    assert theirs.account == "acme"


async def test_one_name_in_two_accounts_is_two_people(keeper: Keeper) -> None:
    """Neither sees the other's sessions, rooms or name; the view shares what is open."""
    acme = keeper.account("acme")
    here, there = await keeper.user("ada"), await acme.user("ada")
    await acme.user("ben")
    session = await here.sessions.start(title="mine")
    room = await there.rooms.create("theirs")

    assert here.vault.id != there.vault.id
    assert [user.id for user in await keeper.users()] == ["ada"]
    assert [user.id for user in await acme.users()] == ["ada", "ben"]
    assert await here.rooms.list() == []
    for attempt in (here.rooms.open(room.id), there.sessions.open(session.id)):
        with pytest.raises(NotFound):
            await attempt
    assert (await keeper.account("acme").user("ada")).vault is there.vault
    assert keeper.account("local") is keeper


async def test_closing_a_view_of_an_account_closes_nothing(keeper: Keeper) -> None:
    """It ends with the keeper it is made from."""
    async with keeper.account("acme") as acme:
        await acme.user("ada")

    assert [user.id for user in await keeper.account("acme").users()] == ["ada"]


async def test_erasing_a_user_ends_their_keys(keeper: Keeper) -> None:
    """And nobody else's; one of the same name in another account keeps theirs."""
    await keeper.user("ada")
    _, secret = await keeper.tokens.create("ada")
    bens, bens_secret = await keeper.tokens.create("ben")
    namesake, her_secret = await keeper.account("acme").tokens.create("ada")

    await keeper.erase("ada")

    assert await keeper.tokens.find(secret) is None
    assert await keeper.tokens.find(bens_secret) == bens
    assert await keeper.tokens.find(her_secret) == namesake


async def test_who_looks_for_their_own_reads_nobody_elses(world: World) -> None:
    """Keys and logins of others cost nothing, however many there are."""
    keeper = await world.open("tapped")
    for number in range(20):
        token, _ = await keeper.tokens.create(f"user {number}")
        await keeper.logins.create(user_id=f"user {number}", key_id=token.id)
    mine, _ = await keeper.tokens.create("ada", name="mine")
    login, _ = await keeper.logins.create(user_id="ada", key_id=mine.id)
    local, _ = await keeper.logins.create()
    read: list[int] = []

    def counted(rows: list[Any]) -> list[Any]:
        read.append(len(rows))
        return rows

    world.tap.rows = counted

    assert await keeper.tokens.list("ada") == [mine]
    assert await keeper.logins.list("ada") == [login]
    assert await keeper.logins.list(None) == [local]
    assert sum(read) == 3
    assert len(await keeper.tokens.list()) == 21


async def test_keys_and_logins_of_earlier_releases_are_listed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their records do not tell by their place whose they are; they end like the others."""
    monkeypatch.setattr(Credentials, "_place", lambda *_: 0)
    keeper = await world.open()
    old, _ = await keeper.tokens.create("ada")
    await keeper.tokens.create("ben")
    login, cookie = await keeper.logins.create(user_id="ada", key_id=old.id)
    monkeypatch.undo()
    new, _ = await keeper.tokens.create("ada", made_with=old.id)
    await keeper.tokens.used(old.id, START)

    assert [token.id for token in await keeper.tokens.list("ada")] == [old.id, new.id]
    assert await keeper.logins.list("ada") == [login]
    await keeper.tokens.revoke(old.id)
    assert await keeper.tokens.list("ada") == []
    assert await keeper.logins.find(cookie) is None


async def test_no_key_is_made_with_somebody_elses(keeper: Keeper) -> None:
    """It would outlive it: what was made with a key is looked for among those of its user."""
    token, _ = await keeper.tokens.create("ben")

    with pytest.raises(NotFound):
        await keeper.tokens.create("ada", made_with=token.id)


async def test_a_record_that_leads_elsewhere_is_no_key(world: World) -> None:
    """What the lookup finds is compared: whoever can write to the database cannot lend a key."""
    keeper = await world.open("tapped")
    strong, _ = await keeper.tokens.create("ada")
    _, weak = await keeper.tokens.create("ben", scopes=["memory:read"])
    vault = await keeper.store.find_tokens_vault()
    assert vault is not None
    rows = await vault.storage.rows_by_id(_ids(vault.raw, strong.id))

    world.tap.rows = lambda _: rows

    assert await Tokens(keeper.store).find(weak) is None


def _ids(vault: bytes, token_id: str) -> Any:
    from holdfast.clock import id_bytes
    from holdfast.storage.protocol import ByIds

    return ByIds(vault_id=vault, ids=(id_bytes(token_id),))
