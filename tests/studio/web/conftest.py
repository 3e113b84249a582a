"""The studio in a real browser: a rendered project, a server in its own process, and a page that is let in.

What uses them is a journey. Where there is no browser it is skipped by name with the reason, unless
UNDERSTUDY_REQUIRE_BROWSER=1. UNDERSTUDY_TEST_PROJECTS=FOLDER keeps the rendered projects for the next run.
A module that needs a trained model says so:

    @pytest.fixture(scope="module")
    def opened(trained_project): return trained_project
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.conftest import write_clip
from understudy.project.project import Project
from understudy.studio.running import new_link, running

SIZE_PX, SRC_FRAMES, DST_FRAMES = 160, 16, 12
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_NEEDS_BROWSER = {"browser", "page", "open_page"}
_HERE = Path(__file__).parent


def browser_path() -> str | None:
    """Where Chromium is on this machine."""
    found = (shutil.which(name) for name in (os.environ.get("UNDERSTUDY_BROWSER", ""), *_BROWSERS) if name)
    return next((path for path in found if path), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        names = set(getattr(item, "fixturenames", ()))
        if _HERE in item.path.parents and names & {*_NEEDS_BROWSER, "studio", "project", "trained_project"}:
            item.add_marker(pytest.mark.journey)


def _command(*words: object) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "understudy", *map(str, words)],
        env={**os.environ, "OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]


def _render_clips(folder: Path) -> None:
    from understudy.actors.identity import DEMO_DST, DEMO_SRC
    from understudy.actors.performance import dst_track, src_track
    from understudy.actors.render import render_frames

    folder.mkdir(parents=True)
    shoots = (("src", DEMO_SRC, src_track(4 * SRC_FRAMES, 1)[::4]), ("dst", DEMO_DST, dst_track(DST_FRAMES, 1)))
    for name, who, track in shoots:
        frames = [rendered.rgb for rendered in render_frames(who, track, size_px=SIZE_PX, processes=2)]
        write_clip(folder / f"{name}.mp4", frames)


def _made(folder: Path, name: str, make: Any) -> Path:
    """`folder/name`, made aside where it is not there yet."""
    if not (folder / name).exists():
        aside = folder / f"{name}.{os.getpid()}.partial"
        make(aside)
        aside.rename(folder / name)
    return folder / name


@pytest.fixture(scope="session")
def made_projects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips and projects, rendered and extracted once; copied, never written to."""
    kept = os.environ.get("UNDERSTUDY_TEST_PROJECTS")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("studio")
    folder.mkdir(parents=True, exist_ok=True)
    clips = _made(folder, "clips", _render_clips)

    def extracted(aside: Path) -> None:
        from understudy.jobs.clips.adding import add_clips

        add_clips(Project.create(aside), src=[clips / "src.mp4"], dst=[clips / "dst.mp4"], consent="fictional")
        _command("extract", aside, "--device", "cpu", "--workers", "1")

    _made(folder, "extracted", extracted)
    return folder


@pytest.fixture(scope="session")
def made_trained_project(made_projects: Path) -> Path:
    """The project with a model `main` that was hardly trained, and its merge."""

    def trained(aside: Path) -> None:
        shutil.copytree(made_projects / "extracted", aside)
        train = ("--preset", "quick", "--iterations", "12", "--batch-size", "4", "--device", "cpu")
        _command("train", aside, *train, "--preview-every", "4")
        _command("merge", aside, "--device", "cpu", "--workers", "1")

    return _made(made_projects, "trained", trained)


def _copied(made: Path, folder: Path) -> Project:
    """A copy in a folder with a difficult name, beside the clips it names."""
    desk = folder / "Mein Prøjekt 影"
    shutil.copytree(made.parent / "clips", desk / "clips")
    shutil.copytree(made, desk / "project")
    manifest = desk / "project" / "understudy.toml"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace(str(made.parent / "clips"), str(desk / "clips")), encoding="utf-8")
    return Project.open(desk / "project")


