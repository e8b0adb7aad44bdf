"""An endpoint that transcribes is believed in nothing: not its status, its size, nor its words."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from email.message import Message as Mail
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from fix_speech import contained, wav
from holdfast.assistant.speech.endpoint import EndpointTranscriber
from holdfast.assistant.speech.transcribing import Transcript
from holdfast.errors import NotAudio, NothingHeard, TranscriberBusy, TranscriptionFailed
from holdfast.settings import Secret

_SPOKEN = wav(b"\1\0" * 100)
_CANARY = "canary-my-favourite-colour"


class Endpoint:
    """A server on this machine that answers as it is told, and keeps what it was asked."""

    def __init__(self) -> None:
        self.status = 200
        self.body: bytes = json.dumps({"text": "My favourite colour is blue."}).encode()
        self.declared: int | None = None
        self.headers: dict[str, str] = {"Content-Type": "application/json"}
        self.asked: list[tuple[str, Mail, bytes]] = []
        self.release = threading.Event()
        self.release.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        """What the settings would say."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def form(self) -> dict[str, Mail]:
        """The parts of the last request by name."""
        _, headers, body = self.asked[-1]
        head = f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode()
        parts: Any = BytesParser().parsebytes(head + body).get_payload()
        return {part.get_param("name", header="Content-Disposition"): part for part in parts}

    def close(self) -> None:
        """Stop answering."""
        self.release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                endpoint.asked.append((self.path, self.headers, body))
                endpoint.release.wait(60)
                try:
                    self.send_response(endpoint.status)
                    size = len(endpoint.body) if endpoint.declared is None else endpoint.declared
                    for name, value in {**endpoint.headers, "Content-Length": str(size)}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(endpoint.body)
                except OSError:
                    pass  # the client has gone, which some tests want

            def log_message(self, *told: object) -> None:
                pass

        return Handler


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """An endpoint that knows the sentence about the colour."""
    made = Endpoint()
    yield made
    made.close()


@pytest.fixture
async def asking(endpoint: Endpoint) -> AsyncIterator[EndpointTranscriber]:
    """A transcriber that asks it."""
    transcriber = EndpointTranscriber(endpoint.url, api_key=Secret(_CANARY))
    yield transcriber
    await transcriber.close()


async def test_a_file_is_sent_as_it_is(endpoint: Endpoint, asking: EndpointTranscriber) -> None:
    """With its true type, the default model and the key."""
    audio = contained("WebM with Opus")

    found = await asking.transcribe(audio, "audio/wav")

    path, headers, _ = endpoint.asked[-1]
    form = endpoint.form()
    assert found == Transcript(text="My favourite colour is blue.", engine="openai:gpt-transcribe")
    assert (path, headers["Authorization"]) == ("/v1/audio/transcriptions", f"Bearer {_CANARY}")
    assert (form["file"].get_content_type(), form["file"].get_filename()) == (
        "audio/webm",
        "speech.webm",
    )
    assert form["file"].get_payload(decode=True) == audio
    assert form["model"].get_payload() == "gpt-transcribe"
    assert form["response_format"].get_payload() == "json"


@pytest.mark.parametrize(
    ("more", "language", "duration_s"),
    [
        ({"language": "english", "duration": 1.75, "segments": [{}]}, "english", 1.75),
        ({"language": "en", "duration": "1.7500001", "task": "transcribe"}, "en", 1.75),
        ({"language": None, "duration": None, "usage": {"type": "tokens"}}, None, None),
        ({"language": 7, "duration": "long"}, None, None),
        ({"language": "x" * 1000, "duration": "inf"}, None, None),
        ({"language": " ", "duration": -1}, None, None),
        ({"duration": True}, None, None),
    ],
)
async def test_what_else_an_answer_says_may_be_anything(
    more: dict[str, object],
    language: str | None,
    duration_s: float | None,
    endpoint: Endpoint,
    asking: EndpointTranscriber,
) -> None:
    """`json`, `verbose_json`, and what other servers make of them: the text is enough."""
    endpoint.body = json.dumps({"text": " Blue. ", **more}).encode()

    found = await asking.transcribe(_SPOKEN, "")

    assert (found.text, found.language, found.duration_s) == ("Blue.", language, duration_s)


