"""`studio/guard.py`: each test attacks it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse

from understudy.studio.app import studio_app
from understudy.studio.door import Door
from understudy.studio.guard import LARGEST_JSON_BYTES, Guard
from understudy.studio.open_studio import Studio

HERE = "http://127.0.0.1:8471"
LIVE = "ws://127.0.0.1:8471/live"
OWN = {"Origin": HERE}


def client_of(
    door: Door, *, names: frozenset[str] = frozenset(), base: str = HERE, probe: bool = False
) -> TestClient:
    """A browser before a guarded studio; with `probe`, one with addresses that take and tell."""
    app = studio_app(Studio(None))
    if probe:
        app.mount("/api/probe", _probe())
    return TestClient(Guard(app, door, names), base_url=base, follow_redirects=False, client=("127.0.0.1", 5))


def _probe() -> FastAPI:
    app = FastAPI()

    @app.post("/json")
    def take(facts: dict[str, str]) -> dict[str, int]:
        return {"taken": len(facts)}

    @app.get("/read")
    def read(request: Request) -> dict[str, str]:
        return dict(request.query_params)

    return app


@pytest.fixture
def outside() -> TestClient:
    """A browser that was not let in."""
    return client_of(Door(), probe=True)


@pytest.fixture
def inside() -> Iterator[TestClient]:
    """A browser that was let in by its link."""
    door = Door()
    client = client_of(door, probe=True)
    client.get(f"/login?token={door.new_token()}")
    yield client


# --- who is let in


@pytest.mark.parametrize(
    "path", ["/", "/web/shell.js", "/api/probe/read", "/nowhere", "/login", "/login?token="]
)
def test_without_a_cookie_there_is_nothing_to_see(outside: TestClient, path: str) -> None:
    answer = outside.get(path)
    assert answer.status_code == 401
    assert "us-shell" not in answer.text


def test_how_the_page_outside_looks_is_all_that_is_public(outside: TestClient) -> None:
    page = outside.get("/").text
    looks = re.findall(r'href="(/web/[^"]+)"', page)
    assert len(looks) == 3 and {outside.get(path).status_code for path in looks} == {200}
    for path in ("/web/style/../shell.js", "/web/style/%2e%2e/shell.js", "/web/style", "/web/kit/keys.js"):
        assert outside.get(path).status_code in (401, 404), path
    assert outside.post(looks[0], json={}, headers=OWN).status_code == 401


def test_the_link_becomes_a_cookie_that_scripts_cant_read_and_a_clean_address() -> None:
    door = Door()
    client = client_of(door)
    answer = client.get(f"/login?token={door.new_token()}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("understudy_8471=") and "Secure" not in cookie
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and "Path=/" in cookie
    assert "us-shell" in client.get("/").text


def test_over_tls_the_cookie_never_travels_in_the_clear() -> None:
    door = Door()
    answer = client_of(door, base="https://localhost:8471").get(f"/login?token={door.new_token()}")
    assert "Secure" in answer.headers["set-cookie"]


def test_a_used_link_lets_nobody_else_in() -> None:
    door = Door()
    token = door.new_token()
    assert client_of(door).get(f"/login?token={token}").status_code == 303
    thief = client_of(door)
    assert thief.get(f"/login?token={token}").status_code == 401
    assert thief.get("/").status_code == 401


def test_a_browser_that_is_in_does_not_use_the_link_up() -> None:
    door = Door()
    client = client_of(door)
    client.get(f"/login?token={door.new_token()}")
    token = door.new_token()
    assert client.get(f"/login?token={token}").status_code == 303
    assert client_of(door).get(f"/login?token={token}").status_code == 303


def test_guessing_is_slowed_down_until_the_right_token_is_not_looked_at() -> None:
    door = Door()
    token = door.new_token()
    client = client_of(door)
    assert [client.get(f"/login?token={n}").status_code for n in range(12)] == [401] * 10 + [429] * 2
    answer = client.get(f"/login?token={token}")
    assert answer.status_code == 429 and 0 < int(answer.headers["retry-after"]) <= 60


def test_a_browser_that_fetches_beforehand_does_not_use_the_link_up() -> None:
    door = Door()
    token = door.new_token()
    client = client_of(door)
    assert client.get(f"/login?token={token}", headers={"Sec-Purpose": "prefetch;prerender"}).status_code == 503
    assert client.get(f"/login?token={token}").status_code == 303


def test_a_link_clicked_on_another_page_leads_in_by_a_page_of_ours() -> None:
    door = Door()
    told = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    answer = client_of(door).get(f"/login?token={door.new_token()}", headers=told)
    assert answer.status_code == 200 and "set-cookie" in answer.headers and 'url=/"' in answer.text


@pytest.mark.parametrize("cookie", ["", "x", "understudy_8472", "ünder"])
def test_a_made_up_cookie_opens_nothing(outside: TestClient, cookie: str) -> None:
    sent = f"understudy_8471={cookie}".encode()
    assert outside.get("/", headers={b"Cookie": sent}).status_code == 401


def test_a_token_is_no_cookie() -> None:
    door = Door()
    token = door.new_token()
    assert client_of(door).get("/", headers={"Cookie": f"understudy_8471={token}"}).status_code == 401


def test_two_studios_behind_one_name_have_cookies_of_their_own() -> None:
    door = Door()
    client = client_of(door, base="http://localhost:9001")
    assert "understudy_9001=" in client.get(f"/login?token={door.new_token()}").headers["set-cookie"]


# --- who asks


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8471", "169.254.169.254", "",
     "localhost:x", "user@127.0.0.1", "127.0.0.1:8471/", "[::2]", "0.0.0.0:8471"],
)  # fmt: skip
def test_another_name_that_points_here_is_refused_even_with_the_cookie(inside: TestClient, host: str) -> None:
    answer = inside.get("/", headers={"Host": host})
    assert answer.status_code == 421 and "us-shell" not in answer.text


@pytest.mark.parametrize("name", ["localhost", "[::1]", "LOCALHOST", "127.0.0.1"])
def test_loopback_has_its_usual_names_at_any_port_a_tunnel_gives_it(name: str) -> None:
    door = Door()
    assert (
        client_of(door, base=f"http://{name}:9999").get(f"/login?token={door.new_token()}").status_code == 303
    )


def test_the_named_host_is_answered_to_and_no_other() -> None:
    client = client_of(Door(), names=frozenset({"gpu.example"}))
    assert client.get("/", headers={"Host": "gpu.example:8471"}).status_code == 401
    assert client.get("/", headers={"Host": "gpu2.example:8471"}).status_code == 421


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW"])
@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "http://evil.example",
        "http://localhost:8471",
        "http://127.0.0.1:3000",
        "https://127.0.0.1:8471",
    ],
)
def test_nothing_is_changed_for_another_page(inside: TestClient, method: str, origin: str | None) -> None:
    headers = {"Content-Type": "application/json"} | ({"Origin": origin} if origin else {})
    answer = inside.request(method, "/api/probe/json", content="{}", headers=headers)
    assert answer.status_code == 403


def test_our_own_page_may_change_things(inside: TestClient) -> None:
    assert inside.post("/api/probe/json", json={"a": "b"}, headers=OWN).json() == {"taken": 1}


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_can_neither_read_nor_embed(inside: TestClient, site: str) -> None:
    for dest, mode in (("image", "no-cors"), ("iframe", "navigate"), ("script", "no-cors"), ("empty", "cors")):
        told = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
        assert inside.get("/api/probe/read", headers=told).status_code == 403


@pytest.mark.parametrize("origin", [None, "http://evil.example", "http://127.0.0.1:3000", "null"])
def test_a_websocket_of_another_page_is_refused(inside: TestClient, origin: str | None) -> None:
    headers = {"Origin": origin} if origin else {}
    with (
        pytest.raises(WebSocketDenialResponse) as refused,
        inside.websocket_connect(LIVE, headers=headers),
    ):
        pass
    assert refused.value.status_code == 403


def test_a_websocket_needs_the_cookie_and_our_name_too(outside: TestClient, inside: TestClient) -> None:
    with (
        pytest.raises(WebSocketDenialResponse) as refused,
        outside.websocket_connect(LIVE, headers=OWN),
    ):
        pass
    assert refused.value.status_code == 401
    rebound = {"Host": "evil.example", "Origin": "http://evil.example"}
    with (
        pytest.raises(WebSocketDenialResponse) as refused,
        inside.websocket_connect(LIVE, headers=rebound),
    ):
        pass
    assert refused.value.status_code == 421


def test_our_own_page_listens(inside: TestClient) -> None:
    with inside.websocket_connect(LIVE, headers=OWN):
        pass


# --- what is asked


@pytest.mark.parametrize(
    "path",
    ["/web/../app.py", "/web/%2e%2e/app.py", "/web/..%2fapp.py", "/web/%2e%2e%2fapp.py", "/web/..%5capp.py",
     "/web/%252e%252e/app.py", "/web/%252e%252e%252fapp.py", "//etc/passwd", "/web//etc/passwd",
     "/web/%2fetc/passwd", "/web/./shell.js", "/web/shell.js%00.png", "/web/..", "/web/rooms/../../server.py"],
)  # fmt: skip
def test_no_path_leads_out_of_the_page(inside: TestClient, path: str) -> None:
    cookie = f"understudy_8471={inside.cookies['understudy_8471']}"
    headers = [(b"host", b"127.0.0.1:8471"), (b"cookie", cookie.encode())]
    asked = {"path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers, "root_path": ""}
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "http_version": "1.1",
        "client": ("::1", 5),
    } | asked
    assert _status(inside, scope) == 404


def _status(client: TestClient, scope: dict[str, object]) -> int:
    """The answer to a scope as it is, without a client that would tidy the path."""
    import asyncio

    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    asyncio.run(client.app(scope, receive, send))  # type: ignore[arg-type]
    return int(str(sent[0]["status"]))


@pytest.mark.parametrize(
    "kind", ["text/plain", "multipart/form-data; boundary=x", "", "application/x-www-form-urlencoded"]
)
def test_only_json_is_taken(inside: TestClient, kind: str) -> None:
    headers = OWN | {"Content-Type": kind}
    assert inside.post("/api/probe/json", content='{"a": "b"}', headers=headers).status_code == 415


def test_a_body_that_says_it_is_too_large_is_not_even_read(inside: TestClient) -> None:
    headers = OWN | {"Content-Type": "application/json", "Content-Length": str(LARGEST_JSON_BYTES + 1)}
    assert inside.post("/api/probe/json", content=b"{}", headers=headers).status_code == 413


def test_a_body_without_a_length_is_counted(inside: TestClient) -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(64):
            taken += 1
            yield b" " * (1 << 20)

    headers = OWN | {"Content-Type": "application/json"}
    assert inside.post("/api/probe/json", content=endless(), headers=headers).status_code == 413


@pytest.mark.parametrize("length", ["-1", "1e9", "0x10", "٣"])
def test_a_length_that_is_no_number_is_refused(inside: TestClient, length: str) -> None:
    headers = {k.encode(): v.encode() for k, v in (OWN | {"Content-Type": "application/json"}).items()}
    sent = headers | {b"Content-Length": length.encode()}
    assert inside.post("/api/probe/json", content=b"{}", headers=sent).status_code == 413


# --- what is answered


@pytest.mark.parametrize("path", ["/", "/web/shell.js", "/api/probe/read", "/nowhere", "/login?token=x"])
def test_every_answer_forbids_inline_script_framing_and_guessing(inside: TestClient, path: str) -> None:
    headers = inside.get(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] == (
        "no-cache" if path.startswith(("/web/",)) or path == "/" else "no-store"
    )


def test_refusals_carry_the_same_policy_and_no_secret(outside: TestClient) -> None:
    answer = outside.get("/login?token=<script>alert(1)</script>")
    assert "'none'" in answer.headers["content-security-policy"] and "alert" not in answer.text


def test_a_refusal_under_api_is_a_sentence_in_json(outside: TestClient) -> None:
    answer = outside.get("/api/probe/read")
    assert answer.json()["kind"] == "NotLetIn" and "--new-link" in answer.json()["error"]
