"""Faults by name: which request of which fake fails next, and how."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, model_validator

from agent.sandbox.bell import Bell
from agent.sandbox.clock import Clock, stamp, utc_now

Service = Literal["okoro", "calendar", "llm", "hooks", "mail", "meet"]
Kind = Literal[
    "status", "delay", "reset", "cut", "truncate", "garbage", "wrong_type", "slow_drip", "big", "drop"
]
MAIL_KINDS = {"status", "delay", "reset", "drop"}


class Fault(BaseModel):
    """One order to fail. `match` is a glob on "METHOD /path", with or without the fake's own prefix and
    with or without the query; for mail on "RCPT address" and "DATA sender". The first `skip` matching
    requests pass, the next `times` fail (None: all of them)."""

    model_config = ConfigDict(extra="forbid")

    service: Service
    match: str = "*"
    fault: Kind
    status: int = Field(default=503, ge=200, le=599)
    reason: str | None = None
    error_shape: Literal["nested", "flat"] = "nested"
    body: str | None = None
    location: str | None = None
    retry_after: float | None = None
    delay_seconds: float = Field(default=1.0, ge=0)
    size_bytes: int = Field(default=8 * 1024 * 1024, ge=0)
    skip: int = Field(default=0, ge=0)
    times: int | None = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _fits_the_service(self) -> "Fault":
        if self.service == "mail" and self.fault not in MAIL_KINDS:
            raise ValueError(f"mail knows the faults {', '.join(sorted(MAIL_KINDS))}")
        if self.service != "mail" and self.fault == "drop":
            raise ValueError("drop (accept, then lose) is a fault of mail")
        return self


@dataclass
class Standing:
    """A fault and what has become of it."""

    id: int
    fault: Fault
    seen: int = 0
    hits: list[str] = field(default_factory=list)

    @property
    def spent(self) -> bool:
        return self.fault.times is not None and len(self.hits) >= self.fault.times

    def shown(self) -> dict[str, Any]:
        return {"id": self.id, **self.fault.model_dump(), "seen": self.seen, "hits": self.hits}


class FaultBoard:
    """Holds the orders and hands each matching request the fault it must suffer."""

    def __init__(self, clock: Clock = utc_now) -> None:
        self._clock = clock
        self._standing: list[Standing] = []
        self._next_id = 1
        self.released = Bell()
        self.control = APIRouter(prefix="/control/faults", tags=["faults"])
        self.control.add_api_route("", self._set, methods=["POST"], status_code=201)
        self.control.add_api_route("", self._list, methods=["GET"])
        self.control.add_api_route("", self._clear, methods=["DELETE"])

    def take(self, service: str, lines: Sequence[str]) -> Fault | None:
        """The fault this request must suffer, if any; `lines` are the spellings it can be matched by."""
        for standing in self._standing:
            fault = standing.fault
            if fault.service != service or standing.spent:
                continue
            if not any(fnmatchcase(line, fault.match) for line in lines):
                continue
            standing.seen += 1
            if standing.seen > fault.skip:
                standing.hits.append(stamp(self._clock()))
                return fault
        return None

    def reset(self) -> None:
        """Forgets every fault and lets go of the requests that are being held up."""
        self._standing.clear()
        self.released.ring()

    async def _set(self, fault: Fault) -> dict[str, Any]:
        standing = Standing(self._next_id, fault)
        self._next_id += 1
        self._standing.append(standing)
        return standing.shown()

    async def _list(self) -> list[dict[str, Any]]:
        return [standing.shown() for standing in self._standing]

    async def _clear(self) -> dict[str, bool]:
        self.reset()
        return {"ok": True}
