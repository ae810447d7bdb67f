"""A language model behind an OpenAI-compatible server: one question, one bounded answer."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import httpx2

from agent.errors import Denied, Invalid, Misconfigured, Temporary
from agent.summary.openai_later import openai
from agent.summary.prompt import Message, in_words

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionMessageParam

BODY_LIMIT_BYTES = 8 * 1024 * 1024
# Whatever way out the machine has set up, a model on the machine itself is reached directly.
DIRECT = {f"all://{host}": None for host in ("localhost", "127.0.0.1", "[::1]")}


class Form(StrEnum):
    """How a server can be held to a schema, strictest first; the last asks in words only."""

    SCHEMA = "json_schema"
    OBJECT = "json_object"
    WORDS = "text"


class TooLong(Invalid):
    """The model's window is smaller than what was sent."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model said, and what it cost in tokens where the server tells."""

    text: str
    input_tokens: int = 0
    output_tokens: int = 0


class ChatModel:
    """Asks one model. Owns its connections: close it. The package itself retries 408, 409, 429, 5xx and lost answers."""

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: str,
        *,
        timeout_seconds: float = 120.0,
        retries: int = 2,
        at_once: int = 4,
    ) -> None:
        self.name = model
        self._timeout_seconds = timeout_seconds
        self._gate = asyncio.Semaphore(at_once)
        self._form = Form.SCHEMA
        self._base_url = base_url
        self._api_key = api_key
        self._retries = retries
        self._http = httpx2.AsyncClient(timeout=timeout_seconds, follow_redirects=False, mounts=DIRECT)

    @cached_property
    def _client(self) -> "openai.AsyncOpenAI":
        return openai.AsyncOpenAI(
            base_url=self._base_url,
            api_key=self._api_key or "none",  # local servers want a header, whatever it says
            timeout=self._timeout_seconds,
            max_retries=self._retries,
            http_client=self._http,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def ask(self, messages: Sequence[Message], schema: dict[str, Any]) -> Reply:
        """Return the model's answer, which the server is asked to fit to the JSON `schema`.

        Raises `TooLong`, `Denied` (key), `Misconfigured` (address or model), `Temporary` (no whole answer in time)
        and `Invalid` (refused, cut off, empty).
        """
        try:
            async with self._gate, asyncio.timeout(self._timeout_seconds):
                return _reply(await self._body(messages, schema))
        except (TimeoutError, openai.APITimeoutError) as error:
            raise Temporary(f"the model did not answer within {self._timeout_seconds:g} seconds") from error
        except (openai.APIConnectionError, httpx2.HTTPError) as error:
            raise Temporary(
                "the model's server cannot be reached", full=f"{type(error).__name__}: {error}"
            ) from error
        except openai.APIStatusError as error:
            raise _refused(error) from error

    async def _body(self, messages: Sequence[Message], schema: dict[str, Any]) -> bytes:
        """Send; where the server refuses the form of the question, take the next looser one, and keep to it."""
        while True:
            form = self._form
            try:
                return await self._send(messages, schema, form)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                if _is_too_long(error) or form is Form.WORDS:
                    raise
                self._form = Form.OBJECT if form is Form.SCHEMA else Form.WORDS

    async def _send(self, messages: Sequence[Message], schema: dict[str, Any], form: Form) -> bytes:
        told = messages if form is Form.SCHEMA else in_words(messages, schema)
        # Loading the package takes half a second, for which no bot in a call must stand still.
        client = await asyncio.to_thread(lambda: self._client)
        request = client.chat.completions.with_streaming_response.create(
            model=self.name,
            messages=cast("list[ChatCompletionMessageParam]", list(told)),
            response_format=_response_format(form, schema),
        )
        body = bytearray()
        async with request as response:
            async for chunk in response.iter_bytes():
                body += chunk
                if len(body) > BODY_LIMIT_BYTES:
                    raise Invalid(f"the model's answer is larger than {BODY_LIMIT_BYTES // 1024**2} MiB")
        return bytes(body)


def _response_format(form: Form, schema: dict[str, Any]) -> Any:
    match form:
        case Form.SCHEMA:
            named = {"name": "answer", "strict": True, "schema": schema}
            return {"type": "json_schema", "json_schema": named}
        case Form.OBJECT:
            return {"type": "json_object"}
        case Form.WORDS:
            return openai.omit


def _reply(body: bytes) -> Reply:
    try:
        answer = json.loads(body)
        choice = answer["choices"][0]
        message = choice["message"]
        text, refusal, end = message.get("content"), message.get("refusal"), choice.get("finish_reason")
        usage = answer.get("usage") or {}
        tokens = int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise Temporary("the model's server sent no whole answer", full=f"{type(error).__name__}") from error
    if refusal:
        raise Invalid("the model refused to summarise")
    if not isinstance(text, str) or not text.strip():
        raise Invalid("the model's answer is empty")
    if end == "length":
        raise Invalid("the model's answer was cut off at its length limit")
    return Reply(text, *tokens)


def _is_too_long(error: "openai.APIStatusError") -> bool:
    return error.code == "context_length_exceeded" or "context length" in str(error.message).lower()


def _refused(error: "openai.APIStatusError") -> Exception:
    full = f"{error.status_code} {str(error.message)[:300]}"
    match error.status_code:
        case 401 | 403:
            return Denied("the model's server refuses the key; correct summary.api_key", full=full)
        case 404:
            return Misconfigured(
                "the model's server knows no such model or path; correct summary.base_url and summary.model",
                full=full,
            )
        case 413:
            return TooLong("the meeting is longer than the model's server takes", full=full)
        case 400 | 422 if _is_too_long(error):
            return TooLong("the meeting is longer than the model's window", full=full)
        case 408 | 409 | 429:
            return Temporary("the model's server is busy", full=full)
        case status if status >= 500:
            return Temporary(f"the model's server answered {status}", full=full)
        case status:
            return Invalid(f"the model's server refused the request with {status}", full=full)
