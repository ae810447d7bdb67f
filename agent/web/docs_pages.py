"""The description of the API for people and programs: /openapi.yaml, the Postman collection, and pages at /docs.

The pages are Swagger UI from a package on this machine; nothing is fetched from elsewhere.
"""

from importlib.resources import files

import yaml
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from agent.errors import Missing
from agent.web.postman.collection import collection

router = APIRouter(include_in_schema=False)
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


@router.get("/openapi.yaml")
async def openapi_yaml(request: Request) -> Response:
    """Return the description as YAML."""
    return Response(as_yaml(request.app.openapi()), media_type="application/yaml")


@router.get("/meetbot.postman_collection.json")
async def postman(request: Request) -> JSONResponse:
    """Return the collection."""
    return JSONResponse(collection(request.app.openapi()))


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
