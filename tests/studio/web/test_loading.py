"""What a room says while its choices and options are on their way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.studio.web.conftest import wait_until


@pytest.mark.parametrize(("room", "held"), [("merge", "merge/room"), ("deliver", "deliver/options")])
def test_choices_and_options_that_are_not_there_yet_say_so(open_page: Any, room: str, held: str) -> None:
    page = open_page()
    waiting: list[Any] = []
    go_on: list[bool] = []
    page.route(f"**/api/{held}", lambda route: route.continue_() if go_on else waiting.append(route))
    page.evaluate("room => { location.hash = `#/${room}`; }", room)
    form = page.locator(f"us-room-{room} us-form .empty")
    form.wait_for()
    assert form.inner_text() == "The options are being loaded…"
    for label in ("Clip", "Model" if room == "merge" else "Painted by"):
        choice = page.locator(f"us-room-{room} select[aria-label='{label}']")
        assert choice.locator("option").all_inner_texts() == ["Loading…"] and choice.is_disabled()
    go_on.append(True)
    for route in waiting:
        route.continue_()
    page.wait_for_function(
        f"document.querySelector(\"us-room-{room} select[aria-label='Clip']\")?.value === 'dst'"
        if room == "deliver"
        else "document.querySelector('us-room-merge .empty')?.textContent.startsWith('There is no model yet')"
    )


def test_a_search_without_a_hit_says_so_only_where_there_are_options(page: Any) -> None:
    said = page.evaluate("""async () => {
      await import('/web/kit/form.js');
      const form = document.createElement('us-form');
      document.body.append(form);
      const none = () => form.querySelector('.empty');
      const words = () => (none().hidden ? '' : none().textContent);
      const said = [words()];
      form.options = [{ name: 'blur', kind: 'number', default: 1, help: 'How soft.' }];
      said.push(words());
      form.search.value = 'zebra';
      form.search.dispatchEvent(new Event('input'));
      return [...said, words()];
    }""")
    assert said == ["The options are being loaded…", "", "No option has these words."]


def test_a_select_without_a_choice_says_what_is_missing(page: Any) -> None:
    said = page.evaluate("""async () => {
      const { fill } = await import('/web/kit/selects.js');
      const select = document.createElement('select');
      const now = () => [select.textContent, select.disabled, select.value];
      fill(select, null, 'a', 'No clip yet');
      const said = [now()];
      fill(select, [], 'a', 'No clip yet');
      said.push(now());
      fill(select, [['a', 'Anna'], ['b', 'Bert']], 'b', 'No clip yet');
      return [...said, now()];
    }""")
    assert said == [["Loading…", True, ""], ["No clip yet", True, ""], ["AnnaBert", False, "b"]]


def test_a_wait_is_given_up_by_escape_and_by_another_dialog(open_page: Any) -> None:
    page = open_page(at="#/project")
    page.locator(".pipeline").wait_for()
    waiting: list[Any] = []
    page.route("**/api/places/clips", lambda route: waiting.append(route))
    for key in ("Escape", "Shift+N"):
        page.keyboard.press("a")
        page.locator(".busy-over").wait_for()
        page.keyboard.press(key)
        if key == "Escape":
            page.locator(".busy-over").wait_for(state="detached")
        else:
            page.get_by_role("dialog").wait_for()
        with page.expect_response("**/api/places/clips"):
            waiting.pop().continue_()
        page.locator(".busy-over").wait_for(state="detached")
    assert page.locator("dialog").count() == 1
    page.get_by_role("dialog", name="New project").get_by_role("button", name="OK").click()
    page.get_by_text("A project needs a name").wait_for()


def test_a_project_that_cannot_be_reached_is_not_said_to_be_empty(
    open_page: Any, expected_errors: list[str]
) -> None:
    expected_errors.append("ERR_")
    page = open_page(at="#/training")
    page.route("**/api/project/**", lambda route: route.abort("connectionfailed"))
    page.evaluate("location.hash = '#/project'")
    page.locator(".project-head", has_text="can't be reached").wait_for()
    page.locator("us-run-list", has_text="can't be reached").wait_for()


def test_whatever_is_asked_for_says_so_after_a_third_of_a_second(page: Any) -> None:
    waiting: list[Any] = []
    page.route("**/api/trial/*", lambda route: waiting.append(route))
    script = """async (words) => {
      const { post } = await import('/web/kit/api.js');
      post('trial/one', {}, ...words);
    }"""
    for words, said in ((["Copying main…"], "Copying main…"), ([], "Doing what you asked…")):
        page.evaluate(script, words)
        page.locator("us-underway").get_by_text(said).wait_for()
        wait_until(page, lambda: waiting, "what was asked is under way")
        waiting.pop().fulfill(json={})
        page.locator("us-underway").wait_for(state="hidden")


def test_what_is_done_at_once_is_not_announced(page: Any) -> None:
    seen = page.evaluate("""async () => {
      window.fetch = async () => new Response('{}'); // at once, however busy the machine is
      const { post } = await import('/web/kit/api.js');
      const words = document.querySelector('us-underway');
      let seen = 0;
      new MutationObserver(() => (seen += Number(!words.hidden))).observe(words, { attributes: true });
      for (let turn = 0; turn < 5; turn++) await post('trial/one', {});
      await new Promise((done) => setTimeout(done, 600));
      return seen;
    }""")
    assert seen == 0


_HELD = [
    ("project", "project/state", "Looking at the project…"),
    ("faces", "faces/facesets", "Opening the facesets…"),
    ("frames", "frames/clips", "Looking at the clips…"),
    ("training", "training/watch", "Looking at the models…"),
]


@pytest.mark.parametrize(("room", "held", "words"), _HELD)
def test_a_room_that_waits_for_its_first_answer_says_for_what(
    open_page: Any, room: str, held: str, words: str
) -> None:
    page = open_page(at="#/masks")
    waiting: list[Any] = []
    page.route(f"**/api/{held}*", lambda route: waiting.append(route))
    page.evaluate("room => { location.hash = `#/${room}`; }", room)
    page.locator("us-shell main").get_by_text(words).wait_for()
    for route in waiting:
        route.continue_()
