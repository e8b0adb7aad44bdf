r"""Chat logs that a program kept in Redis, or in lines and lists of its own.

    ["{\"role\": \"user\", ...}", ...]                     redis-cli --json LRANGE key 0 -1
    1) "{\"role\": \"user\", ...}"                         redis-cli LRANGE, as a terminal shows it
    {"key": "chat:ada:trip", "value": ["{...}", ...]}      one key a line, or one item a line
    {"chat:ada:trip": ["{...}", ...], ...}                 keys as members (also of rdbtools)
    {"role": "user", "content": "Hello", ...}              one item a line, or an array of them

A list that has its newest item first is turned round: by its times, and LangChain's, which pushes
to the left, by who spoke first. Logs without a key are known by their first message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial

import msgspec
from msgspec import Struct

from holdfast.portability.containers import Member, read_whole
from holdfast.portability.conversations import Broken, Conversation, Item
from holdfast.portability.grouped_lines import read_grouped
from holdfast.portability.heard import Heard, chained, heard, looks_heard, session_named
from holdfast.portability.json_values import Malformed, checked, value_of
from holdfast.portability.limits import Limits
from holdfast.portability.objects import Found, objects, sound
from holdfast.portability.sampling import Sample, take_sample

__all__ = ["is_chat_log", "read_chat_log"]

_LIST = re.compile(r"\s*\[\s*\"\s*\{\\\"")
_NUMBERED = re.compile(r"\s*1\) \"\{\\\"")
_NUMBERED_LINE = re.compile(rb"\s*\d+\) (\".*\")\s*")
_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b"}
_ANY = msgspec.json.Decoder()
_LANGCHAIN = "message_store:"
_VALUES = ("value", "values", "items", "messages")


class _Log(Struct):
    """The items of one list, as JSON each. `pushed` says that they are Redis's own strings."""

    items: list[bytes]
    pushed: bool = False


def is_chat_log(sample: Sample) -> bool:
    """Whether a file is such a log."""
    if sample.shape == "text":
        return bool(_LIST.match(sample.text) or _NUMBERED.match(sample.text))
    names = sample.fields.keys()
    return _is_entry(sample) or _is_keyed(sample) or looks_heard(names)


def _is_entry(sample: Sample) -> bool:
    """An object that names a key and holds its list, or an item of it."""
    fields = sample.fields
    return "key" in fields and any(bytes(fields[n])[:1] in b'["{' for n in _VALUES if n in fields)


def _is_keyed(sample: Sample) -> bool:
    """An object whose members are keys of Redis with their lists."""
    fields = sample.fields
    lists = all(bytes(raw).startswith((b"[", b'"[')) for raw in fields.values())
    return bool(fields) and lists and any(":" in name for name in fields)


def read_chat_log(member: Member, limits: Limits) -> Iterator[Item]:
    """The conversations of a log, in the order in which they begin.

    Raises:
        ImportFailed: the file is damaged as a whole.
        HostileFile: it costs more than the limits.
    """
    sample = take_sample(member, limits)
    if sample is None or sample.shape == "text":
        yield from _one_list(member, limits)
    elif sample.shape == "lines" and not _is_keyed(sample):
        build = partial(_grouped, limits=limits)
        yield from read_grouped(member, limits, session_of=_session_of, build=build)
    elif _is_keyed(sample) or _is_entry(sample):
        for found in objects(member, limits):
            yield from [found] if isinstance(found, Broken) else _keyed(found, limits)
    else:
        yield from _listed(member, limits)


def _one_list(member: Member, limits: Limits) -> Iterator[Item]:
    """What `redis-cli LRANGE` wrote."""
    data = read_whole(member, max_bytes=limits.max_conversation_bytes, progress=True)
    try:
        if data.lstrip().startswith(b"["):
            checked(data, max_values=limits.max_values, max_depth=limits.max_depth)
            yield _conversation(None, _strings(value_of(data, "the list")), limits)
        else:
            yield _conversation(None, _Log(_numbered(data), pushed=True), limits)
    except Malformed as exc:
        yield Broken(place=member.name, reason=exc.reason, code=exc.code)


def _strings(value: object) -> _Log:
    """A list whose elements are items, or strings that hold them."""
    if isinstance(value, str):  # a list that somebody kept in one string
        value = value_of(value.encode("utf-8", "replace"), "a list")
    if not isinstance(value, list):
        raise Malformed("holds a key whose value is no list")
    items = []
    for one in value:
        if not isinstance(one, str | dict):
            raise Malformed("holds an item that is neither text nor object")
        text = one.encode("utf-8", "surrogatepass") if isinstance(one, str) else _packed(one)
        items.append(text)
    return _Log(items, pushed=any(isinstance(one, str) for one in value))


