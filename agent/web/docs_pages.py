"""The description of the API for people and programs: in two spellings, as a Postman collection, and as pages at /docs.

The pages are Swagger UI from a package on this machine; nothing is fetched from elsewhere.
"""

import asyncio
import json
import threading
from importlib.resources import files

import yaml
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from agent.errors import Missing
from agent.web.postman.collection import collection

router = APIRouter(include_in_schema=False)
PRINTING = threading.Lock()
ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
START = """\
window.addEventListener("load", () => {
  SwaggerUIBundle({
    url: "/openapi.json", dom_id: "#api", deepLinking: true, displayRequestDuration: true, validatorUrl: null,
    persistAuthorization: false, tagsSorter: undefined,
  });
});
"""
PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Meetbot API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)


@router.get("/openapi.json")
async def openapi_json(request: Request) -> Response:
    """Return the description."""
    return await _printed(request, "application/json", "openapi")


@router.get("/openapi.yaml")
async def openapi_yaml(request: Request) -> Response:
    """Return the description as YAML."""
    return await _printed(request, "application/yaml", "yaml")


@router.get("/meetbot.postman_collection.json")
async def postman(request: Request) -> Response:
    """Return the collection."""
    return await _printed(request, "application/json", "postman")


async def _printed(request: Request, media_type: str, form: str) -> Response:
    """Return one form of the description; the first to ask waits a second for it, and nobody else does."""
    forms = await asyncio.to_thread(_forms, request.app)
    return Response(forms[form], media_type=media_type)


def _forms(app: FastAPI) -> dict[str, bytes]:
    with PRINTING:
        if not hasattr(app.state, "printed"):
            document = app.openapi()
            app.state.printed = {
                "openapi": json.dumps(document, ensure_ascii=False).encode(),
                "yaml": as_yaml(document).encode(),
                "postman": json.dumps(collection(document), ensure_ascii=False).encode(),
            }
        printed: dict[str, bytes] = app.state.printed
    return printed


@router.get("/")
async def front() -> Response:
    """Lead a person who opens the server's address to what there is to see."""
    return RedirectResponse("/docs")


@router.get("/docs")
async def pages() -> HTMLResponse:
    """Return the page on which the API can be tried."""
    return HTMLResponse(PAGE, headers={"Content-Security-Policy": POLICY})


@router.get("/docs/start.js")
async def start() -> Response:
    """Return what starts the page."""
    return Response(START, media_type="text/javascript")


@router.get("/docs/{name}")
def asset(name: str) -> Response:
    """Return a file of the page."""
    if name not in ASSETS:
        raise Missing("There is no such file.")
    content = files("fastapi_offline").joinpath("static", name).read_bytes()
    return Response(content, media_type=ASSETS[name], headers={"Cache-Control": "public, max-age=86400"})


def as_yaml(document: dict[str, object]) -> str:
    """Spell the description as YAML, in its own order."""
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)
