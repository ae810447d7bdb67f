"""Recordings put into words by an OpenAI-compatible audio endpoint."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from agent.errors import Denied, Invalid, Temporary
from agent.model.transcript import Entry
from agent.summary.openai_later import openai


class OpenAITranscriber:
    """Uploads one file and takes its segments, as `ports.Transcriber` says."""

    def __init__(self, base_url: str, model: str, api_key: str, *, timeout_seconds: float = 600.0) -> None:
        self._model = model
        self._client = openai.AsyncOpenAI(
            base_url=base_url, api_key=api_key or "none", timeout=timeout_seconds, max_retries=2
        )

    async def transcribe(self, path: Path, began: datetime, *, language: str | None) -> Sequence[Entry]:
        """Return what is said in a file whose first moment is `began`; the speakers are not known."""
        try:
            answer = await self._client.audio.transcriptions.create(
                file=path,
                model=self._model,
                response_format="verbose_json",
                language=language or openai.omit,
            )
        except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
            raise Denied("The transcription service refuses the key.", full=str(error)) from error
        except (openai.APIConnectionError, openai.RateLimitError, openai.InternalServerError) as error:
            raise Temporary("The transcription service cannot answer now.", full=str(error)) from error
        except openai.OpenAIError as error:
            raise Invalid("The transcription service cannot use the recording.", full=str(error)) from error
        return [
            Entry(
                speaker="",
                text=segment.text.strip(),
                started_at=began + timedelta(seconds=segment.start),
                ended_at=began + timedelta(seconds=segment.end),
                language=answer.language or None,
            )
            for segment in answer.segments or ()
            if segment.text.strip()
        ]
