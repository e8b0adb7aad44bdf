"""Conversations that are stored nowhere: they take turns like any other, and can be kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

import holdfast
from holdfast.errors import NotFound
from holdfast.storage.protocol import ByIds

from .conftest import ME, Api, error_of

_CANARY = "temporary quagga"
_HOURS = timedelta(hours=2, minutes=1)


async def _begun(api: Api, **fields: Any) -> dict[str, Any]:
    answer = await api.ask("POST", ME, json={"temporary": True, **fields})
    assert answer.status_code == 201, answer.text
    session: dict[str, Any] = answer.json()["session"]
    return session


async def _say(api: Api, session_id: str, text: str = _CANARY) -> None:
    answer = await api.ask("POST", f"{ME}/{session_id}/turns", json={"text": text})
    assert answer.status_code == 200, answer.text


async def test_it_is_read_and_talked_in_like_any_other(own: Api) -> None:
    """Turns as JSON and as a stream, outline, words, window, title; it is in no list."""
    session = await _begun(own, assistant="helper", title="for now")
    path = f"{ME}/{session['id']}"
    await _say(own, session["id"])
    streamed = await own.ask(
        "POST", f"{path}/turns", json={"text": "again"}, headers={"Accept": "text/event-stream"}
    )
    whole = (await own.json(path))["session"]
    outline = await own.json(f"{path}/outline")
    renamed = await own.ask("PATCH", path, json={"title": "renamed"})

    assert (session["temporary"], session["title"]) == (True, "for now")
    assert streamed.text.rstrip().endswith("[DONE]")
    assert [turn["status"] for turn in whole["turns"]] == ["complete", "complete"]
    assert (len(outline["ids"]), whole["temporary"]) == (4, True)
    assert (await own.json(f"{path}/find", q="QUAGGA"))["count"] >= 1
    assert (await own.ask("POST", f"{path}/cancel")).json() == {"cancelled": 0}
    assert renamed.json()["session"]["title"] == "renamed"
    assert (await own.json(ME))["sessions"] == []


async def test_promise_06_sealed_nothing_of_it_reaches_the_disk(own: Api) -> None:
    """The store is the same to the last revision, and no file holds a word of it."""
    await own.begin(title="another")
    before = await own.ask("GET", ME)
    session = await _begun(own, title=_CANARY, tags=[_CANARY])
    await _say(own, session["id"])
    again = await own.ask("GET", ME, headers={"If-None-Match": before.headers["etag"]})
    own.served.kill()

    assert again.status_code == 304
    files = [path for path in own.served.folder.rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if _CANARY.encode() in path.read_bytes()] == []
    own.served.start()
    assert error_of(await own.ask("GET", f"{ME}/{session['id']}")) == (404, "not_found")


async def test_a_client_that_polls_hears_of_what_was_said(own: Api) -> None:
    """Its tag stands for the conversation itself, not for what the user has stored."""
    path = f"{ME}/{(await _begun(own))['id']}"
    first = await own.ask("GET", path)
    tag = {"If-None-Match": first.headers["etag"]}
    unchanged = await own.ask("GET", path, headers=tag)
    await _say(own, path.rpartition("/")[2])

    assert unchanged.status_code == 304
    assert (await own.ask("GET", path, headers=tag)).status_code == 200


async def test_it_is_kept_whole_once(own: Api) -> None:
    """Under its own id, with every message; doing it again changes nothing."""
    session = await _begun(own, assistant="helper", project="trip", tags=["x"])
    path = f"{ME}/{session['id']}"
    await _say(own, session["id"])
    held = (await own.json(path))["session"]
    first = await own.ask("POST", f"{path}/keep")
    again = await own.ask("POST", f"{path}/keep")
    own.served.kill()
    own.served.start()
    kept = (await own.json(path))["session"]
    await _say(own, session["id"], "and on")

    assert (first.status_code, again.json()) == (200, first.json())
    assert (held.pop("temporary"), kept.pop("temporary")) == (True, False)
    assert kept == held
    assert [s["id"] for s in (await own.json(ME))["sessions"]] == [session["id"]]
    assert (await own.json(f"{path}/outline"))["turns"] == [0, 0, 1, 1]
    assert _CANARY in str(await own.json("/api/search", q="quagga"))


async def test_it_is_gone_when_it_is_deleted(own: Api) -> None:
    """With a receipt like any other."""
    session = await _begun(own)
    await _say(own, session["id"])
    receipt = await own.ask("DELETE", f"{ME}/{session['id']}")

    assert (receipt.status_code, receipt.json()["messages"]) == (200, 2)
    assert error_of(await own.ask("GET", f"{ME}/{session['id']}")) == (404, "not_found")


async def test_a_user_has_at_most_twenty(own: Api) -> None:
    """One more is refused until one is ended."""
    ids = [(await _begun(own))["id"] for _ in range(20)]
    refused = await own.ask("POST", ME, json={"temporary": True})
    await own.ask("DELETE", f"{ME}/{ids[0]}")

    assert error_of(refused) == (409, "conflict")
    await _begun(own)


async def test_it_is_let_go_of_when_nobody_used_it() -> None:
    """Two hours after it was last asked for, and it is its owner's alone."""
    async with holdfast.open("memory:") as keeper:
        ada, ben = await keeper.user("ada"), await keeper.user("ben")
        session = await ada.sessions.start(ephemeral=True)
        ada.sessions.hold(session)
        assert (await ada.sessions.open(session.id)).id == session.id
        with pytest.raises(NotFound):
            await ben.sessions.open(session.id)
        held = keeper.store.temporaries
        later = keeper.store.clock() + _HOURS
        assert held.let_go(later) == 1
        with pytest.raises(NotFound):
            await ada.sessions.open(session.id)
        ask = ByIds(vault_id=ada.vault.raw, ids=(bytes.fromhex(session.id.replace("-", "")),))
        assert await keeper.store.storage.rows_by_id(ask) == []


async def test_promise_11_gone_it_goes_with_all_of_its_owner() -> None:
    """At once, and not when it was idle for long; a new key for the vault leaves it where it is."""
    async with holdfast.open("memory:") as keeper:
        ada, ben = await keeper.user("ada"), await keeper.user("ben")
        hers = await ada.sessions.start(ephemeral=True)
        his = await ben.sessions.start(ephemeral=True)
        ada.sessions.hold(hers)
        ben.sessions.hold(his)
        await keeper.keys.rotate_vault(ada.vault)
        kept = ada.sessions.temporary(hers.id)

        await ada.erase()

        assert kept is not None
        assert ada.sessions.temporary(hers.id) is None
        assert ben.sessions.temporary(his.id) is not None


async def test_in_a_batch_it_is_in_no_trash_and_the_others_are(own: Api) -> None:
    """What cannot be done with one is told of that one."""
    held, stored = (await _begun(own))["id"], await own.begin()

    answer = await own.ask(
        "POST", f"{ME}/batch", json={"session_ids": [held, stored], "do": "trash"}
    )

    assert answer.status_code == 200, answer.text
    assert answer.json()["done"] == [stored]
    assert [(one["session_id"], one["code"]) for one in answer.json()["failed"]] == [
        (held, "not_found")
    ]
