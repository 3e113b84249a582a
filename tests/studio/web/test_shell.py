"""`shell.js`: the frame around the rooms, as a hand and an eye meet it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.studio.web.conftest import RunningStudio, _wait_until, wait_until

ROOMS = ("project", "faces", "frames", "masks", "training", "merge", "deliver")


def _room(page: Any) -> str:
    return page.locator("nav a[aria-current=page]").get_attribute("data-room")


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_opens_without_an_error(open_page: Any, room: str) -> None:
    page = open_page(at=f"#/{room}")
    assert _room(page) == room
    page.locator(f"us-room-{room}").wait_for()


def test_the_rooms_are_reached_by_key_and_a_reload_shows_the_same(page: Any) -> None:
    for number, room in enumerate(ROOMS, 1):
        page.keyboard.press(f"Shift+Digit{number}")
        page.locator(f"us-room-{room}").wait_for()
        assert _room(page) == room
    page.reload()
    page.locator("us-room-deliver").wait_for()
    assert page.title().startswith("Deliver – ")


def test_the_bar_names_the_project(page: Any, opened: Any) -> None:
    page.wait_for_function("document.querySelector('.project-name').textContent !== ''")
    assert page.locator(".project-name").inner_text() == opened.manifest.name


def test_the_theme_is_kept_and_the_other_window_follows(page: Any) -> None:
    other = page.context.new_page()
    other.goto(page.url)
    other.wait_for_selector("us-shell main > *")
    page.bring_to_front()
    page.keyboard.press("Shift+Digit0")
    for window in (page, other):
        window.wait_for_function("document.documentElement.dataset.theme === 'light'")
    page.reload()
    page.wait_for_selector("us-shell main > *")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"


def test_the_question_mark_lists_all_keys_and_finds_one(page: Any) -> None:
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    keys.wait_for()
    assert keys.get_by_text("Go to Masks").is_visible()
    page.keyboard.type("light")
    assert keys.locator(".key-row:visible").count() == 1
    assert keys.locator(".key-row:visible").inner_text().split() == ["Shift+0", "Dark", "or", "light"]
    page.keyboard.press("Escape")
    keys.wait_for(state="detached")


def test_what_is_looked_for_by_words_is_done(page: Any) -> None:
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").wait_for()
    page.keyboard.type("go to")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator("us-room-faces").wait_for()
    assert _room(page) == "faces"


def test_every_key_is_told_apart_within_one_owner(open_page: Any) -> None:
    script = """async () => {
      const { all_keys, key_words } = await import('/web/kit/keys.js');
      return all_keys().map(({ title, actions }) => [title, actions.map(key_words)]);
    }"""
    twice = {}
    for room in ROOMS:
        for title, keys in open_page(at=f"#/{room}").evaluate(script):
            if again := sorted({key for key in keys if keys.count(key) > 1}):
                twice[title] = again
    assert twice == {}


def test_a_room_that_does_not_load_says_so(page: Any, expected_errors: list[str]) -> None:
    expected_errors += ["500", "rooms/masks/room.js"]
    page.route("**/rooms/masks/room.js", lambda route: route.fulfill(status=500, body="broken"))
    page.keyboard.press("Shift+Digit4")
    page.get_by_text("The room Masks could not be opened").wait_for()
    page.keyboard.press("Shift+Digit2")
    page.locator("us-room-faces").wait_for()


def test_an_address_without_a_room_says_so(page: Any) -> None:
    page.evaluate("location.hash = '#/cellar'")
    page.get_by_text('There is no room "cellar"').wait_for()


def test_what_goes_wrong_in_a_listener_is_said(page: Any, expected_errors: list[str]) -> None:
    expected_errors.append("The film tore.")
    page.evaluate("setTimeout(() => { throw new Error('The film tore.'); })")
    page.get_by_role("alert").filter(has_text="The film tore.").wait_for()
    page.evaluate("void Promise.reject(new Error('So did the other.'))")
    page.get_by_role("alert").filter(has_text="So did the other.").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.wait_for_function("!document.querySelector('.toast')")


# A POST that a test answers itself: what was sent, in order.
_POSTS = """async (names) => {
  const { post } = await import('/web/kit/api.js');
  window.answers = Promise.all(names.map((name) => post(`trial/${name}`, { name })));
}"""


def test_what_is_done_without_a_connection_is_sent_in_order_with_its_own_id(
    page: Any, expected_errors: list[str]
) -> None:
    expected_errors += ["Failed to fetch", "ERR_", "trial/"]
    sent: list[tuple[str, str]] = []
    cut = True

    def answer(route: Any) -> None:
        request = route.request
        sent.append((json.loads(request.post_data)["name"], request.headers["x-action"]))
        if cut:
            route.abort("connectionrefused")
        else:
            route.fulfill(json={"did": json.loads(request.post_data)["name"]})

    page.route("**/api/trial/*", answer)
    page.evaluate(_POSTS, ["first"])
    page.get_by_text("Connection lost; what you do is kept").wait_for()
    page.evaluate(_POSTS, ["second", "third"])
    page.get_by_text("3 actions wait.").wait_for()
    first_id = sent[0][1]
    cut, sent[:] = False, []
    assert page.evaluate("answers") == [{"did": "second"}, {"did": "third"}]
    assert [name for name, _ in sent] == ["first", "second", "third"]
    assert sent[0][1] == first_id
    assert len({id for _, id in sent}) == 3
    page.locator("us-connection").wait_for(state="hidden")


def test_a_refusal_is_not_sent_again(page: Any, expected_errors: list[str]) -> None:
    expected_errors += ["422", "trial/"]
    sent = []

    def refuse(route: Any) -> None:
        sent.append(route.request.url)
        route.fulfill(status=422, json={"error": "There is no such face.", "kind": "FaceMissing"})

    page.route("**/api/trial/*", refuse)
    page.evaluate(_POSTS, ["one"])
    said = page.evaluate("answers.catch((error) => [error.name, error.kind, error.message])")
    assert said == ["Error", "FaceMissing", "There is no such face."]
    assert len(sent) == 1


def test_a_killed_studio_is_said_and_what_was_done_is_sent_when_it_is_back(
    page: Any, studio: RunningStudio, expected_errors: list[str]
) -> None:
    expected_errors += ["ERR_", "WebSocket", "Failed to fetch", "401", "trial/", "404"]
    page.wait_for_function("import('/web/kit/live.js').then(({ live }) => live.connected)")
    studio.kill()
    page.get_by_text("Connection lost; what you do is kept").wait_for()
    page.evaluate("""async () => {
      const { post, get } = await import('/web/kit/api.js');
      const { live } = await import('/web/kit/live.js');
      window.anew = 0;
      live.addEventListener('look-anew', () => anew++);
      window.answer = post('trial/one', {}).catch((error) => error.status);
    }""")
    page.get_by_text("1 action waits.").wait_for()
    studio.start()
    page.get_by_text("The studio was started anew").wait_for()
    other = page.context.new_page()
    other.goto(studio.url)
    page.bring_to_front()
    # The studio itself answered: it has no such thing to do.
    assert page.evaluate("answer") == 404
    page.locator("us-connection").wait_for(state="hidden")
    assert page.evaluate("anew") >= 1


def test_one_window_sees_what_another_did(page: Any, open_page: Any, opened: Any) -> None:
    other = open_page()
    with opened.change() as manifest:
        manifest.name = "Another name"
    for window in (page, other):
        window.wait_for_function("document.querySelector('.project-name').textContent === 'Another name'")


def test_whatever_can_be_pressed_has_letters(page: Any) -> None:
    page.keyboard.press("Control+j")
    page.locator(".hint").first.wait_for()
    at = page.locator("nav a[data-room=masks]").bounding_box()
    name = page.evaluate(
        """({ x, y }) => [...document.querySelectorAll('.hint')]
          .find(({ style }) => Math.hypot(parseFloat(style.left) - x, parseFloat(style.top) - y) < 8)
          .textContent""",
        at,
    )
    for letter in name:
        page.keyboard.press(letter.lower())
    page.locator("us-room-masks").wait_for()
    assert page.locator(".hint").count() == 0
    page.keyboard.press("Control+j")
    page.locator(".hint").first.wait_for()
    page.keyboard.press("Escape")
    assert page.locator(".hint").count() == 0
    assert _room(page) == "masks"


def test_a_room_that_is_left_does_not_take_the_address_back(open_page: Any) -> None:
    page = open_page(at="#/masks")
    page.evaluate("""() => {
      const room = document.querySelector('us-room-masks');
      location.hash = '#/training';
      room.keep_place({ face: 'late' });
    }""")
    page.locator("us-room-training").wait_for()
    assert page.evaluate("location.hash").startswith("#/training")


@pytest.mark.parametrize("system", ["light", "dark"])
def test_the_theme_is_the_systems_until_one_is_chosen(browser: Any, studio: RunningStudio, system: Any) -> None:
    other = {"light": "dark", "dark": "light"}[system]
    page = browser.new_page(color_scheme=system)
    theme = "document.documentElement.dataset.theme"
    try:
        page.goto(studio.url)
        page.wait_for_selector("us-shell main > *")
        _wait_until(page, f"{theme} === '{system}'")
        page.emulate_media(color_scheme=other)
        _wait_until(page, f"{theme} === '{other}'")
        page.keyboard.press("Shift+Digit0")
        assert page.evaluate(theme) == system
        page.emulate_media(color_scheme=system)
        page.emulate_media(color_scheme=other)
        assert page.evaluate(theme) == system
    finally:
        page.close()


_NEWS = "import('/web/kit/live.js').then(({ live }) => live.tell('faces', { faceset: 'dst/main' }))"


def test_news_of_faces_are_no_error_in_a_room_that_can_show_nothing_yet(open_page: Any) -> None:
    page = open_page(at="#/merge")
    page.get_by_text("There is no model yet").wait_for()
    page.evaluate(_NEWS)
    held: list[Any] = []
    page.route("**/api/frames/clips", lambda route: held.append(route))
    page.keyboard.press("Shift+Digit3")
    wait_until(page, lambda: held, "the clips are asked for")
    page.evaluate(_NEWS)
    page.wait_for_timeout(200)  # for the questions that came of it, which it should not ask
    held[0].continue_()
    page.wait_for_selector("us-frames-facts h2 >> text=Frame 0")
    assert page.locator(".toast").all_text_contents() == []


_TOAST = """async () => {
  const { toast } = await import('/web/kit/toast.js');
  toast('A sentence that is as long as what the library says when it refuses something.', { seconds: 60 });
}"""
_COVERED = """() => {
  const lies = document.querySelector('.toast').getBoundingClientRect();
  const controls = [...document.querySelectorAll('us-shell :is(button, select, input, a[href])')];
  const covered = controls.filter((one) => {
    if (!one.checkVisibility() || one.matches('.preview-cell, .cell, .skip')) return false;
    const box = one.getBoundingClientRect();
    const beside = box.left >= lies.right || box.right <= lies.left;
    return !beside && box.top < lies.bottom && box.bottom > lies.top;
  });
  return covered.map((one) => one.textContent || one.getAttribute('aria-label') || one.tagName);
}"""


@pytest.mark.parametrize("room", ROOMS)
def test_a_message_lies_on_no_control(open_page: Any, room: str) -> None:
    page = open_page(at=f"#/{room}")
    page.wait_for_selector("us-shell main :is([data-toasts], .empty)", state="attached")
    page.wait_for_timeout(500)
    page.evaluate(_TOAST)
    page.wait_for_function(f"() => !({_COVERED})().length", timeout=20_000)


def test_a_message_lies_on_no_control_of_the_next_room_either(open_page: Any) -> None:
    page = open_page(at="#/project")
    page.wait_for_selector(".next h2")
    page.evaluate(_TOAST)
    # It would leave six seconds after its room, which a computer that does much else may need to show the next.
    page.evaluate(
        "() => { const wait = setTimeout; window.setTimeout = (run, ms) => wait(run, ms === 6000 ? 1e8 : ms); }"
    )
    for number, room in ((4, "masks"), (7, "deliver")):
        page.keyboard.press(f"Shift+Digit{number}")
        page.wait_for_selector(f"us-room-{room} button")
        page.wait_for_function(f"() => !({_COVERED})().length", timeout=20_000)


def test_a_pane_is_as_wide_as_the_window_lets_it_until_a_hand_moves_it(page: Any) -> None:
    script = """async (how) => {
      const { split } = await import('/web/kit/split.js');
      const bar = split({ name: 'trial', size: 300 });
      const pane = document.createElement('div');
      const box = document.createElement('div');
      box.style.cssText = 'display: flex; width: 1200px';
      box.append(pane, bar, document.createElement('div'));
      document.body.append(box);
      if (how === 'move') bar.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight' }));
      const width = bar.now;
      box.remove();
      return width;
    }"""
    assert page.evaluate(script) == 300
    page.set_viewport_size({"width": 2560, "height": 1440})
    assert page.evaluate(script) == 450
    assert page.evaluate(script, "move") == 466
    page.set_viewport_size({"width": 1280, "height": 800})
    assert page.evaluate(script) == 466
