"""Recordings put into words by an OpenAI-compatible audio endpoint."""

import asyncio
import mmap
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import httpx2
from pydantic import BaseModel, Field, ValidationError

from agent.errors import Denied, Invalid, MeetbotError, Misconfigured, Temporary
from agent.model.transcript import Entry
from agent.rules.webm_pieces import Piece, pieces
from agent.summary.client import DIRECT
from agent.summary.openai_later import openai

# What the public service takes at most is 25 MiB; the form around the file needs some of it.
UPLOAD_LIMIT_BYTES = 24 * 1024 * 1024


class OpenAITranscriber:
    """Uploads a file, in pieces where it is long, and takes its segments, as `ports.Transcriber` says. Close it."""

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: str,
        *,
        timeout_seconds: float = 600.0,
        upload_limit_bytes: int = UPLOAD_LIMIT_BYTES,
    ) -> None:
        self._model = model
        self._limit_bytes = upload_limit_bytes
        self._client = openai.AsyncOpenAI(
            base_url=base_url,
            api_key=api_key or "none",  # local servers want a header, whatever it says
            timeout=timeout_seconds,
            max_retries=2,
            http_client=httpx2.AsyncClient(timeout=timeout_seconds, follow_redirects=False, mounts=DIRECT),
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.close()

    async def transcribe(self, path: Path, began: datetime, *, language: str | None) -> Sequence[Entry]:
        """Return what is said in a file whose first moment is `began`; the speakers are not known."""
        found: list[Entry] = []
        with _mapped(path) as content:
            parts = pieces(content, self._limit_bytes)
            while piece := await asyncio.to_thread(next, parts, None):
                heard = await self._heard(path.name, piece, language)
                found += _entries(heard, began + timedelta(seconds=piece.starts_at_seconds))
        return found

    async def _heard(self, name: str, piece: Piece, language: str | None) -> "_Heard":
        try:
            answer = await self._client.audio.transcriptions.with_raw_response.create(
                file=(name, piece.content),
                model=self._model,
                response_format="verbose_json",
                language=language or openai.omit,
            )
            return _Heard.model_validate_json(answer.content)
        except openai.APIStatusError as error:
            raise _refused(error) from error
        except (openai.APIConnectionError, httpx2.HTTPError) as error:
            raise Temporary("The transcription service cannot answer now.", full=str(error)) from error
        except ValidationError as error:
            full = f"{error.error_count()} faults in the answer's form"
            raise Invalid("The transcription service sent no whole answer.", full=full) from error


class _Segment(BaseModel):
    """A stretch of speech, in seconds from the file's first moment."""

    start: float = Field(ge=0, le=1e6)
    end: float = Field(ge=0, le=1e6)
    text: str


class _Heard(BaseModel):
    """What every server of this kind answers; a few tell no segments."""

    text: str = ""
    language: str | None = None
    duration: float = Field(default=0.0, ge=0, le=1e6)
    segments: list[_Segment] | None = None


def _mapped(path: Path) -> mmap.mmap:
    """Open a file without reading it all: recordings may be larger than what is free of memory."""
    try:
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        raise Invalid("The recording is empty or cannot be read.", full=f"{path}: {error}") from error


def _refused(error: "openai.APIStatusError") -> MeetbotError:
    full = f"{error.status_code} {str(error.message)[:300]}"
    match error.status_code:
        case 401 | 403:
            return Denied("The transcription service refuses the key; correct summary.api_key.", full=full)
        case 404:
            return Misconfigured(
                "The transcription service knows no such model or path; correct summary.base_url and "
                "summary.transcription_model.",
                full=full,
            )
        case 413:
            return Invalid("The recording is larger than the transcription service takes.", full=full)
        case 408 | 409 | 429:
            return Temporary("The transcription service cannot answer now.", full=full)
        case status if status >= 500:
            return Temporary("The transcription service cannot answer now.", full=full)
        case _:
            return Invalid("The transcription service cannot use the recording.", full=full)


def _entries(heard: _Heard, began: datetime) -> list[Entry]:
    whole = _Segment(start=0.0, end=heard.duration, text=heard.text)
    return [
        Entry(
            speaker="",
            text=segment.text.strip(),
            started_at=began + timedelta(seconds=segment.start),
            ended_at=began + timedelta(seconds=max(segment.start, segment.end)),
            language=heard.language or None,
        )
        for segment in heard.segments or [whole]
        if segment.text.strip()
    ]
