"""What a call can end in.

ApiError
├── Unreachable    the server did not answer
├── Unauthorized   401   ├── Forbidden   403   ├── NotFound     404   ├── Conflict   409
├── Invalid        400, 413, 422             ├── RateLimited  429   └── ServerError  5xx
"""

from typing import Any


class ApiError(Exception):
    """Base of all. `status` is 0 when there was no answer; `faults` lists what is wrong with a request, field by field.

    `code` is the error's own name where the server gives one, as the device flow does.
    """

    def __init__(
        self,
        detail: str,
        *,
        status: int = 0,
        faults: tuple[dict[str, Any], ...] = (),
        request_id: str = "",
        code: str = "",
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.faults = faults
        self.request_id = request_id
        self.code = code
        self.retry_after_seconds = retry_after_seconds


class Unreachable(ApiError):
    """The server did not answer."""


class Unauthorized(ApiError):
    """The key is missing, unknown, revoked or expired."""


class Forbidden(ApiError):
    """The key may not do this."""


class NotFound(ApiError):
    """There is no such thing, or it is somebody else's."""


class Conflict(ApiError):
    """The present state forbids it."""


class Invalid(ApiError):
    """The request cannot be used as it is; see `faults`."""


class RateLimited(ApiError):
    """Too many requests; wait `retry_after_seconds`."""


class ServerError(ApiError):
    """The server failed or is not ready."""


BY_STATUS: dict[int, type[ApiError]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    429: RateLimited,
}


def error_of(status: int, body: Any, *, request_id: str, retry_after: str) -> ApiError:
    """Return the error that an answer tells."""
    detail = body.get("detail") if isinstance(body, dict) else None
    faults = tuple(fault for fault in detail if isinstance(fault, dict)) if isinstance(detail, list) else ()
    words = detail if isinstance(detail, str) else "; ".join(_words(fault) for fault in faults)
    kind = BY_STATUS.get(status, ServerError if status >= 500 else Invalid)
    return kind(
        words or f"The server answered {status}.",
        status=status,
        faults=faults,
        request_id=request_id,
        code=str(body.get("error", "")) if isinstance(body, dict) else "",
        retry_after_seconds=float(retry_after) if retry_after.isdigit() else None,
    )


def _words(fault: dict[str, Any]) -> str:
    where = ".".join(str(part) for part in fault.get("loc", ())[1:])
    return f"{where}: {fault.get('msg', 'is wrong')}" if where else str(fault.get("msg", "is wrong"))
