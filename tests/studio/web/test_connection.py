"""Nothing that was done is lost with a connection: the studio is killed in the midst of it."""

from __future__ import annotations

import json
import os
import signal
import struct
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.jobs.conftest import write_wall
from tests.studio.web.conftest import RunningStudio, wait_until
from understudy.project.project import Project

_MAKE = """async (names) => {
  const { post } = await import('/web/kit/api.js');
  window.made = Promise.all(names.map((name) => post('training/new', { name, preset: 'quick' })));
}"""


def test_an_action_in_the_midst_of_a_kill_is_done_once_when_the_studio_is_back(
    page: Any, studio: RunningStudio, opened: Project, expected_errors: list[str]
) -> None:
    expected_errors += ["ERR_", "WebSocket", "Failed to fetch", "401"]
    page.wait_for_function("import('/web/kit/live.js').then(({ live }) => live.connected)")
    os.kill(studio.process.pid, signal.SIGSTOP)  # from here it takes connections and does nothing
    with page.expect_request("**/api/training/new"):
        page.evaluate(_MAKE, ["first"])
    studio.kill()
    page.get_by_text("Connection lost; what you do is kept").wait_for()
    page.get_by_text("1 action waits.").wait_for()
    assert "first" not in Project.open(opened.folder).manifest.models
    studio.start()
    page.get_by_text("The studio was started anew").wait_for()
    other = page.context.new_page()
    other.goto(studio.url)
    other.close()
    page.evaluate("made")
    assert "first" in Project.open(opened.folder).manifest.models
    page.get_by_text("Connected again; what you did was sent.").wait_for()
    page.locator("us-connection").wait_for(state="hidden")


def test_what_is_done_in_a_row_goes_to_the_outbox_without_the_answers_it_does_not_need(page: Any) -> None:
    assert page.evaluate("""async () => {
      const { Line } = await import('/web/kit/line.js');
      const { outbox } = await import('/web/kit/api.js');
      const [line, said, moment] = [new Line(), [], () => new Promise((done) => setTimeout(done))];
      let answer;
      const add = (words, how) => line.add(async () => said.push(words), how).catch(() => {});
      line.add(() => (said.push('one'), new Promise((_, failed) => (answer = failed)))).catch(() => {});
      add('two');
      add('undo', { needs_answers: true });
      add('three');
      await moment();
      said.push('lost');
      outbox.waiting.push({});
      outbox.dispatchEvent(new Event('change'));
      await moment();
      outbox.waiting.pop();
      outbox.dispatchEvent(new Event('change'));
      said.push('answered');
      answer(new Error('refused'));
      await line.done;
      return said;
    }""") == ["one", "lost", "two", "answered", "undo", "three"]


def test_an_action_asked_for_twice_is_done_once(page: Any, opened: Project) -> None:
    """What a window does that lost its answer."""
    statuses = page.evaluate("""() => Promise.all([1, 2, 3].map(() => fetch('/api/training/new', {
      method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Action': 'the-same' },
      body: JSON.stringify({ name: 'once', preset: 'quick' }) }).then((answer) => answer.status)))""")
    assert statuses == [200, 200, 200]
    assert "once" in Project.open(opened.folder).manifest.models


def test_a_runs_log_is_read_to_its_end_and_its_row_stays_without_a_connection(
    page: Any, opened: Project, expected_errors: list[str]
) -> None:
    expected_errors += ["ERR_"]
    folder = opened.logs_folder / "runs" / "20250101-000000-000-train"
    folder.mkdir(parents=True)
    progress = json.dumps({"event": "Progress", "stage": "train", "done": 1, "note": "x" * 1000}) + "\n"
    last = json.dumps({"event": "Notice", "level": "info", "text": "the last word"}) + "\n"
    (folder / "events.jsonl").write_text(progress * 2500 + last)  # more than comes at once
    (folder / "keeper.json").write_text("{}")
    (folder / "end.json").write_text(json.dumps({"state": "done", "at": 2.0}))
    (folder / "run.json").write_text(json.dumps({"title": "A long one", "words": ["train"], "created": 1.0}))
    row = page.locator("us-run").filter(has_text="A long one")
    row.get_by_role("button", name="Log").click()
    row.get_by_text("the last word").wait_for()
    page.route("**/api/project/runs/**", lambda route: route.abort("connectionfailed"))
    page.evaluate("""async () => {
      const rows = [...document.querySelectorAll('us-run')];
      await rows.find((one) => one.textContent.includes('A long one')).refresh();
    }""")
    assert row.count() == 1
    page.unroute_all()


