"""Without an upstream: this server's own assistant, in the same protocol."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.assistant.chat import cut_off_by
from holdfast.assistant.events import Delta, Failed, Finished, Thought
from holdfast.clock import system_clock, to_ms
from holdfast.errors import NotFound
from holdfast.keeper.contexts import estimated_tokens
from holdfast.server.failures import Refused
from holdfast.server.proxy.refusals import error_object
from holdfast.server.proxy.speaking import DONE, chunk, completion, event
from holdfast.server.proxy.wire import chained, content_text, no_chain, text_digest
from holdfast.server.talking.answers import Said

if TYPE_CHECKING:
    from starlette.types import Send

    from holdfast.assistant.events import Event
    from holdfast.capture.turn import Input
    from holdfast.keeper.access import Caller
    from holdfast.keeper.sessions import OpenSession
    from holdfast.keeper.users import User
    from holdfast.model import JsonObject
    from holdfast.server.proxy.finding import Asked
    from holdfast.server.proxy.opening import Opening
    from holdfast.server.talking.answers import Answers

__all__ = ["OWN_MODEL", "OwnAnswer", "assistant_of", "model_object", "models_of"]

OWN_MODEL = "holdfast"
"""The name of the server's own assistant among the models."""


class _Told(Said, frozen=True, kw_only=True):
    """What is new of a request, planned already."""

    planned: Input

    @property
    def given(self) -> Input:
        return self.planned


async def models_of(user: User) -> list[str]:
    """The models there are: the server's assistant, and the user's assistants by their slugs."""
    return [OWN_MODEL, *sorted(a.slug for a in await user.names.assistants())]


def model_object(name: str) -> JsonObject:
    """A model as the protocol has it."""
    return {"id": name, "object": "model", "created": 0, "owned_by": "holdfast"}


async def assistant_of(user: User, model: str, default: str) -> str:
    """The slug of the assistant that a model stands for.

    Raises:
        Refused: there is no such model.
    """
    if model == OWN_MODEL:
        return default
    if model in await models_of(user):
        return model
    raise Refused(404, "model_not_found", "there is no such model: see GET /v1/models")


class OwnAnswer:
    """One request, answered by the server's assistant; recorded as every chat turn is."""

    def __init__(
        self, caller: Caller, user: User, asked: Asked, opening: Opening, answers: Answers
    ) -> None:
        self._caller = caller
        self._user = user
        self._asked = asked
        self._opening = opening
        self._answers = answers
        self._head: JsonObject = {}
        self._texts: list[str] = []
        self._thoughts: list[str] = []

    async def run(self, send: Send, request_id: str) -> None:
        """From the input to the last byte.

        Raises:
            HoldfastError, Refused: before anything was sent.
        """
        async with self._opening.place(self._user, self._asked) as session:
            events = await self._begin(session)
            # Heard first, and known to whoever plans next in this session.
            started = await anext(events)
        async with aclosing(events):
            self._head = {
                "id": f"chatcmpl-{started.turn_id}",
                "created": to_ms(system_clock()) // 1000,
                "model": self._asked.request.model,
            }
            if self._asked.request.stream:
                await self._stream(session, events, send, request_id)
            else:
                await self._whole(session, events, send)

    async def _begin(self, session: OpenSession) -> AsyncGenerator[Event, None]:
        given, key = await self._opening.planned(session, self._asked)
        said = _Told(planned=given, client_key=key)
        if given.answers is not None:
            said = _Told(planned=given, client_key=key, answers=given.answers)
        elif not any(e.message.role == "user" for e in given.entries):
            # Results of tools, or instructions alone: they are kept, and the question before them
            # is answered; `check_own` has seen to it that there is one.
            said = await self._kept(session, given)
        return self._answers.in_session(self._user, session, said, caller=self._caller)()

    async def _kept(self, session: OpenSession, given: Input) -> _Told:
        opening = session.turn(given=given).when_cut_off(cut_off_by(self._answers.stopping))
        async with opening as turn:
            last = turn.messages[-1].id
        answered = replace(given, entries=(), turns=(), answers=last)
        return _Told(planned=answered, answers=last)

    async def _whole(
        self, session: OpenSession, events: AsyncGenerator[Event, None], send: Send
    ) -> None:
        async for happened in events:
            self._take(happened)
            if isinstance(happened, Failed):
                raise Refused(502, happened.code, happened.message)
        await self._noted(session)
        prompt, answer = self._usage()
        made = completion(
            str(self._head["id"]),
            self._asked.request.model,
            "".join(self._texts),
            prompt_tokens=prompt,
            answer_tokens=answer,
            reasoning="".join(self._thoughts),
        )
        body = json.dumps({**made, "created": self._head["created"]}).encode()
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _stream(
        self,
        session: OpenSession,
        events: AsyncGenerator[Event, None],
        send: Send,
        request_id: str,
    ) -> None:
        async def tell(data: bytes, *, more: bool = True) -> None:
            await send({"type": "http.response.body", "body": data, "more_body": more})

        headers = [(b"content-type", b"text/event-stream; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await tell(event(chunk(self._head, {"role": "assistant", "content": ""})))
        async for happened in events:
            self._take(happened)
            match happened:
                case Delta():
                    await tell(event(chunk(self._head, {"content": happened.text})))
                case Thought():
                    await tell(event(chunk(self._head, {"reasoning_content": happened.text})))
                case Failed():
                    wrong = error_object(502, happened.code, happened.message, request_id)
                    await tell(event(wrong), more=False)
                    return
                case Finished():
                    # Before its client has all of the answer, and goes on with it.
                    await self._noted(session)
        await tell(event(chunk(self._head, {}, finish_reason="stop")))
        if self._asked.request.include_usage:
            prompt, answer = self._usage()
            usage: JsonObject = {
                "prompt_tokens": prompt,
                "completion_tokens": answer,
                "total_tokens": prompt + answer,
            }
            await tell(event({**chunk(self._head, {}), "choices": [], "usage": usage}))
        await tell(DONE, more=False)

    def _take(self, happened: Event) -> None:
        if isinstance(happened, Delta):
            self._texts.append(happened.text)
        elif isinstance(happened, Thought):
            self._thoughts.append(happened.text)

    async def _noted(self, session: OpenSession) -> None:
        spoken = self._asked.request.spoken
        before = spoken[-1].chain if spoken else no_chain()
        place = chained(before, text_digest("assistant", "".join(self._texts)))
        try:
            await self._opening.answered(self._user, session, self._asked, place)
        except NotFound:
            return  # erased meanwhile

    def _usage(self) -> tuple[int, int]:
        said = [content_text(unit.raw.get("content")) for unit in self._asked.request.units]
        return sum(map(estimated_tokens, said)), estimated_tokens("".join(self._texts))
