"""What the page asks for first, and what a person chooses."""

from __future__ import annotations

import base64

import pytest

import holdfast
from holdfast.assistant.quoting import QuotingAnswerer
from holdfast.errors import StorageFull, VaultErased
from holdfast.server.facts import facts_of
from holdfast.server.removals import rev_of
from holdfast.server.talking.answers import Answers
from holdfast.settings import Secret, Settings
from holdfast.storage.protocol import Write, Written

from .conftest import ME, Api, error_of


async def test_the_page_learns_who_is_there_and_what_the_server_is(own: Api) -> None:
    """In one answer, which no cache keeps: it holds the key of unsent words."""
    answer = await own.ask("GET", "/api/me")
    me = answer.json()

    assert answer.headers["cache-control"] == "no-store"
    key = me.pop("draft_key")
    assert len(base64.urlsafe_b64decode(key + "=")) == 32
    assert me.pop("draft_keys_before") == []
    assert me == {
        "user": "ada",
        "auth": "local",
        "scopes": ["memory:delete", "memory:read", "memory:write"],
        "first_run": True,
        "assistant": "helper",
        "model": {"name": None, "local": True, "sends_to": None},
        "speech": {"transcribes": False, "engine": None},
        "sealing": {
            "cipher": "AES-256-GCM",
            "where": "this machine",
            "keys": "file",
            "database": "sqlite",
        },
        "limits": {"file_mb": 64, "import_mb": 1024, "message_chars": 4194304},
        "trash_days": 30,
        "version": holdfast.__version__,
        "preferences": {
            "language": "auto",
            "theme": "auto",
            "answers": "model",
            "learning": True,
        },
    }
    await own.begin()
    assert not (await own.json("/api/me"))["first_run"]


async def test_what_was_chosen_holds_on_every_device_and_after_a_restart(own: Api) -> None:
    """What is left out stays as it was."""
    await own.ask("PUT", "/api/preferences", json={"language": "de"})
    answer = await own.ask("PUT", "/api/preferences", json={"theme": "dark", "learning": False})
    own.served.kill()
    own.served.start()

    chosen = {"language": "de", "theme": "dark", "answers": "model", "learning": False}
    assert answer.json() == chosen
    assert (await own.json("/api/me"))["preferences"] == chosen
    assert (await own.json("/api/learning"))["learning"] is False


@pytest.mark.parametrize(
    "asked", [{"theme": "pink"}, {"language": ""}, {"learning": "yes"}, {"colour": "blue"}]
)
async def test_what_cannot_be_chosen_is_bad_input(own: Api, asked: dict[str, object]) -> None:
    """Unknown words and names change nothing."""
    answer = await own.ask("PUT", "/api/preferences", json=asked)

    assert error_of(answer) == (400, "invalid_input")


async def test_who_prefers_quotes_is_quoted_although_there_is_a_model(own: Api) -> None:
    """The answerer of this server would wait; the other one answers by itself. And back again."""
    session = await own.begin()
    await own.ask("PUT", "/api/preferences", json={"answers": "quotes"})
    quoted = await own.ask("POST", f"{ME}/{session}/turns", json={"text": "slow is the sea"})
    await own.ask("PUT", "/api/preferences", json={"answers": "model"})
    own.served.let_go()
    worded = await own.ask("POST", f"{ME}/{session}/turns", json={"text": "slow is the sea"})

    assert quoted.json()["turn"]["model"] == "quoting"
    assert worded.json()["turn"]["messages"][-1]["text"] == "one two"


async def test_who_only_looks_is_not_turned_away_by_a_full_disk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The page opens on this; its key is written when there is room again, and stays the same."""

    async def full(write: Write) -> Written:
        raise StorageFull

    async with holdfast.open("memory:") as keeper:
        ada = await keeper.user("ada")
        with monkeypatch.context() as patched:
            patched.setattr(keeper.store.storage, "commit", full)
            at_first = await ada.draft_keys()
        before = await rev_of(ada.vault)
        later = await ada.draft_keys()
        after = await rev_of(ada.vault)

    assert at_first == later
    assert after > before


async def test_promise_11_gone_the_key_of_unsent_words_ends_with_the_vault() -> None:
    """Another vault has another one, a new vault of the same person too."""
    async with holdfast.open("memory:") as keeper:
        ada, ben = await keeper.user("ada"), await keeper.user("ben")
        keys = [await ada.draft_keys(), await ben.draft_keys(), await ada.draft_keys()]
        await ada.erase()
        with pytest.raises(VaultErased):
            await ada.draft_keys()
        again = await (await keeper.user("ada")).draft_keys()

    assert keys[0] == keys[2]
    assert len({*keys, again}) == 3


@pytest.mark.parametrize(
    ("settings", "sends_to"),
    [
        (Settings(model="openai:small", model_api_key=Secret("k")), "api.openai.com"),
        (Settings(model="anthropic:x", model_api_key=Secret("k")), "api.anthropic.com"),
        (Settings(model="ollama:x"), None),
        (Settings(model="ollama:x", model_base_url="http://gpu.example:1/v1"), "gpu.example"),
        (Settings(model="local", fallback_model="openai:x"), "api.openai.com"),
        (Settings(model="openai:x", model_base_url="http://[::1]:1/v1"), None),
        (
            Settings(
                model="openai:x", model_base_url="http://localhost:1/v1", fallback_model="openai:y"
            ),
            None,
        ),
        (
            Settings(
                model="ollama:x",
                model_base_url="http://localhost:1/v1",
                fallback_model="anthropic:y",
            ),
            "api.anthropic.com",
        ),
        (Settings(model="local"), None),
        (Settings(), None),
    ],
)
def test_it_is_said_where_words_are_sent(settings: Settings, sends_to: str | None) -> None:
    """The fallback counts: what may leave, leaves. This machine is nobody else's."""
    model = facts_of(settings, Answers(QuotingAnswerer())).model

    assert (model.sends_to, model.local) == (sends_to, sends_to is None)


@pytest.mark.parametrize(
    ("settings", "keys"),
    [
        (Settings(), "file"),
        (Settings(root_key=Secret("k")), "environment"),
        (Settings(root_passphrase=Secret("k")), "passphrase"),
        (Settings(root_keyring=True), "keyring"),
    ],
)
def test_it_is_said_where_the_root_key_is(settings: Settings, keys: str) -> None:
    """The kind of place, and not the place."""
    assert facts_of(settings, Answers(QuotingAnswerer())).sealing.keys == keys


async def test_activity_and_counts_are_there_for_the_charts(own: Api) -> None:
    """By day of the zone that is asked for; assistants and projects with what there is of them."""
    session = await own.begin(assistant="helper", project="trip")
    await own.ask("POST", f"{ME}/{session}/turns", json={"text": "hello"})

    days = (await own.json("/api/profile/activity", zone="Europe/Oslo", days=7))["days"]
    helper = (await own.json("/api/assistants"))["assistants"][0]
    trip = (await own.json("/api/projects"))["projects"][0]
    refused = await own.ask("GET", "/api/profile/activity", params={"zone": "Oslo"})

    assert [day["messages"] for day in days] == [2]
    assert (helper["sessions"], helper["messages"], helper["memories"]) == (1, 2, 0)
    assert helper["last_message_at"] == trip["last_message_at"] is not None
    assert error_of(refused) == (400, "invalid_input")
