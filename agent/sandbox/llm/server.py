"""An OpenAI-compatible model server that summarises sensibly until told to misbehave."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import UploadFile

from agent.sandbox.bell import Bell
from agent.sandbox.clock import Clock, stamp, utc_now
from agent.sandbox.llm.misbehaviour import SAYINGS, Asked, Said
from agent.sandbox.llm.transcript import read_transcript

MODEL = "sandbox-1"
CHARACTERS_PER_TOKEN = 4
STREAM_CHARACTERS = 40
Name = Literal[
    "sensible",
    "nonsense",
    "wrong_schema",
    "invented_citations",
    "truncated",
    "empty",
    "refusal",
    "obey_injection",
    "slow",
    "rate_limited",
    "server_error",
    "context_exceeded",
    "huge",
    "fixed",
]
ERRORS: dict[str, tuple[int, str, str | None]] = {
    "rate_limited": (429, "Rate limit reached for requests", "rate_limit_exceeded"),
    "server_error": (500, "The server had an error while processing your request", None),
    "context_exceeded": (400, "This model's maximum context length is exceeded", "context_length_exceeded"),
}


class Behaviour(BaseModel):
    """How the next `times` requests (None: all) are answered; `seconds` is the delay of slow and the
    Retry-After of rate_limited, `content` the answer of fixed."""

    model_config = ConfigDict(extra="forbid")

    name: Name = "sensible"
    content: str = ""
    seconds: float = Field(default=30.0, ge=0)
    times: int | None = Field(default=None, ge=1)


class Segment(BaseModel):
    """A piece of what the audio endpoint hears, in seconds from the start of the file."""

    start: float
    end: float
    text: str


class AudioOrder(BaseModel):
    """What is heard in every file of at most `limit_bytes`; a larger one is refused, and an empty one."""

    language: str = "english"
    segments: list[Segment]
    limit_bytes: int = Field(default=25 * 1024 * 1024, ge=1)


SILENCE = AudioOrder(segments=[Segment(start=0.0, end=2.0, text="Thanks for coming, everyone.")])


class LanguageModel:
    """Chat completions, models and audio transcriptions, and what they were asked."""

    def __init__(self, clock: Clock = utc_now) -> None:
        self._clock = clock
        self._log: list[dict[str, Any]] = []
        self._released = Bell()
        self._served = 0
        self.reset()
        self.wire = APIRouter(prefix="/llm/v1")
        self.wire.add_api_route("/models", self._models, methods=["GET"])
        self.wire.add_api_route("/models/{name}", self._model, methods=["GET"])
        self.wire.add_api_route("/chat/completions", self._complete, methods=["POST"])
        self.wire.add_api_route("/audio/transcriptions", self._transcribe, methods=["POST"])
        self.control = APIRouter(prefix="/control/llm", tags=["llm"])
        self.control.add_api_route("/behaviour", self._behave, methods=["POST"])
        self.control.add_api_route("/audio", self._set_audio, methods=["PUT"])
        self.control.add_api_route("/requests", self._requests, methods=["GET"])

    def reset(self) -> None:
        self._log.clear()
        self._behaviour = Behaviour()
        self._heard = SILENCE
        self._released.ring()

    async def _models(self) -> dict[str, Any]:
        return {"object": "list", "data": [_model_card(MODEL)]}

    async def _model(self, name: str) -> dict[str, Any]:
        return _model_card(name)

    async def _complete(self, request: Request) -> Response:
        try:
            body = json.loads(await request.body())
            messages = list(body["messages"])
        except (ValueError, KeyError, TypeError):
            return _error(400, "We could not parse the JSON body of your request", None)
        behaviour = self._next(request, body)
        failure = await self._held_up(behaviour)
        if failure is not None:
            return failure
        said = read_transcript(messages)
        answer = SAYINGS[behaviour.name](
            Asked(messages, body.get("response_format"), said, behaviour.content)
        )
        completion = self._completion(body, answer)
        if not body.get("stream"):
            return JSONResponse(completion)
        usage = bool((body.get("stream_options") or {}).get("include_usage"))
        return StreamingResponse(_chunks(completion, usage=usage), media_type="text/event-stream")

    async def _transcribe(self, request: Request) -> Response:
        form = await request.form()
        upload = form.get("file")
        if not isinstance(upload, UploadFile):
            return _error(400, "file is required", None)
        size = len(await upload.read())
        fields = {key: value for key, value in form.multi_items() if isinstance(value, str)}
        behaviour = self._next(request, {**fields, "file": upload.filename, "bytes": size})
        failure = await self._held_up(behaviour) or _unfit(size, self._heard.limit_bytes)
        if failure is not None:
            return failure
        return _heard(self._heard, behaviour, fields.get("response_format", "json"))

    def _next(self, request: Request, body: dict[str, Any]) -> Behaviour:
        """Logs the request and uses up one answer of the behaviour in force."""
        behaviour = self._behaviour
        if behaviour.times is not None:
            left = behaviour.times - 1
            self._behaviour = behaviour.model_copy(update={"times": left}) if left else Behaviour()
        entry = {"at": stamp(self._clock()), "path": request.url.path, "behaviour": behaviour.name}
        self._log.append(entry | {"authorization": request.headers.get("authorization"), "body": body})
        return behaviour

    async def _held_up(self, behaviour: Behaviour) -> Response | None:
        if behaviour.name == "slow":
            await self._released.pause(behaviour.seconds)
        if behaviour.name not in ERRORS:
            return None
        status, message, code = ERRORS[behaviour.name]
        response = _error(status, message, code)
        if status == 429:
            response.headers["retry-after"] = f"{behaviour.seconds:g}"
        return response

    def _completion(self, body: dict[str, Any], answer: Said) -> dict[str, Any]:
        self._served += 1
        prompt = len(json.dumps(body["messages"])) // CHARACTERS_PER_TOKEN + 1
        spoken = len(answer.content or answer.refusal or "") // CHARACTERS_PER_TOKEN + 1
        message = {"role": "assistant", "content": answer.content, "refusal": answer.refusal}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": answer.finish_reason}
        return {
            "id": f"chatcmpl-{self._served}",
            "object": "chat.completion",
            "created": int(self._clock().timestamp()),
            "model": body.get("model", MODEL),
            "choices": [choice],
            "usage": {
                "prompt_tokens": prompt,
                "completion_tokens": spoken,
                "total_tokens": prompt + spoken,
            },
        }

    async def _behave(self, behaviour: Behaviour) -> Behaviour:
        self._behaviour = behaviour
        return behaviour

    async def _set_audio(self, order: AudioOrder) -> AudioOrder:
        self._heard = order
        return order

    async def _requests(self) -> list[dict[str, Any]]:
        return self._log


def _model_card(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 1_767_225_600, "owned_by": "sandbox"}


def _error(status: int, message: str, code: str | None) -> JSONResponse:
    kind = "server_error" if status >= 500 else "invalid_request_error" if status < 429 else "requests"
    return JSONResponse({"error": {"message": message, "type": kind, "param": None, "code": code}}, status)


def _unfit(size: int, limit_bytes: int) -> JSONResponse | None:
    if size > limit_bytes:
        return _error(413, f"Maximum content size limit ({limit_bytes}) exceeded ({size} bytes read)", None)
    if not size:
        return _error(400, "Audio file is too short. Minimum audio length is 0.1 seconds.", "audio_too_short")
    return None


async def _chunks(completion: dict[str, Any], *, usage: bool) -> AsyncIterator[str]:
    """The completion as server-sent events, closed by [DONE]."""
    choice = completion["choices"][0]
    content = choice["message"]["content"] or ""
    head = {k: completion[k] for k in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    if choice["message"]["refusal"]:
        deltas.append({"refusal": choice["message"]["refusal"]})
    deltas += [{"content": piece} for piece in re.findall(rf"(?s).{{1,{STREAM_CHARACTERS}}}", content)]
    for delta in deltas:
        yield _event(head | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    yield _event(head | {"choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]})
    if usage:
        yield _event(head | {"choices": [], "usage": completion["usage"]})
    yield "data: [DONE]\n\n"


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"


def _heard(order: AudioOrder, behaviour: Behaviour, wanted: str) -> Response:
    """The transcription in the form asked for: json, text or verbose_json."""
    segments = [] if behaviour.name == "empty" else order.segments
    text = " ".join(segment.text for segment in segments)
    if behaviour.name in ("nonsense", "fixed"):
        text = behaviour.content or "purple Tuesday teapots"
    if wanted == "text":
        return PlainTextResponse(text + "\n")
    if wanted != "verbose_json":
        return JSONResponse({"text": text})
    rows = [{"id": number, **segment.model_dump()} for number, segment in enumerate(segments)]
    duration = max((segment.end for segment in segments), default=0.0)
    answer = {"task": "transcribe", "language": order.language, "duration": duration}
    return JSONResponse({**answer, "text": text, "segments": rows})