@pytest.mark.parametrize("text", ["", " \n\t"])
async def test_an_empty_transcript_is_no_transcript(
    text: str, endpoint: Endpoint, asking: EndpointTranscriber
) -> None:
    """An endpoint that heard nothing says so with an empty text."""
    endpoint.body = json.dumps({"text": text}).encode()

    with pytest.raises(NothingHeard):
        await asking.transcribe(_SPOKEN, "")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        f"<html><body>{_CANARY}</body></html>".encode(),
        f'["{_CANARY}"]'.encode(),
        b'{"text": null}',
        b'{"text": {"a": 1}}',
        b'{"text": "bl',
        b'{"text": "\xff\xfe"}',
        b'{"text": "\\ud800"}',
        b"[" * 100_000,
    ],
)
async def test_an_answer_of_another_shape_is_a_failure(
    body: bytes, endpoint: Endpoint, asking: EndpointTranscriber
) -> None:
    """A page of HTML with status 200, half an answer, nothing: none of it is repeated."""
    endpoint.body = body

    with pytest.raises(TranscriptionFailed) as raised:
        await asking.transcribe(_SPOKEN, "")

    assert _CANARY not in str(raised.value)


@pytest.mark.parametrize("status", [301, 307, 400, 401, 403, 404, 408, 413, 422, 500, 502, 503])
async def test_a_refusal_says_what_to_do_and_repeats_nothing(
    status: int, endpoint: Endpoint, asking: EndpointTranscriber
) -> None:
    """Whatever the body says: it may quote the key, or what was sent. A redirect is not followed,
    for it would take the recording elsewhere."""
    endpoint.status, endpoint.body = status, f"<h1>{_CANARY}</h1>".encode()
    endpoint.headers = {"Location": f"{endpoint.url}/elsewhere", "Content-Type": "text/html"}

    with pytest.raises(TranscriptionFailed) as raised:
        await asking.transcribe(_SPOKEN, "")

    assert _CANARY not in str(raised.value)
    assert len(endpoint.asked) == 1


async def test_an_endpoint_with_too_much_to_do_is_asked_again_later(
    endpoint: Endpoint, asking: EndpointTranscriber
) -> None:
    """429 is the one status that waiting cures."""
    endpoint.status = 429

    with pytest.raises(TranscriberBusy):
        await asking.transcribe(_SPOKEN, "")


async def test_an_answer_without_end_is_cut_off(
    endpoint: Endpoint, asking: EndpointTranscriber
) -> None:
    """More than a transcript can be is not read to its end."""
    endpoint.body = b'{"text": "' + b"a" * 17_000_000 + b'"}'

    with pytest.raises(TranscriptionFailed, match="more than"):
        await asking.transcribe(_SPOKEN, "")


async def test_an_answer_that_breaks_off_is_a_failure(
    endpoint: Endpoint, asking: EndpointTranscriber
) -> None:
    """Half of what was announced is not taken for the whole."""
    endpoint.declared = len(endpoint.body) + 10

    with pytest.raises(TranscriptionFailed, match="broke off"):
        await asking.transcribe(_SPOKEN, "")


@pytest.mark.parametrize("limit", ["silence_s", "timeout_s"])
async def test_an_endpoint_that_says_nothing_is_given_up(limit: str, endpoint: Endpoint) -> None:
    """After its silence, and in any case after the whole time."""
    endpoint.release.clear()
    limits: dict[str, Any] = {limit: 0.2}
    transcriber = EndpointTranscriber(endpoint.url, **limits)

    with pytest.raises(TranscriptionFailed, match="too long"):
        await transcriber.transcribe(_SPOKEN, "")

    await transcriber.close()


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/v1", "nonsense", "http://[", "http://a b/v1"])
async def test_an_endpoint_that_is_not_there_is_a_failure(url: str) -> None:
    """A refused connection and an address that is none are said as such."""
    transcriber = EndpointTranscriber(url)

    with pytest.raises(TranscriptionFailed):
        await transcriber.transcribe(_SPOKEN, "")

    await transcriber.close()


async def test_what_is_no_audio_is_not_sent(
    endpoint: Endpoint, asking: EndpointTranscriber
) -> None:
    """Nobody else gets to see a file that cannot be speech."""
    with pytest.raises(NotAudio):
        await asking.transcribe(b"MZ\x90\0", "audio/wav")

    assert endpoint.asked == []


async def test_the_queue_of_an_endpoint_is_bounded(endpoint: Endpoint) -> None:
    """Beyond those that run and those that wait, a file is refused at once."""
    endpoint.release.clear()
    transcriber = EndpointTranscriber(endpoint.url, max_running=1, max_waiting=1)
    tasks = [asyncio.ensure_future(transcriber.transcribe(_SPOKEN, "")) for _ in range(2)]
    await asyncio.sleep(0)

    with pytest.raises(TranscriberBusy):
        await transcriber.transcribe(_SPOKEN, "")

    endpoint.release.set()
    assert len(await asyncio.gather(*tasks)) == 2
    await transcriber.close()


async def test_a_closed_transcriber_asks_nobody(
    endpoint: Endpoint, asking: EndpointTranscriber
) -> None:
    """Closing twice is no error, asking afterwards is."""
    await asking.close()
    await asking.close()

    with pytest.raises(TranscriptionFailed):
        await asking.transcribe(_SPOKEN, "")

    assert endpoint.asked == []
