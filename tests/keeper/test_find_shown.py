"""What is shown of a tool's call or result that was found: words, not JSON."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fix_keeper import HandClock
from holdfast.keeper.find_shown import shown_text
from holdfast.keeper.keeper import Keeper
from holdfast.model import Json, Message, MessageId, SessionId, ToolPart, TurnId


def _result(value: Json, text: str = "") -> Message:
    return Message(
        id=MessageId("m"),
        session_id=SessionId("s"),
        turn_id=TurnId("t"),
        seq=2,
        role="tool",
        kind="tool_result",
        text=text,
        at=datetime(2026, 5, 1, tzinfo=UTC),
        tool=ToolPart(name="forecast", call_id="c", result=value),
    )


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (
            {
                "city": "Oslo",
                "wind": {"speed_ms": 3.5, "from": "west"},
                "session_id": "0a1b",
                "x": 0,
            },
            "city: Oslo · speed ms: 3.5 · from: west · x: 0",
        ),
        ({"days": [{"rain": True}, {"rain": False}], "note": ""}, "rain: true · rain: false"),
        ({"tags": ["dry", "mild"], "error": None}, "tags: dry · tags: mild"),
        ('{"city": "Oslo"}', "city: Oslo"),
        ("{no json", "{no json"),
        ("Dry until\n the evening", "Dry until the evening"),
        ({}, "forecast"),
        (None, "forecast"),
    ],
)
def test_values_are_shown_by_their_names_without_ids_and_what_is_empty(
    value: Json, words: str
) -> None:
    """A tool that gave nothing is shown by its name."""
    assert shown_text(_result(value)) == words


def test_values_without_end_or_bottom_are_shown_as_far_as_they_are_looked_at() -> None:
    """Neither depth nor length makes finding slow or fail."""
    deep: Json = "sand"
    for _ in range(2000):
        deep = [deep]

    assert len(shown_text(_result(["x" * 100] * 100_000))) < 60_000
    assert shown_text(_result(deep)) == "…"
    assert shown_text(_result("[" * 100_000)) == "[" * 50_000


async def test_a_found_result_of_a_tool_shows_readable_values_with_its_words_marked(
    keeper: Keeper, clock: HandClock
) -> None:
    """In a search of everything and in recall alike."""
    ada = await keeper.user("ada")
    session = await ada.sessions.start(title="Weather")
    async with session.turn("And tomorrow?") as turn:
        async with turn.tool("forecast", {"city": "Oslo"}) as call:
            call.result({"summary": "fog banks over Nesodden", "wind_ms": 4})
        await turn.reply("Quiet.")

    found = (await ada.find("Nesodden")).groups[0].hits[0]
    (hit, *_) = await ada.recall("Nesodden", include="messages")

    assert found.snippet.text == "summary: fog banks over Nesodden · wind ms: 4"
    assert [found.snippet.text[a:b] for a, b in found.snippet.marks] == ["Nesodden"]
    assert hit.snippet == found.snippet