def _packed(value: object) -> bytes:
    return msgspec.json.encode(value)


def _numbered(data: bytes) -> list[bytes]:
    """The elements of a list as `redis-cli` shows it on a terminal."""
    items = []
    for number, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        found = _NUMBERED_LINE.fullmatch(line)
        if found is None:
            raise Malformed(f"line {number:,} is no element of a list")
        items.append(_ESCAPE.sub(_unescaped, found[1][1:-1]))
    return items


def _unescaped(found: re.Match[bytes]) -> bytes:
    code = found[1]
    if len(code) == 3:
        return bytes([int(code[1:], 16)])
    return _ESCAPED.get(code, code)


def _keyed(found: Found, limits: Limits) -> Iterator[Item]:
    """The conversations of one object: of its key, or of each of its members."""
    try:
        value = value_of(found.raw)
    except Malformed as exc:
        yield Broken(place=found.place, reason=exc.reason, code=exc.code)
        return
    entries = value if isinstance(value, dict) else {}
    if isinstance(entries.get("key"), str):
        entries = {entries["key"]: _value(entries)}
    for number, (key, held) in enumerate(entries.items(), 1):
        try:
            yield _conversation(key, _strings(held), limits)
        except Malformed as exc:
            place = f"{found.place}, key {number:,}"
            yield Broken(place=place, reason=exc.reason, code=exc.code)


def _value(entry: dict[str, object]) -> object:
    return next((entry[name] for name in _VALUES if name in entry), None)


def _listed(member: Member, limits: Limits) -> Iterator[Item]:
    """An array of items, or one item: sessions by what the items name."""
    logs: dict[str, _Log] = {}
    size = 0
    for found in objects(member, limits):
        if isinstance(found, Broken):
            yield found
            continue
        size += len(found.raw)
        if size > limits.max_conversation_bytes:
            reason = "is over the limit: write one item a line instead"
            yield Broken(place=found.place, reason=reason, code="hostile_file")
            return
        session = session_named(_ANY.decode(found.raw)) or ""
        logs.setdefault(session, _Log([])).items.append(found.raw)
    for session, log in logs.items():
        try:
            yield _conversation(session or None, log, limits)
        except Malformed as exc:
            yield Broken(place=member.name, reason=exc.reason, code=exc.code)


def _session_of(raw: bytes) -> str:
    """The key of a line, or the session that its item names; "" for neither."""
    item = value_of(raw, "the line")
    key = item.get("key") if isinstance(item, dict) else None
    return key if isinstance(key, str) and key else session_named(item) or ""


def _grouped(session: str, raws: Sequence[bytes], *, limits: Limits) -> Conversation:
    """One conversation from its lines: each an item, or a key with one item or many."""
    log = _Log([])
    for raw in raws:
        item = value_of(raw, "the line")
        held = _value(item) if isinstance(item, dict) and "key" in item else None
        if held is None:
            log.items.append(raw)
            continue
        more = _strings(held if isinstance(held, list) else [held])
        log.items += more.items
        log.pushed = log.pushed or more.pushed
    return _conversation(session or None, log, limits)


def _conversation(key: str | None, log: _Log, limits: Limits) -> Conversation:
    said: list[list[Heard]] = []
    langchain = bool(log.items)
    for at, raw in enumerate(log.items):
        try:
            clean = sound(raw, limits)
            said.append(heard(clean))
            item = _ANY.decode(clean)
        except Malformed as exc:
            raise Malformed(f"item {at + 1:,} {exc.reason}", exc.code, at=None) from exc
        langchain = langchain and isinstance(item.get("data"), dict)
    pushed = log.pushed or (key or "").startswith(_LANGCHAIN)
    if _is_newest_first(said, langchain=langchain, pushed=pushed):
        said.reverse()
    messages = chained([one for group in said for one in group])
    started = next((m.at for m in messages if m.at is not None), None)
    first = messages[0].source if messages else "empty"
    return Conversation(
        source=f"chat-log:{key or first}",
        started_at=started,
        platform="chat-log",
        messages=messages,
    )


def _is_newest_first(said: Sequence[Sequence[Heard]], *, langchain: bool, pushed: bool) -> bool:
    """Whether a list was pushed to from the left. Without a sign of it, the order stands."""
    times = [one.at for group in said for one in group if one.at is not None]
    if len(times) > 1 and times[0] != times[-1]:
        return times[0] > times[-1]
    if not langchain or not said or not said[0] or not said[-1]:
        return False
    first, last = said[0][0].role, said[-1][-1].role
    if "user" in (first, last) and first != last:
        return last == "user"
    return pushed
