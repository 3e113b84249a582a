"""What the studio's guard keeps out, attacked from a real browser; and windows that agree with commands."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.studio.web.conftest import RunningStudio
from understudy.project.project import Project

ATTACK = """async (studio) => {
  const told = {};
  const json = { method: 'POST', body: '{"name": "stolen"}', credentials: 'include' };
  const tried = (path, how) => fetch(studio + path, how).then(a => a.text(), () => 'refused');
  told.read = await tried('api/project/state', { credentials: 'include' });
  told.blind = await tried('api/project/projects/duplicate', { ...json, mode: 'no-cors' });
  const headers = { 'Content-Type': 'application/json' };
  told.json = await tried('api/project/projects/duplicate', { ...json, headers });
  told.socket = await new Promise(done => {
    const socket = new WebSocket(studio.replace('http', 'ws') + 'live');
    socket.onopen = () => done('open');
    socket.onerror = () => done('refused');
  });
  told.picture = await new Promise(done => {
    const picture = new Image();
    picture.onload = () => done('seen');
    picture.onerror = () => done('refused');
    picture.src = studio + 'web/style/icon.svg';
  });
  told.script = await import(studio + 'web/kit/keys.js').then(() => 'run', () => 'refused');
  return told;
}"""


@pytest.fixture
def other_site() -> Iterator[str]:
    """A page of another program on this machine: browsers send it the studio's cookies along."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>other</title><p>other")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_a_page_of_another_program_here_neither_sees_nor_does_anything(
    page: Any, studio: RunningStudio, other_site: str, opened: Project
) -> None:
    before = {path.name for path in opened.folder.parent.iterdir()}
    evil = page.context.new_page()
    evil.goto(other_site)
    cookies = [cookie for cookie in page.context.cookies() if cookie["name"].startswith("understudy_")]
    assert len(cookies) == 1 and cookies[0]["httpOnly"] and cookies[0]["sameSite"] == "Strict"
    assert evil.evaluate("document.cookie") == ""
    told = evil.evaluate(ATTACK, studio.home)
    assert set(told.values()) == {"refused"}, told
    assert {path.name for path in opened.folder.parent.iterdir()} == before


def test_the_studio_is_in_no_frame(page: Any, studio: RunningStudio, other_site: str) -> None:
    evil = page.context.new_page()
    evil.goto(other_site)
    evil.evaluate(
        "studio => new Promise(done => { const f = document.createElement('iframe'); f.src = studio;"
        " f.onload = done; document.body.append(f); setTimeout(done, 3000); })",
        studio.home,
    )
    assert all(frame.query_selector("us-shell") is None for frame in evil.frames)


def test_text_that_became_a_script_or_a_style_does_nothing(page: Any, expected_errors: list[str]) -> None:
    expected_errors.append("Content Security Policy")
    ran = page.evaluate("""async () => {
      const script = document.createElement('script');
      script.textContent = 'window.attacked = true';
      const box = document.createElement('div');
      box.innerHTML = '<img src="data:," onerror="window.attacked = true"><p style="color: rgb(1, 2, 3)">x</p>';
      document.body.append(script, box);
      await new Promise(done => setTimeout(done, 300));
      return [Boolean(window.attacked), getComputedStyle(box.querySelector('p')).color];
    }""")
    assert ran[0] is False and ran[1] != "rgb(1, 2, 3)"


def test_a_used_link_says_what_to_do_and_a_new_one_lets_in(browser: Any, studio: RunningStudio) -> None:
    link = studio.url
    first, second = browser.new_context().new_page(), browser.new_context().new_page()
    first.goto(link)
    first.wait_for_selector("us-shell")
    assert "token" not in first.url
    assert second.goto(link).status == 401
    assert "--new-link" in second.inner_text("body")
    second.goto(studio.url)
    second.wait_for_selector("us-shell")
    for page in (first, second):
        page.context.close()


def test_a_link_clicked_on_another_page_lets_in(browser: Any, studio: RunningStudio, other_site: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(other_site.replace("127.0.0.1", "localhost"))
    page.evaluate(
        "link => { const a = document.createElement('a'); a.href = link; document.body.append(a); a.click(); }",
        studio.url,
    )
    page.wait_for_selector("us-shell")
    context.close()


def test_what_a_command_changes_is_told_to_every_window(open_page: Any, opened: Project) -> None:
    windows = [open_page(), open_page()]
    for window in windows:
        window.evaluate("""async () => {
          const { live } = await import('/web/kit/live.js');
          window.heard = [];
          live.addEventListener('faces', event => window.heard.push(event.detail.faceset));
        }""")
    face = next(path for path in Path(opened.faceset_folder("src", "main")).iterdir() if path.suffix == ".jpg")
    face.unlink()  # as a file manager would
    for window in windows:
        window.wait_for_function("window.heard.includes('src/main')")