def _connected(page: Any) -> None:
    page.wait_for_function("import('/web/kit/live.js').then(({ live }) => live.connected)")


def _models(opened: Project) -> set[str]:
    return set(Project.open(opened.folder).manifest.models)


@pytest.fixture
def left(page: Any, studio: RunningStudio, expected_errors: list[str]) -> Any:
    """A window opened after another one was closed that could not send two actions."""
    expected_errors += ["ERR_", "WebSocket", "Failed to fetch", "401"]
    _connected(page)
    studio.kill()
    page.get_by_text("Connection lost").wait_for()
    page.evaluate(_MAKE, ["early", "late"])
    page.get_by_text("2 actions wait.").wait_for()
    page.wait_for_function("""import('/web/kit/kept.js').then(async ({ remembered }) =>
      (await remembered('actions', (await import('/web/kit/api.js')).outbox.project)).length === 2)""")
    context = page.context
    page.close()
    studio.start()
    other = context.new_page()
    other.wait_for_function = page.wait_for_function
    other.goto(studio.url)
    other.get_by_text("2 actions were not sent before the window was closed or loaded anew.").wait_for()
    return other


def test_what_a_closed_window_could_not_send_is_offered_and_sent_once(left: Any, opened: Project) -> None:
    assert not _models(opened) & {"early", "late"}
    left.get_by_role("button", name="Look…").click()
    dialog = left.get_by_role("dialog", name="Not sent")
    assert dialog.get_by_text("Training: new").count() == 2 and dialog.get_by_text("name: early").count() == 1
    with left.expect_response(lambda answer: '"early"' in (answer.request.post_data or "")) as early:
        dialog.get_by_role("button", name="Send").click()
    left.get_by_text("2 actions sent.").wait_for()
    assert {"early", "late"} <= _models(opened)
    left.locator("us-left").wait_for(state="hidden")
    again = left.evaluate(
        """(id) => fetch('/api/training/new', { method: 'POST',
      body: JSON.stringify({ name: 'early', preset: 'quick' }),
      headers: { 'Content-Type': 'application/json', 'X-Action': id } }).then((answer) => answer.status)""",
        early.value.request.headers["x-action"],
    )
    assert again == 200, "the id it was done under in the closed window"
    left.reload()
    left.locator("us-shell main > [data-room]").wait_for()
    left.wait_for_timeout(800)  # as long as other windows have to answer
    assert left.locator("us-left").is_hidden()


def test_what_was_not_sent_can_be_dropped(left: Any, opened: Project) -> None:
    before = _models(opened)
    left.locator("us-left").get_by_role("button", name="Drop").click()
    left.get_by_role("button", name="Drop 2 actions").click()
    left.locator("us-left").wait_for(state="hidden")
    left.reload()
    left.locator("us-shell main > [data-room]").wait_for()
    left.wait_for_timeout(800)
    assert left.locator("us-left").is_hidden() and _models(opened) == before


def test_a_window_that_is_open_keeps_its_own_actions(
    page: Any, studio: RunningStudio, expected_errors: list[str]
) -> None:
    """Another window beside it does not offer them; and who closes it is asked."""
    expected_errors += ["ERR_"]
    _connected(page)
    page.route("**/api/training/**", lambda route: route.abort("connectionfailed"))
    page.evaluate(_MAKE, ["mine"])
    page.get_by_text("1 action waits.").wait_for()
    other = page.context.new_page()
    other.goto(studio.home)
    other.locator("us-shell main > [data-room]").wait_for()
    other.wait_for_timeout(800)
    assert other.locator("us-left").is_hidden()
    other.close()
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.locator(".project-name").click()  # a browser asks only where a hand was
    page.close(run_before_unload=True)
    wait_until(page, lambda: asked, "the browser asks before it leaves")
    assert asked == ["beforeunload"]
    page.unroute_all()
    page.evaluate("made")


def test_an_action_that_hangs_is_told_and_asked_again_under_the_same_id(page: Any, opened: Project) -> None:
    _connected(page)
    page.evaluate("import('/web/kit/api.js').then(({ timing }) => (timing.answer_ms = 400))")
    ids: list[str] = []

    told: list[bool] = []

    def hang_until_it_is_told(route: Any) -> None:
        if route.request.method == "POST":
            ids.append(route.request.headers["x-action"])
        if route.request.method != "POST" or (told and len(ids) > 2):
            route.continue_()

    page.route("**/api/training/new", hang_until_it_is_told)
    page.evaluate(_MAKE, ["hanging"])
    page.get_by_text("1 action takes long. The studio is asked for the answer again").wait_for()
    told.append(True)
    page.evaluate("made")
    assert len(ids) > 2 and len(set(ids)) == 1 and "hanging" in _models(opened)
    page.locator("us-connection").wait_for(state="hidden")
    page.unroute_all()