@pytest.fixture(scope="module")
def project(made_projects: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project of this module alone with a src and a dst clip and their faces."""
    return _copied(made_projects / "extracted", tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def trained_project(made_trained_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same with a model `main`, hardly trained, preset `quick`, and merged frames."""
    return _copied(made_trained_project, tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def opened(project: Project) -> Project:
    """The project that the studio opens; a module overrides this."""
    return project


class RunningStudio:
    """`understudy studio` in a process of its own. It can be killed and started again at the same address."""

    def __init__(self, project: Path | None, *words: str) -> None:
        self.project, self.words = project, words
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        words = [
            "studio",
            *([str(self.project)] if self.project else []),
            *self.words,
            "--port",
            str(self.port),
            "--json",
        ]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "understudy", *words],
            env={**os.environ, "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.said: list[str] = []
        threading.Thread(target=self._listen, args=(self.process.stdout,), daemon=True).start()
        self._until(lambda: "StudioOpen" in "".join(self.said))

    @property
    def url(self) -> str:
        """A link that lets one browser in."""
        return next(new_link(note) for note in running() if note.port == self.port)

    def _until(self, what: Callable[[], Any]) -> None:
        end = time.monotonic() + 120
        while not what():
            assert self.process.poll() is None and time.monotonic() < end, "".join(self.said)
            time.sleep(0.02)

    def _listen(self, lines: Any) -> None:
        self.said.extend(lines)

    @property
    def home(self) -> str:
        """The address without what lets in."""
        return f"http://127.0.0.1:{self.port}/"

    def kill(self) -> None:
        """As a crash would: no time for anything."""
        self.process.kill()
        self.process.wait(30)

    def stop(self) -> None:
        """As Ctrl-C would."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()


@pytest.fixture(scope="module")
def studio(opened: Project) -> Iterator[RunningStudio]:
    """The studio on the module's project."""
    running = RunningStudio(opened.folder)
    yield running
    running.stop()


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """Chromium without a window. Closed with the package: it keeps an event loop in this thread."""
    path = browser_path()
    if path is None:
        reason = "no Chromium here: apt-get install chromium, or name one in UNDERSTUDY_BROWSER"
        if os.environ.get("UNDERSTUDY_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path)
        yield running
        running.close()


@pytest.fixture
def expected_errors() -> list[str]:
    """Words of console errors and failed requests that this test means to cause; append to it."""
    return []


@pytest.fixture
def open_page(browser: Any, studio: RunningStudio, expected_errors: list[str]) -> Iterator[Any]:
    """Opens windows that are let in, e.g. `open_page(width=2560, theme="light", at="#/faces")`.

    Any error in the console, request that fails or answer of 400 and more fails the test, and so does any
    request to another machine.
    """
    contexts, wrong = [], []

    def opened_page(*, width: int = 1280, height: int = 800, theme: str = "dark", at: str = "") -> Any:
        context = browser.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        context.set_default_timeout(60_000)
        context.add_init_script(f"localStorage.setItem('theme', localStorage.getItem('theme') ?? '{theme}')")
        page = context.new_page()
        page.wait_for_function = partial(_wait_until, page)
        _watch(page, studio, wrong)
        page.goto(studio.url)
        page.wait_for_selector("us-shell main > [data-room]")
        if at:
            page.goto(studio.home + at)
            page.wait_for_selector(f"us-shell main [data-room='{at.removeprefix('#/').split('?')[0]}']")
        return page

    yield opened_page
    for context in contexts:
        context.close()
    # A request that the page itself took back is no failure.
    wrong = [one for one in wrong if "ERR_ABORTED" not in one]
    assert [one for one in wrong if not any(words in one for words in expected_errors)] == []


def wait_until(page: Any, what: Callable[[], Any], words: str, *, within_s: float = 60.0) -> None:
    """Let the page go on until something has come true on this side, as that its request was held up."""
    end = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < end, f"This did not come true: {words}"
        page.wait_for_timeout(20)


def _wait_until(page: Any, expression: str, *, arg: Any = None, timeout: float = 60_000) -> None:
    """As Playwright's own, which the page's content security policy forbids: it evaluates inside the page."""
    wait_until(page, lambda: page.evaluate(expression, arg), expression, within_s=timeout / 1000)


def _watch(page: Any, studio: RunningStudio, wrong: list[str]) -> None:
    """Note all that goes wrong in a page."""
    own = (studio.home, studio.home.replace("http", "ws", 1), "data:", "blob:", "about:")

    def note(is_wrong: bool, words: str) -> None:
        if is_wrong:
            wrong.append(words)

    page.on("console", lambda said: note(said.type == "error", said.text))
    page.on("pageerror", lambda error: note(True, str(error)))
    page.on("requestfailed", lambda request: note(True, f"{request.url} {request.failure}"))
    page.on("response", lambda answer: note(answer.status >= 400, f"{answer.status} {answer.url}"))
    page.on("request", lambda request: note(not request.url.startswith(own), f"went out: {request.url}"))
    page.on("websocket", lambda ws: note(not ws.url.startswith(own), f"went out: {ws.url}"))


@pytest.fixture
def page(open_page: Any) -> Any:
    """One window on the studio, at 1280 × 800, dark."""
    return open_page()
