"""The latest messages that fit a budget."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from holdfast.keeper.contexts import estimated_tokens, fitting
from holdfast.model import Message, ToolPart

from .conftest import message

_TEXTS = st.text(max_size=2_000) | st.integers(1, 20_000).map(lambda size: "é" * size)
_TOOLS = st.builds(
    ToolPart,
    name=st.text(min_size=1, max_size=20),
    call_id=st.just("c"),
    arguments=st.none() | st.dictionaries(st.text(max_size=5), _TEXTS, max_size=3),
    result=st.none() | _TEXTS | st.lists(_TEXTS, max_size=3),
)
_MESSAGES = st.lists(
    st.builds(lambda text, tool: message(text, tool=tool), _TEXTS, st.none() | _TOOLS), max_size=12
)


def _size(shown: Message) -> int:
    return estimated_tokens(shown.text)


@given(_MESSAGES, st.integers(0, 3_000))
def test_what_fits_is_within_the_budget_and_has_no_gap(
    messages: list[Message], budget: int
) -> None:
    """The end of the conversation, in order, and never more than was allowed."""
    kept, used = fitting(messages, budget_tokens=budget)

    assert used <= budget
    assert sum(map(_size, kept)) <= used
    latest = messages[len(messages) - len(kept) :]
    assert [m.id for m in kept] == [m.id for m in latest]
    for shown, whole in zip(kept, latest, strict=True):
        assert shown.text == whole.text or whole.text.startswith(shown.text.removesuffix(" …"))


def test_a_long_message_is_cut_and_leaves_room_for_those_before_it() -> None:
    """It gets half of the budget."""
    kept, _ = fitting([message("before"), message("long " * 1_000)], budget_tokens=200)

    assert kept[0].text == "before"
    assert kept[1].text.endswith("…")
    assert 50 < estimated_tokens(kept[1].text) <= 100


def test_a_long_result_of_a_tool_is_cut() -> None:
    """Its name stays, and its arguments go first."""
    tool = ToolPart(name="search", call_id="c", arguments={"q": "x"}, result=["long"] * 1_000)
    [shown], _ = fitting([message("", tool=tool)], budget_tokens=200)

    assert shown.tool is not None
    assert (shown.tool.name, shown.tool.arguments) == ("search", None)
    assert str(shown.tool.result).startswith('["long"')
    assert str(shown.tool.result).endswith("…")