def test_an_action_on_a_line_that_died_silently_waits_and_goes_when_it_is_back(
    page: Any, studio: RunningStudio, opened: Project, expected_errors: list[str]
) -> None:
    expected_errors += ["ERR_", "WebSocket"]
    _connected(page)
    page.evaluate("import('/web/kit/api.js').then(({ timing }) => (timing.answer_ms = timing.ping_ms = 300))")
    os.kill(studio.process.pid, signal.SIGSTOP)  # takes connections, answers nothing
    try:
        page.evaluate(_MAKE, ["silent"])
        page.get_by_text("1 action waits.").wait_for()
    finally:
        os.kill(studio.process.pid, signal.SIGCONT)
    page.evaluate("made")
    assert "silent" in _models(opened)


def test_a_studio_with_too_much_to_do_is_asked_again(page: Any, expected_errors: list[str]) -> None:
    expected_errors += ["503"]
    _connected(page)
    page.evaluate("import('/web/kit/api.js').then(({ timing }) => (timing.busy_ms = 10))")
    asked: list[str] = []

    def busy_twice(route: Any) -> None:
        asked.append(route.request.method)
        if len(asked) < 3:
            route.fulfill(status=503, json={"error": "too much", "kind": "TooBusy"})
        else:
            route.fulfill(json={"answer": 1})

    page.route("**/api/probe", busy_twice)
    told = "import('/web/kit/api.js').then(({ get, post }) => ['get', 'post'].includes('%s') && %s('probe'))"
    assert page.evaluate(told % ("get", "get")) == {"answer": 1} and asked == ["GET"] * 3
    asked.clear()
    assert page.evaluate(told % ("post", "post")) == {"answer": 1} and asked == ["POST"] * 3
    assert page.locator("us-connection").is_hidden(), "it is there, so nothing is lost"
    page.unroute_all()


def _long_clip(path: Path) -> Path:
    """A clip of two pieces: behind the pictures lies room that nobody looks at."""
    write_wall(path)
    with path.open("ab") as file:
        file.write(struct.pack(">I4s", 12 << 20, b"free") + os.urandom((12 << 20) - 8))
    return path


def test_a_file_of_a_closed_window_goes_on_where_it_was(
    open_page: Any, studio: RunningStudio, opened: Project, tmp_path: Path, expected_errors: list[str]
) -> None:
    expected_errors += ["ERR_"]
    file, pieces = _long_clip(tmp_path / "long one.mp4"), []
    page = open_page()

    def first_alone(route: Any) -> None:
        pieces.append(int(parse_qs(urlsplit(route.request.url).query)["at_bytes"][0]))
        if len(pieces) < 2:
            route.continue_()
        else:
            route.abort()  # one that is held goes on when the window closes

    page.route("**/api/uploads/*?at_bytes=*", first_alone)
    page.locator("[data-role=dst]").get_by_role("button", name="Add…").click()
    page.locator("dialog input[type=file]").set_input_files(file)
    page.locator("dialog").get_by_role("button", name="Add", exact=True).click()
    page.wait_for_function("() => /Sending long one.mp4: [1-9]/.test(document.body.innerText)")
    wait_until(page, lambda: len(pieces) >= 2, "a second piece is sent")
    context = page.context
    page.close()
    other = context.new_page()
    begun = []
    other.on("request", lambda one: begun.append(one.url) if one.method == "PUT" else None)
    other.goto(studio.home)
    other.get_by_text("long one.mp4 was not sent to its end.").wait_for()
    with other.expect_file_chooser() as choosing:
        other.locator("us-left").get_by_role("button", name="Choose…").click()
    choosing.value.set_files(tmp_path / "long one.mp4")
    other.get_by_text("Added long").wait_for()
    (place,) = (int(parse_qs(urlsplit(url).query)["at_bytes"][0]) for url in begun)
    assert place >= pieces[1] == 8 << 20, "what had come of it is not sent again"
    (clip,) = (name for name in Project.open(opened.folder).manifest.clips if name.startswith("long"))
    assert Project.open(opened.folder).clip_path(clip).read_bytes() == file.read_bytes()
    assert other.locator("us-left").is_hidden()
