"""Stands before every request and every WebSocket, and lets through only what the studio's own page asks.

Order: is it meant for us (Host), is the path plain, does it come from our page (Origin, Sec-Fetch-Site), was
this browser let in (cookie), is the body of the kind and size that is taken. It knows no rooms.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from understudy.studio.door import Door, TooManyTries
from understudy.studio.plain_page import LOOKS, page

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
UPLOADS = "/api/uploads/"  # here bodies may be bytes, which are counted by who takes them
_BYTES = "application/octet-stream"
LARGEST_JSON_BYTES = 16 << 20

_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?")
_STEPS_OUT = re.compile(rb"(^|/|%2f)(\.|%2e){1,2}(/|%2f|$)|%5c|\\|%00|%25(2e|2f|5c)", re.IGNORECASE)
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "media-src 'self' blob:; connect-src 'self'; font-src 'self'; worker-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
_NOT_LET_IN = (
    "This browser was not let in. Press Enter in the terminal where the studio runs, or say "
    "`understudy studio --new-link` on its machine, and open the link that is printed."
)
_USED = "This link is used up, or was never right. " + _NOT_LET_IN.partition(". ")[2]


@dataclass(eq=False)
class _Refusal(Exception):
    status: int
    sentence: str
    kind: str
    wait_s: float = 0.0


class Guard:
    """ASGI middleware around `app`. `names` are the hosts it answers to, beside those of loopback."""

    def __init__(self, app: ASGIApp, door: Door, names: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._door = door
        self._names = LOOPBACK_NAMES | {name.lower() for name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through, or answer in the application's place."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            host = self._require_host(headers)
            _require_plain_path(scope)
            _require_own_page(scope, headers)
            if scope["type"] == "http" and scope["path"] == "/login":
                await self._login(scope, headers, host)(scope, receive, _with_headers(send))
                return
            if not (scope["path"].startswith(LOOKS) and scope.get("method") in ("GET", "HEAD")):
                self._require_cookie(headers, host)
            await self._app(scope, await _limited(scope, headers, receive), _with_headers(send, scope["path"]))
        except _Refusal as refusal:
            await _refuse(refusal, scope, receive, send)

    def _require_host(self, headers: Headers) -> str:
        said = [host.lower() for host in headers.getlist("host")]
        match = _HOST.fullmatch(said[0]) if len(said) == 1 else None
        if match is None or match[1] not in self._names:
            # A page of another name that points here (DNS rebinding) must not read anything.
            raise _Refusal(421, "The studio doesn't answer to this name. See --host.", "WrongHost")
        return said[0]

    def _login(self, scope: Scope, headers: Headers, host: str) -> Response:
        if scope["method"] != "GET":
            raise _Refusal(405, "A link is opened with GET.", "WrongMethod")
        if "prefetch" in headers.get("sec-purpose", headers.get("purpose", "")):
            raise _Refusal(503, "A link is opened by a person, not beforehand.", "Prefetched")
        if self._is_let_in(headers, host):  # the link stays good for another browser
            return _onward(headers)
        token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        try:
            cookie = self._door.enter(token, scope["client"][0] if scope.get("client") else "")
        except TooManyTries as error:
            raise _Refusal(429, str(error), "TooManyTries", error.wait_s) from None
        if cookie is None:
            raise _Refusal(401, _USED, "NotLetIn")
        response = _onward(headers)
        response.set_cookie(
            _cookie_name(host), cookie, httponly=True, samesite="strict", secure=scope["scheme"] == "https"
        )
        return response

    def _require_cookie(self, headers: Headers, host: str) -> None:
        if not self._is_let_in(headers, host):
            raise _Refusal(401, _NOT_LET_IN, "NotLetIn")

    def _is_let_in(self, headers: Headers, host: str) -> bool:
        name = _cookie_name(host)
        said = [cookie_parser(line).get(name, "") for line in headers.getlist("cookie")]
        return any(self._door.knows(cookie) for cookie in said if cookie)


def _cookie_name(host: str) -> str:
    # Browsers share cookies among the ports of one name. The port is the one that the browser sees, so that two
    # machines far away, both through tunnels, don't take each other's.
    port = host.rpartition(":")[2]
    return f"understudy_{port if port.isdigit() else 'default'}"


def _onward(headers: Headers) -> Response:
    """To the clean address. A link clicked on another site's page goes there by a page of ours, because
    browsers keep a strict cookie back as long as the other site leads."""
    if headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
        return RedirectResponse("/", status_code=303)
    return HTMLResponse(
        '<!doctype html><meta http-equiv="refresh" content="0; url=/"><a href="/">To the studio</a>'
    )


def _require_plain_path(scope: Scope) -> None:
    raw = scope.get("raw_path") or scope["path"].encode()
    if _STEPS_OUT.search(raw.partition(b"?")[0]):
        raise _Refusal(404, "There is nothing here.", "NoSuchPath")


def _require_own_page(scope: Scope, headers: Headers) -> None:
    """Browsers say where a request comes from; what changes something, and a WebSocket, must come from us."""
    site = headers.get("sec-fetch-site", "none")
    opened_by_hand = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    if site not in ("none", "same-origin") and not (opened_by_hand and scope.get("method") == "GET"):
        raise _Refusal(403, "This was asked by a page of another site.", "ForeignPage")
    if scope["type"] == "http" and scope["method"] in _SAFE_METHODS:
        return
    scheme = {"ws": "http", "wss": "https"}.get(scope["scheme"], scope["scheme"])
    if headers.getlist("origin") != [f"{scheme}://{headers['host']}".lower()]:
        raise _Refusal(403, "This was not asked by the studio's own page.", "ForeignPage")


async def _limited(scope: Scope, headers: Headers, receive: Receive) -> Receive:
    """The body, read whole, when it is JSON and small enough. A browser that leaves meanwhile ends it."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if scope["type"] != "http" or scope["method"] in _SAFE_METHODS:
        return receive
    if scope["method"] == "PUT" and scope["path"].startswith(UPLOADS) and kind == _BYTES:
        return receive
    if kind != "application/json":
        raise _Refusal(415, "Only JSON is taken here.", "WrongContentType")
    too_large = _Refusal(413, f"More than {LARGEST_JSON_BYTES >> 20} MB is not taken here.", "BodyTooLarge")
    declared = headers.get("content-length", "0")
    if not declared.isdigit() or int(declared) > LARGEST_JSON_BYTES:
        raise too_large
    body, more = bytearray(), True
    while more:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LARGEST_JSON_BYTES:
            raise too_large
        more = message["type"] == "http.request" and message.get("more_body", False)
    waiting: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

    async def replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return replayed


def _with_headers(send: Send, path: str = "") -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
            # Modules have an ETag: asked for again after an upgrade, and not sent again without.
            headers.setdefault("Cache-Control", "no-cache" if path.startswith("/web/") else "no-store")
        await send(message)

    return guarded


async def _refuse(refusal: _Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    headers = {"Retry-After": str(math.ceil(refusal.wait_s))} if refusal.wait_s else {}
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})
        return
    response: Response
    if scope["type"] == "websocket" or scope["path"].startswith("/api/"):
        content = {"error": refusal.sentence, "kind": refusal.kind}
        response = JSONResponse(content, refusal.status, headers)
    else:
        response = HTMLResponse(page(refusal.sentence), refusal.status, headers)
    await response(scope, receive, _with_headers(send))
