"""From what a client sends to what was said."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from holdfast.capture.checks import checked_json, checked_label, checked_tags, checked_text
from holdfast.clock import id_bytes
from holdfast.errors import BadInput, NotFound, TooLarge
from holdfast.server.schemas.turns import TurnIn, UiMessageIn, UiTurnIn
from holdfast.server.talking.answers import Said

if TYPE_CHECKING:
    from holdfast.capture.checks import Limits
    from holdfast.keeper.sessions import OpenSession

__all__ = ["said_first", "said_in"]

_MESSAGES = "body.messages"


def said_first(body: TurnIn | UiTurnIn, key: str | None, limits: Limits) -> Said:
    """What begins a session, checked as the recorder would: what is refused begins none.

    Args:
        key: the Idempotency-Key of the request.

    Raises:
        BadInput, TooLarge: it cannot be kept, or says nothing.
        NotFound: it names a message, and a session that begins has none.
    """
    said = _said_by_page_first(body, key) if isinstance(body, UiTurnIn) else _said(body, key)
    if said.edits is not None or said.answers is not None:
        raise NotFound("message")
    checked_text("input", said.text, limits, required=said.audio is None)
    checked_label("client key", said.client_key, limits)
    checked_label("intent", said.intent, limits)
    checked_label("media type", said.media_type, limits)
    checked_label("file name", said.file_name, limits)
    checked_tags(said.tags, limits)
    if said.entities is not None:
        checked_json("entities", said.entities, limits)
    if said.audio is not None and len(said.audio) > limits.max_file_bytes:
        raise TooLarge("file", size=len(said.audio), limit=limits.max_file_bytes)
    return said


async def said_in(body: TurnIn | UiTurnIn, key: str | None, session: OpenSession) -> Said:
    """What was said, checked as far as the library would not.

    Args:
        key: the Idempotency-Key of the request.

    Raises:
        BadInput: two keys, nothing that was said, speech that is no base64, or a file.
        NotFound: the message that is named is not there.
    """
    if isinstance(body, UiTurnIn):
        return await _said_by_page(body, key, session)
    return _said(body, key)


def _said(body: TurnIn, key: str | None) -> Said:
    if not (body.text.strip() or body.audio or body.answers):
        raise BadInput("text", "it is empty: say something")
    if key is not None and body.client_key not in (None, key):
        raise BadInput("client_key", "it is another one than the Idempotency-Key")
    audio = body.audio
    return Said(
        text=body.text,
        audio=None if audio is None else _decoded(audio.data),
        media_type=None if audio is None else audio.media_type,
        file_name=None if audio is None else audio.name,
        client_key=body.client_key if key is None else key,
        edits=body.edits,
        answers=body.answers,
        intent=body.intent,
        entities=body.entities,
        tags=tuple(body.tags),
    )


def _said_by_page_first(body: UiTurnIn, key: str | None) -> Said:
    if body.trigger == "regenerate-message" or body.messageId is not None:
        raise NotFound("message")
    last = _last_said(body)
    return _keyed(_said_in_parts(last), key or f"ui:{last.id}")


def _last_said(body: UiTurnIn) -> UiMessageIn:
    last = body.messages[-1] if body.messages else None
    if last is None or last.role != "user":
        raise BadInput(_MESSAGES, "the last one is not the user's: there is nothing to answer")
    return last


async def _said_by_page(body: UiTurnIn, key: str | None, session: OpenSession) -> Said:
    if body.trigger == "regenerate-message":
        named = body.messageId or _last_of_user(body.messages).id
        return Said(answers=await _message_of(named, session), client_key=key)
    last = _last_said(body)
    said = _said_in_parts(last)
    if body.messageId is None:
        return _keyed(said, key or f"ui:{last.id}")
    # The page gives the new version the id of the old one.
    digest = hashlib.sha256(said.text.encode("utf-8", "surrogatepass")).hexdigest()
    edits = await _message_of(body.messageId, session)
    return _keyed(said, key or f"ui:{body.messageId}/{digest[:32]}", edits=edits)


def _keyed(said: Said, key: str, edits: str | None = None) -> Said:
    return Said(
        text=said.text,
        audio=said.audio,
        media_type=said.media_type,
        file_name=said.file_name,
        client_key=key,
        edits=edits,
    )


def _last_of_user(messages: Sequence[UiMessageIn]) -> UiMessageIn:
    for message in reversed(messages):
        if message.role == "user":
            return message
    raise BadInput(_MESSAGES, "none of them is the user's: there is nothing to answer")


def _said_in_parts(message: UiMessageIn) -> Said:
    """The texts of a message, or the speech in it. No address in it is ever called."""
    texts: list[str] = []
    audio: Said | None = None
    for part in message.parts:
        kind = part.get("type")
        if kind == "text" and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif kind == "file":
            if audio is not None:
                raise BadInput(_MESSAGES, "one file can be spoken at a time")
            audio = _speech_in(part)
    text = "\n\n".join(texts)
    if audio is None:
        return Said(text=text)
    return Said(
        text=text, audio=audio.audio, media_type=audio.media_type, file_name=audio.file_name
    )


def _speech_in(part: dict[str, object]) -> Said:
    url, name = part.get("url"), part.get("filename")
    head, _, data = url.partition(",") if isinstance(url, str) else ("", "", "")
    if not (head.startswith("data:audio/") and head.endswith(";base64")):
        raise BadInput(_MESSAGES, "of files only speech is taken, as a data: URL in base64")
    return Said(
        audio=_decoded(data),
        media_type=head.removeprefix("data:").removesuffix(";base64"),
        file_name=name if isinstance(name, str) and name.strip() else None,
    )


def _decoded(data: str) -> bytes:
    try:
        audio = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise BadInput("audio", "it is no base64") from None
    if not audio:
        raise BadInput("audio", "it is empty: say something")
    return audio


async def _message_of(named: str, session: OpenSession) -> str:
    """The id here of what a page names: a turn, whose answer it shows under the turn's id; a
    message it was told of; or one that it sent under an id of its own."""
    with contextlib.suppress(NotFound, ValueError):
        _, messages = await session.log.recorded_turn(id_bytes(named))
        if messages:
            return messages[0].id
    tag = session.log.client_key_tag(f"ui:{named}")
    raw = await session.vault.storage.once(session.vault.raw, tag)
    if raw is None:
        return named
    _, messages = await session.log.recorded_turn(raw)
    return messages[0].id if messages else named
