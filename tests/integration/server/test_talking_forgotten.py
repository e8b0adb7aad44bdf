"""What a talk keeps for whoever comes back, when it is removed by another process meanwhile."""

from __future__ import annotations

import asyncio

from .conftest import Served

SECRET = "Remember, my word is swordfish"
PAGE = "/api/conversations/current_user"


async def forget(served: Served, message_id: str) -> None:
    """Remove a message in another process."""
    await asyncio.to_thread(served.command, "forget", message_id, "--yes")


async def test_promise_11_gone_a_resumed_socket_does_not_tell_what_another_process_forgot(
    served: Served,
) -> None:
    """Said, left, forgotten by the command line: the place is not taken up, and the history that
    comes in its stead does not have it. Where nothing was removed it is taken up."""
    async with served.talk() as ada:
        before = ada.seq
        await ada.send(type="message", text=SECRET)
        [started, *_] = await ada.until("finished")
        await ada.send(type="message", text="every day swordfish")
        served.release.touch()
        await ada.until("finished")
        named = ada.session_id
    async with served.talk(named, after_seq=before) as ada:
        again = await ada.until("finished")
        kept = (ada.resumed, again[0]["message"]["text"])

    await forget(served, started["message"]["id"])
    async with served.talk(named, after_seq=before) as ada:
        resumed, history = ada.resumed, ada.history
        await ada.send(type="ping")
        [told] = await ada.until("pong")

    assert kept == (True, SECRET)
    assert resumed is False
    assert SECRET not in [message["text"] for message in history]
    assert told["type"] == "pong"


async def test_promise_11_gone_what_recall_showed_of_a_forgotten_message_is_not_told_again(
    served: Served,
) -> None:
    """The events of another session quoted it: they are gone with it, over the socket and over the
    stream."""
    async with served.client() as client:
        first = (await client.post(f"{PAGE}/new/turns", json={"text": SECRET})).json()
        message_id = first["turn"]["messages"][0]["id"]
        answer = await client.post(f"{PAGE}/new/turns", json={"text": "What is my word?"})
        other = answer.json()["session_id"]
        async with served.talk(other) as ada:
            before = ada.seq
            await ada.send(type="message", text="What was my word again?")
            await ada.until("finished")
        resumes = {"Last-Event-ID": str(before + 1)}
        kept = await client.get(f"{PAGE}/{other}/stream", headers=resumes)

        await forget(served, message_id)
        gone = await client.get(f"{PAGE}/{other}/stream", headers=resumes)
        async with served.talk(other, after_seq=before) as ada:
            resumed = ada.resumed

    assert (kept.status_code, "swordfish" in kept.text) == (200, True)
    assert (gone.status_code, resumed) == (204, False)
