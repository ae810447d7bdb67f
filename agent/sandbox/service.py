"""All fakes behind one ASGI application."""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Protocol

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request

from agent.sandbox.fault_injection import FaultInjector, HangUp
from agent.sandbox.faults import FaultBoard


class Fake(Protocol):
    """Anything the service serves: it can be told things, and it can forget."""

    control: APIRouter

    def reset(self) -> None: ...


class WiredFake(Fake, Protocol):
    """A fake that also speaks HTTP to the product."""

    wire: APIRouter


def build_service(
    wired: Sequence[WiredFake], others: Sequence[Fake], faults: FaultBoard, hang_up: HangUp
) -> FaultInjector:
    """The application: every wire and control router, one reset for all, faults around everything."""
    app = FastAPI(title="Meetbot sandbox", docs_url="/control/docs", openapi_url="/control/openapi.json")
    desk = [Depends(local_only)]
    everyone: list[Fake] = [*wired, *others, faults]
    for speaker in wired:
        app.include_router(speaker.wire)
    for fake in everyone:
        app.include_router(fake.control, dependencies=desk)

    async def reset() -> dict[str, bool]:
        for fake in everyone:
            fake.reset()
        return {"ok": True}

    app.add_api_route("/control/reset", reset, methods=["POST"], tags=["world"], dependencies=desk)
    return FaultInjector(app, faults, hang_up)


def local_only(request: Request) -> None:
    """The teller needs no key, so it must sit on this machine, whatever address the world listens on."""
    if request.client is None or not ip_address(request.client.host).is_loopback:
        raise HTTPException(403, "the control API answers this machine only")
