"""The two shapes in which Google's servers say no."""

from typing import Any

RPC_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
}


class GoogleError(Exception):
    """An answer with an error body; `reason` is the machine-readable word, `location` the parameter at fault."""

    def __init__(
        self, code: int, message: str, *, status: str = "", reason: str = "", location: str = ""
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status or RPC_STATUS.get(code, "UNKNOWN")
        self.reason = reason
        self.location = location

    def rpc_body(self) -> dict[str, Any]:
        """google.rpc.Status in JSON, as the newer APIs (Meet) send it."""
        error: dict[str, Any] = {"code": self.code, "message": self.message, "status": self.status}
        if self.reason:
            kind = "type.googleapis.com/google.rpc.ErrorInfo"
            error["details"] = [{"@type": kind, "reason": self.reason, "domain": "googleapis.com"}]
        return {"error": error}

    def legacy_body(self, domain: str = "global") -> dict[str, Any]:
        """The list of errors the older APIs (Calendar) send."""
        entry = {"domain": domain, "reason": self.reason or "badRequest", "message": self.message}
        if self.location:
            entry |= {"locationType": "parameter", "location": self.location}
        return {"error": {"errors": [entry], "code": self.code, "message": self.message}}
