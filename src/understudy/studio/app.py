"""The studio's web application: the rooms' routes, the page, and errors as sentences."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from anyio import to_thread
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from understudy.errors import UnderstudyError
from understudy.studio import guide, live, own_presets, places, plain_page, uploads, watch
from understudy.studio.lanes import TooBusy
from understudy.studio.open_studio import Studio, only_what_is_meant
from understudy.studio.rooms import ROOMS

WEB = Path(__file__).parent / "web"


def studio_app(studio: Studio) -> FastAPI:
    """The application for one studio."""
    app = FastAPI(
        title="understudy studio",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_closed_at_the_end,
        dependencies=[Depends(only_what_is_meant)],
    )
    app.state.studio = studio
    app.state.lanes = {}
    app.add_middleware(GZipMiddleware, minimum_size=4096, compresslevel=3)  # pictures are left alone
    app.add_exception_handler(UnderstudyError, _refused)
    app.add_exception_handler(RequestValidationError, _misunderstood)
    app.add_exception_handler(HTTPException, _not_so)
    app.add_exception_handler(TooBusy, _later)
    app.include_router(live.routes)
    app.include_router(watch.routes)
    app.include_router(guide.routes)
    app.include_router(uploads.routes, prefix="/api/uploads")
    app.include_router(places.routes, prefix="/api/places")
    app.include_router(own_presets.routes, prefix="/api/presets")
    for name, routes in ROOMS.items():
        app.include_router(routes, prefix=f"/api/{name}")

    @app.get("/", include_in_schema=False)
    def page() -> Response:
        return FileResponse(WEB / "index.html", headers={"Cache-Control": "no-cache"})

    @app.get("/api/studio")
    def what_is_open() -> dict[str, str | None]:
        return {"project": studio.project().manifest.name if studio.folder else None, "id": studio.id}

    app.mount("/web", StaticFiles(directory=WEB))
    return app


@contextlib.asynccontextmanager
async def _closed_at_the_end(app: FastAPI) -> AsyncIterator[None]:
    yield
    await to_thread.run_sync(app.state.studio.close)


def _refused(_request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"error": str(error), "kind": type(error).__name__}, status_code=422)


def _misunderstood(_request: Request, error: Exception) -> JSONResponse:
    """A request that says something else than the page would: a name left out, a number out of its range."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    sentence = f"The studio can't take {where or 'this'}: {first['msg']}."
    return JSONResponse({"error": sentence, "kind": "RequestInvalid"}, status_code=422)


def _not_so(request: Request, error: Exception) -> Response:
    """What is not there, or not asked like this: a page for whoever typed the address, JSON for modules."""
    assert isinstance(error, HTTPException)
    sentence = "There is nothing at this address." if error.detail == "Not Found" else f"{error.detail}."
    if "text/html" in request.headers.get("accept", ""):
        text = plain_page.page(sentence, onward="To the studio")
        return HTMLResponse(text, status_code=error.status_code, headers=error.headers)
    content = {"error": sentence, "kind": "RequestInvalid"}
    return JSONResponse(content, status_code=error.status_code, headers=error.headers)


def _later(_request: Request, _error: Exception) -> JSONResponse:
    return JSONResponse({"error": TooBusy.sentence, "kind": "TooBusy"}, 503, {"Retry-After": "1"})
