"""`studio/server.py`: the real server in a process of its own, as `understudy studio` runs it."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from websockets.sync.client import connect

from tests.studio.certificates import write_certificate


def _started() -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "understudy", "studio", "--port", "0", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    said = json.loads(process.stdout.readline())
    assert said["event"] == "StudioOpen"
    yield process, said["url"]
    process.kill()
    process.communicate()


@pytest.fixture
def running() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A studio of this test alone without a project, and its link."""
    yield from _started()


@pytest.fixture(scope="module")
def link(home_of_the_tests: None) -> Iterator[str]:
    """A link, good once, into a studio that no test ends."""
    for _, link in _started():
        yield link


def _let_in(link: str) -> tuple[urllib.request.OpenerDirector, CookieJar]:
    jar = CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    assert b"us-shell" in browser.open(link).read()
    return browser, jar


def test_the_link_on_the_first_line_lets_in_and_ctrl_c_ends_it_without_a_word_of_it(
    running: tuple[subprocess.Popen[str], str],
) -> None:
    process, link = running
    _let_in(link)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0 and time.monotonic() - began < 30
    assert out == "" and err == ""


def test_open_websockets_dont_hold_the_end_up(running: tuple[subprocess.Popen[str], str]) -> None:
    process, link = running
    _, jar = _let_in(link)
    where = urlsplit(link)
    cookie = "; ".join(f"{one.name}={one.value}" for one in jar)
    headers = {"Cookie": cookie}
    with connect(f"ws://{where.netloc}/live", origin=f"http://{where.netloc}", additional_headers=headers):  # type: ignore[arg-type]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


def test_no_tidied_path_and_no_raw_one_leads_out(link: str) -> None:
    _, jar = _let_in(link)
    where = urlsplit(link)
    connection = http.client.HTTPConnection(where.netloc)
    for path in ("/web/../server.py", "/web/%2e%2e/server.py", "/web/..%2fserver.py", "/web/..%5cserver.py"):
        connection.request("GET", path, headers={"Cookie": "; ".join(f"{c.name}={c.value}" for c in jar)})
        answer = connection.getresponse()
        assert answer.status == 404 and b"import" not in answer.read()


def test_two_hosts_in_one_request_are_refused(link: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(link).netloc)
    connection.putrequest("GET", "/", skip_host=True)
    connection.putheader("Host", "127.0.0.1")
    connection.putheader("Host", "evil.example")
    connection.endheaders()
    assert connection.getresponse().status in (400, 421)


def test_the_server_doesnt_name_itself(link: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(link).netloc)
    connection.request("GET", "/")
    assert connection.getresponse().getheader("server") is None


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX terminal")
def test_enter_in_the_terminal_prints_a_link_for_another_browser() -> None:
    import pty

    master, slave = pty.openpty()
    command = [sys.executable, "-m", "understudy", "studio", "--port", "0", "--no-browser"]
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment)
    os.close(slave)
    try:
        (first,) = _links(master, 1)
        _let_in(first)
        os.write(master, b"\n")
        (second,) = _links(master, 1)
        assert second != first
        _let_in(second)
    finally:
        process.kill()
        process.wait()
        os.close(master)


def _links(terminal: int, number: int) -> list[str]:
    said = ""
    while len(found := re.findall(r"http\S+token=\S+(?=\s)", said)) < number:
        said += os.read(terminal, 4096).decode()
    return found


def test_one_that_is_to_end_alone_does_as_soon_as_no_window_listens() -> None:
    command = [
        sys.executable,
        "-m",
        "understudy",
        "studio",
        "--port",
        "0",
        "--json",
        "--ends-alone-min",
        "0.05",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        link = json.loads(process.stdout.readline())["url"]
        _, jar = _let_in(link)
        where = urlsplit(link)
        headers = {"Cookie": "; ".join(f"{one.name}={one.value}" for one in jar)}
        with connect(f"ws://{where.netloc}/live", origin=f"http://{where.netloc}", additional_headers=headers):  # type: ignore[arg-type]
            time.sleep(4)  # longer than it waits for a window
            assert process.poll() is None
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.communicate()


def test_it_is_reached_through_tls_and_its_cookie_stays_there(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    command = [sys.executable, "-m", "understudy", "studio", "--port", "0", "--json", "--host", "localhost"]
    command += ["--certificate", str(certificate), "--key", str(key)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        link = json.loads(process.stdout.readline())["url"]
        assert link.startswith("https://localhost:")
        jar, trust = CookieJar(), ssl.create_default_context(cafile=str(certificate))
        handlers = (urllib.request.HTTPCookieProcessor(jar), urllib.request.HTTPSHandler(context=trust))
        assert b"us-shell" in urllib.request.build_opener(*handlers).open(link).read()
        assert all(cookie.secure for cookie in jar) and len(jar) == 1
        where = urlsplit(link)
        headers = {"Cookie": "; ".join(f"{one.name}={one.value}" for one in jar)}
        secure = {"origin": f"https://{where.netloc}", "additional_headers": headers, "ssl": trust}
        with connect(f"wss://{where.netloc}/live", **secure):  # type: ignore[arg-type]
            pass
    finally:
        process.kill()
        process.communicate()


def test_a_computation_that_goes_on_doesnt_hold_the_end_up() -> None:
    """As where a room is just loading a model."""
    script = (
        "import time\n"
        "from understudy.cli.main import main\n"
        "from understudy.studio import server\n"
        "made = server.studio_app\n"
        "def with_work(studio):\n"
        "    app = made(studio)\n"
        "    app.add_api_route('/api/work', lambda: time.sleep(60), methods=['GET'])\n"
        "    return app\n"
        "server.studio_app = with_work\n"
        "main(['studio', '--port', '0', '--json'])\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        link = json.loads(process.stdout.readline())["url"]
        _, jar = _let_in(link)
        connection = http.client.HTTPConnection(urlsplit(link).netloc)
        connection.request(
            "GET", "/api/work", headers={"Cookie": "; ".join(f"{c.name}={c.value}" for c in jar)}
        )
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=40)
    finally:
        process.kill()
        process.communicate()
