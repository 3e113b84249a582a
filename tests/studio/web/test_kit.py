"""`kit/`: what every room is made from, tried in a page of the studio."""

from __future__ import annotations

from typing import Any

import pytest

_VIEW = """async () => {
  const { View2D } = await import('/web/kit/view2d.js');
  const view = new View2D();
  view.style.cssText = 'position: fixed; inset: 0; z-index: 9';
  document.body.append(view);
  const picture = new OffscreenCanvas(400, 200);
  picture.getContext('2d').fillStyle = '#f00';
  picture.getContext('2d').fillRect(100, 50, 1, 1);
  view.picture = picture;
  window.view = view;
}"""


@pytest.fixture
def view(page: Any) -> Any:
    """A page with a view over all of it, 400 × 200 with one red pixel at 100, 50."""
    page.evaluate(_VIEW)
    page.wait_for_function("view.canvas.width > 0 && view.draws > 0")
    return page


def _place(page: Any, x: float, y: float) -> tuple[float, float]:
    at = page.evaluate("([x, y]) => view.to_picture({x, y})", [x, y])
    return at["x"], at["y"]


def test_the_whole_picture_is_seen_at_first_and_places_go_there_and_back(view: Any) -> None:
    assert _place(view, 0, 400)[0] == pytest.approx(0)
    assert _place(view, 1280, 400) == pytest.approx((400, 100))
    there = view.evaluate("view.to_screen(view.to_picture({x: 33, y: 44}))")
    assert (there["x"], there["y"]) == pytest.approx((33, 44))


def test_the_wheel_zooms_at_the_pointer(view: Any) -> None:
    view.mouse.move(300, 500)
    before = _place(view, 300, 500)
    view.mouse.wheel(0, -400)
    view.wait_for_function("view.look.zoom > 4")
    assert _place(view, 300, 500) == pytest.approx(before)
    view.keyboard.press("Escape")


def test_the_middle_button_and_space_move_the_picture_with_the_hand(view: Any) -> None:
    for hold in ("middle", "space"):
        view.mouse.move(300, 500)
        under_hand = _place(view, 300, 500)
        if hold == "space":
            view.keyboard.down(" ")
        view.mouse.down(button="middle" if hold == "middle" else "left")
        view.mouse.move(420, 380)
        view.mouse.up(button="middle" if hold == "middle" else "left")
        if hold == "space":
            view.keyboard.up(" ")
        assert _place(view, 420, 380) == pytest.approx(under_hand)


def test_the_next_picture_keeps_the_view_and_a_larger_one_shows_the_same_place(view: Any) -> None:
    view.evaluate("view.zoom_at(6, {x: 200, y: 300})")
    before = _place(view, 640, 400)
    view.evaluate("view.picture = new OffscreenCanvas(400, 200)")
    assert _place(view, 640, 400) == pytest.approx(before)
    view.evaluate("view.picture = new OffscreenCanvas(800, 400)")
    assert _place(view, 640, 400) == pytest.approx((2 * before[0], 2 * before[1]))


def test_pixels_are_squares_when_they_are_large(view: Any) -> None:
    view.evaluate("view.center({x: 100.5, y: 50.5}, 40)")
    script = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
      const c = view.canvas, d = c.getContext('2d').getImageData(0, 400, c.width, 1).data;
      const reds = [...Array(c.width).keys()].map((x) => d[4 * x + 3]);
      done([reds.filter((a) => a === 255).length, reds.filter((a) => a > 0 && a < 255).length]);
    })))"""
    whole, soft = view.evaluate(script)
    assert (whole, soft) == (40, 0)


def test_many_asks_to_draw_are_one_drawing(view: Any) -> None:
    drawn = view.evaluate("""() => new Promise((done) => {
      const before = view.draws;
      for (let i = 0; i < 50; i++) view.redraw();
      requestAnimationFrame(() => setTimeout(() => done(view.draws - before), 50));
    })""")
    assert drawn == 1


def test_the_loupe_shows_the_place_under_the_pointer_larger(view: Any) -> None:
    at = view.evaluate("view.to_screen({x: 100.5, y: 50.5})")
    view.mouse.move(at["x"], at["y"])
    count = """() => { view.redraw(); return new Promise((done) => requestAnimationFrame(() =>
    setTimeout(() => {
      const c = view.canvas, d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
      let n = 0; for (let i = 0; i < d.length; i += 4) n += d[i] > 200 && d[i + 1] < 60; done(n);
    }, 30))); }"""
    before = view.evaluate(count)
    view.evaluate("view.loupe = 4")
    assert view.evaluate(count) > 10 * before


def test_undo_goes_back_to_the_first_document_and_forth_again(page: Any) -> None:
    said = page.evaluate("""async () => {
      const { Undo } = await import('/web/kit/undo.js');
      const undo = new Undo(0);
      for (let i = 1; i <= 500; i++) undo.change(i, `step ${i}`);
      for (const x of [501, 502, 503]) undo.change(x, 'drag', { merge: 'point 1' });
      undo.settle();
      const one_drag = undo.undo() && undo.now;
      while (undo.undo());
      const first = undo.now;
      while (undo.redo());
      return [one_drag, first, undo.now, undo.changed];
    }""")
    assert said == [500, 0, 503, True]


_FORM = """async () => {
  const { h } = await import('/web/kit/element.js');
  await import('/web/kit/form.js');
  const form = h('us-form');
  form.style.cssText = 'position: fixed; inset: 0; background: var(--surface); z-index: 9; overflow: auto';
  form.options = [
    { name: 'blur_px', kind: 'number', default: 4, help: 'Softens the edge.', low: 0, high: 100,
      unit: 'px', when: 'live' },
    { name: 'mode', kind: 'choice', default: 'overlay', help: 'How it is painted.',
      choices: ['overlay', 'hist'], when: 'live' },
    { name: 'audio', kind: 'yes or no', default: true, help: 'Keeps the sound.', when: 'restart' },
    { name: 'note', kind: 'text', default: '', help: 'Anything.', when: 'create' },
  ];
  window.said = [];
  form.addEventListener('change', (event) =>
    said.push([event.detail.name, event.detail.value]));
  document.body.append(form);
  window.form = form;
}"""


def test_a_form_says_what_changed_and_goes_back_to_the_default(page: Any) -> None:
    page.evaluate(_FORM)
    page.get_by_label("blur px", exact=True).fill("12.5")
    page.keyboard.press("Tab")
    page.get_by_label("mode", exact=True).select_option("hist")
    page.get_by_label("audio", exact=True).uncheck()
    assert page.evaluate("said") == [["blur_px", 12.5], ["mode", "hist"], ["audio", False]]
    assert page.evaluate("form.said") == {"blur_px": 12.5, "mode": "hist", "audio": False}
    page.get_by_label("mode: back to the default").click()
    assert page.evaluate("said.at(-1)") == ["mode", None]
    assert page.get_by_label("mode", exact=True).input_value() == "overlay"


def test_a_form_marks_what_changes_at_once_and_rounds_what_it_shows(page: Any) -> None:
    page.evaluate(_FORM)
    live = page.locator("us-form .badge:visible", has_text="live")
    assert live.count() == 0
    page.evaluate("""form.now = 'live';
      form.options = form.options.map((one) =>
        one.name === 'blur_px' ? { ...one, value: 0.010641399416909628 } : one)""")
    assert live.count() == 2
    assert page.get_by_label("blur px", exact=True).input_value() == "0.0106414"
    assert page.evaluate("form.said.blur_px") == 0.010641399416909628 and page.evaluate("said") == []


def test_a_refused_question_says_so_and_keeps_what_was_typed(page: Any, expected_errors: list[str]) -> None:
    expected_errors += ["422"]
    page.evaluate("location.hash = '#/project'")
    person = page.locator("[data-performer=src]")
    person.get_by_role("button", name="Change…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name or role").fill("The lead")
    dialog.get_by_label("First day").fill("2030-05-02")
    dialog.get_by_label("Last day").fill("2030-05-01")
    dialog.get_by_role("button", name="Record").click()
    dialog.get_by_role("alert").wait_for()
    assert dialog.get_by_label("Name or role").input_value() == "The lead"
    dialog.get_by_label("Last day").fill("2030-05-03")
    dialog.get_by_role("button", name="Record").click()
    dialog.wait_for(state="detached")
    assert page.locator(".toast.bad").count() == 0
    page.evaluate("""async () => {
      const { ask_text } = await import('/web/kit/dialog.js');
      window.tries = [];
      window.answer = undefined;
      ask_text('New project', 'Name', '', async (name) => {
        tries.push(name);
        if (name !== 'b') throw new Error('There is one of that name already.');
      }).then((text) => (window.answer = text));
    }""")
    field = dialog.get_by_label("Name")
    field.fill("a")
    field.press("Enter")
    dialog.get_by_text("There is one of that name already.").wait_for()
    assert field.input_value() == "a" and page.evaluate("answer") is None
    field.fill("b")
    field.press("Enter")
    page.wait_for_function("answer !== undefined")  # a closed question has no role, and answers a moment later
    assert page.evaluate("[tries, answer]") == [["a", "b"], "b"]
    dialog.wait_for(state="detached")
    page.evaluate("""async () => {
      const { ask_text } = await import('/web/kit/dialog.js');
      ask_text('Waits', 'Name', '', () => new Promise((done) => (window.let_go = done)));
    }""")
    dialog.get_by_role("button", name="OK").click()
    dialog.get_by_text("Sending…").wait_for()
    assert dialog.get_by_role("button", name="Cancel").is_disabled()
    page.evaluate("let_go(true)")
    dialog.wait_for(state="detached")


def test_names_are_chosen_from_a_list_and_where_others_go_they_are_offered_as_one_types(page: Any) -> None:
    page.evaluate(_FORM)
    page.evaluate("""form.options = [
      { name: 'detector', kind: 'text', default: 'mtcnn', help: 'Who looks.', choices: ['mtcnn', 'yunet'] },
      { name: 'workers', kind: 'text', default: 'auto', help: 'How many.', choices: ['auto', 'ray'],
        others: true },
    ]""")
    page.get_by_label("detector", exact=True).select_option("yunet")
    workers = page.get_by_label("workers", exact=True)
    workers.fill("4")
    offered = workers.evaluate("field => [...field.list.options].map((one) => one.value)")
    page.keyboard.press("Tab")
    assert offered == ["auto", "ray"]
    assert page.evaluate("said") == [["detector", "yunet"], ["workers", "4"]]


def test_a_form_refuses_what_is_out_of_range_and_names_unit_and_range(page: Any) -> None:
    page.evaluate(_FORM)
    assert "0 to 100 px." in page.locator("[data-option=blur_px]").inner_text()
    page.get_by_label("blur px", exact=True).fill("900")
    page.keyboard.press("Tab")
    assert page.evaluate("said") == []


def test_a_form_shows_only_what_was_changed_or_searched(page: Any) -> None:
    page.evaluate(_FORM)
    seen = page.locator("us-form .option:visible")
    page.get_by_label("Only what was changed").check()
    assert seen.count() == 0
    assert page.get_by_text("Everything stands at its default.").is_visible()
    page.get_by_label("Only what was changed").uncheck()
    page.get_by_label("Search options").fill("edge soft")
    assert seen.count() == 1
    assert seen.get_attribute("data-option") == "blur_px"


def test_what_cannot_be_changed_now_is_disabled_with_the_reason(page: Any) -> None:
    page.evaluate(_FORM)
    page.evaluate("form.now = 'live'")
    assert page.get_by_label("audio", exact=True).is_disabled()
    assert "stop it first" in page.locator("[data-option=audio]").inner_text()
    assert page.get_by_label("note", exact=True).is_disabled()
    assert page.get_by_label("blur px", exact=True).is_enabled()


def test_a_menu_is_walked_with_arrows_and_letters(page: Any) -> None:
    page.evaluate("""async () => {
      const { choose } = await import('/web/kit/menu.js');
      window.chosen = choose({x: 50, y: 50}, [{label: 'Alpha'}, {label: 'Beta', value: 7},
        'line', {label: 'Gamma', why_not: 'no'}]);
    }""")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("g")
    assert page.evaluate("document.activeElement.innerText").endswith("Gamma")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    assert page.evaluate("chosen") == 7
    assert page.locator(".menu").count() == 0


def test_a_question_keeps_the_rooms_keys_away_and_escape_says_no(page: Any) -> None:
    page.evaluate("""async () => {
      const { have_keys } = await import('/web/kit/keys.js');
      const { sure } = await import('/web/kit/dialog.js');
      window.pressed = 0;
      have_keys({}, 'A room', [{ key: 'd', does: 'Delete', run: () => pressed++ }]);
      window.answer = sure('Really?', 'Twelve faces go to the trash.', 'Move 12 faces');
    }""")
    page.keyboard.press("d")
    page.keyboard.press("Escape")
    assert page.evaluate("answer") is False
    page.keyboard.press("d")
    assert page.evaluate("pressed") == 1


def test_enter_does_what_the_marked_choice_of_a_question_says(page: Any) -> None:
    page.evaluate("""async () => {
      const { sure } = await import('/web/kit/dialog.js');
      window.answer = sure('Really?', 'Twelve faces go to the trash.', 'Move 12 faces');
    }""")
    page.keyboard.press("Enter")
    assert page.evaluate("answer") is True


def test_enter_does_so_on_a_list_and_on_bare_ground_too_and_the_buttons_say_their_keys(page: Any) -> None:
    page.evaluate("""async () => {
      const { ask } = await import('/web/kit/dialog.js');
      const { h } = await import('/web/kit/element.js');
      const choices = [
        { label: 'Cancel', value: null }, { label: 'Queue', value: 'queue', key: 'q' },
        { label: 'Start', value: 'start', kind: 'primary' },
      ];
      window.answers = [];
      window.again = () => {
        const content = h('select', { ariaLabel: 'Clips' }, h('option', {}, 'all'), h('option', {}, 'dst'));
        ask({ title: 'Merge', words: 'How?', content, choices }).then((answer) => answers.push(answer));
      };
      again();
    }""")
    dialog = page.get_by_role("dialog")
    assert dialog.locator(".choices button").all_inner_texts() == ["Cancel\nEsc", "Queue\nQ", "Start\nEnter"]
    dialog.get_by_label("Clips").press("ArrowDown")
    assert dialog.get_by_label("Clips").input_value() == "dst"
    dialog.get_by_label("Clips").press("Enter")
    page.wait_for_function("answers.length === 1")
    page.evaluate("again()")
    dialog.get_by_label("Clips").press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")  # chooses in the list that is open
    page.wait_for_timeout(50)
    assert page.evaluate("answers") == ["start"] and dialog.get_by_label("Clips").input_value() == "dst"
    dialog.get_by_text("How?").click()
    page.keyboard.press("Enter")
    page.wait_for_function("answers.length === 2")
    assert page.evaluate("answers") == ["start", "start"]


def test_a_room_that_comes_under_a_question_does_not_take_its_keys(page: Any) -> None:
    page.evaluate("""async () => {
      const { have_keys } = await import('/web/kit/keys.js');
      const { sure } = await import('/web/kit/dialog.js');
      window.pressed = 0;
      window.answer = sure('Really?', 'Twelve faces go to the trash.', 'Move 12 faces');
      have_keys({}, 'A room', ['d', 'Escape'].map((key) => ({ key, does: key, run: () => pressed++ })));
    }""")
    page.keyboard.press("d")
    page.keyboard.press("Escape")
    assert page.evaluate("answer") is False
    assert page.evaluate("pressed") == 0


def test_a_question_is_answered_with_no_once_its_room_is_left(page: Any) -> None:
    page.evaluate("""async () => {
      const { sure } = await import('/web/kit/dialog.js');
      window.answer = sure('Really?', 'All go.', 'Go');
      location.hash = '#/deliver';
    }""")
    page.locator("us-room-deliver").wait_for()
    assert page.evaluate("answer") is False
    assert page.locator("dialog").count() == 0


@pytest.mark.parametrize("room", ["faces", "masks", "merge", "deliver"])
def test_escape_closes_a_message_where_a_room_has_nothing_to_give_up(open_page: Any, room: str) -> None:
    page = open_page(at=f"#/{room}")
    page.evaluate(
        "import('/web/kit/toast.js').then(({ toast }) => void toast('It was refused.', { kind: 'bad' }))"
    )
    page.get_by_text("It was refused.").wait_for()
    page.keyboard.press("Escape")
    assert page.get_by_text("It was refused.").count() == 0


def test_what_was_refused_leaves_after_its_room_is_left(page: Any) -> None:
    page.evaluate(
        "import('/web/kit/toast.js').then(({ toast }) => void toast('It was refused.', { kind: 'bad' }))"
    )
    page.evaluate("void (location.hash = '#/deliver')")
    page.locator("us-room-deliver").wait_for()
    assert page.get_by_text("It was refused.").is_visible(), "there is time to read it"
    page.get_by_text("It was refused.").wait_for(state="detached", timeout=20_000)


@pytest.mark.parametrize(
    ("layout", "event", "does"),
    [
        ("Cyrillic A is where A is", {"key": "ф", "code": "KeyA"}, "a"),
        ("Cyrillic comma by its place", {"key": "б", "code": "Comma"}, ","),
        ("AZERTY A by its letter", {"key": "a", "code": "KeyQ"}, "a"),
        ("AZERTY Q is not A", {"key": "q", "code": "KeyA"}, None),
        ("AZERTY comma by its character", {"key": ",", "code": "KeyM"}, ","),
        ("AZERTY digit without Shift", {"key": "&", "code": "Digit1"}, "1"),
        ("AZERTY question mark", {"key": "?", "code": "KeyM", "shiftKey": True}, "?"),
        ("German question mark", {"key": "?", "code": "Minus", "shiftKey": True}, "?"),
        ("Cyrillic with Ctrl", {"key": "я", "code": "KeyZ", "ctrlKey": True}, "ctrl z"),
        ("Shift is another action", {"key": "A", "code": "KeyA", "shiftKey": True}, "shift a"),
        ("AltGr writes", {"key": "a", "code": "KeyA", "altKey": True}, None),
        ("AZERTY full stop, with Shift", {"key": ".", "code": "Comma", "shiftKey": True}, "."),
        ("AZERTY slash, with Shift", {"key": "/", "code": "Period", "shiftKey": True}, "/"),
        ("AZERTY exclamation mark is nobody's", {"key": "!", "code": "Slash"}, None),
        ("AZERTY colon is nobody's", {"key": ":", "code": "Period"}, None),
        ("AZERTY comma is not M", {"key": ",", "code": "KeyM", "ctrlKey": True}, None),
        ("AZERTY bracket by its place", {"key": "$", "code": "BracketRight"}, "]"),
        ("German and Italian slash, no room 7", {"key": "/", "code": "Digit7", "shiftKey": True}, "/"),
        ("Shift and 7 elsewhere", {"key": "&", "code": "Digit7", "shiftKey": True}, "shift 7"),
        ("German semicolon, one step", {"key": ";", "code": "Comma", "shiftKey": True}, ";"),
        ("German Shift and full stop", {"key": ":", "code": "Period", "shiftKey": True}, "shift ."),
        ("American Shift and full stop", {"key": ">", "code": "Period", "shiftKey": True}, "shift ."),
        ("American Shift and comma", {"key": "<", "code": "Comma", "shiftKey": True}, "shift ,"),
        ("Cyrillic Shift and full stop", {"key": "Ю", "code": "Period", "shiftKey": True}, "shift ."),
        ("German minus is where slash was", {"key": "-", "code": "Slash"}, "-"),
        ("Swedish plus is where minus was", {"key": "+", "code": "Minus"}, None),
        ("Swedish Ö, five steps", {"key": "Ö", "code": "Semicolon", "shiftKey": True}, "shift ;"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_layouts_reach_every_key(page: Any, layout: str, event: dict[str, Any], does: str | None) -> None:
    did = page.evaluate(
        """async (event) => {
      const { have_keys } = await import('/web/kit/keys.js');
      let did = null;
      const one = (key, more = {}, words = key) => ({ key, does: words, run: () => (did = words), ...more });
      const more = [one('a', { shift: true }, 'shift a'), one('z', { ctrl: true }, 'ctrl z')];
      const pair = (key) => [one(key, { shift: true }, `shift ${key}`), one(key, { shift: false })];
      more.push(...[...'.,;'].flatMap(pair));
      more.push(one('/', { shift: false }), one('m', { ctrl: true }), one('7', { shift: true }, 'shift 7'));
      have_keys({}, 'A room', [...'a1?-]'].map((key) => one(key)).concat(more));
      document.body.dispatchEvent(new KeyboardEvent('keydown', { bubbles: true, ...event }));
      return did;
    }""",
        event,
    )
    assert did == does, layout


def test_a_button_names_its_key_for_the_pointer_and_for_the_keyboard(page: Any) -> None:
    page.evaluate("""async () => {
      const { button } = await import('/web/kit/button.js');
      const one = button({ key: 'p', does: 'Write a preview now', run: () => {} }, { label: 'Preview' });
      const other = button({ key: 'x', does: 'Stop', run: () => { throw new Error('It does not run.'); } });
      const row = document.createElement('div');
      row.append(one, other);
      document.querySelector('main').replaceChildren(row);
    }""")
    page.get_by_role("button", name="Preview").hover()
    tip = page.get_by_role("tooltip")
    tip.wait_for()
    assert tip.inner_text().split() == ["Write", "a", "preview", "now", "P"]
    page.mouse.move(600, 700)
    tip.wait_for(state="hidden")
    page.keyboard.press("Tab")
    for _ in range(30):
        if page.evaluate("document.activeElement.innerText") == "Stop":
            break
        page.keyboard.press("Tab")
    assert tip.inner_text().split() == ["Stop", "X"]
    page.keyboard.press("Enter")
    assert page.get_by_role("alert").inner_text().startswith("It does not run.")


def test_words_come_after_0_3_s_and_never_before(page: Any) -> None:
    said = page.evaluate("""async () => {
      const { busy } = await import('/web/kit/busy.js');
      const main = document.querySelector('main');
      const seen = [];
      const look = new MutationObserver(() => seen.push(main.querySelector('.busy-words')?.textContent ?? ''));
      look.observe(main, { childList: true });
      await busy(main, 'Quick…', new Promise((done) => setTimeout(done, 50)));
      await busy(main, 'Loading the model…', new Promise((done) => setTimeout(done, 500)));
      await new Promise((done) => setTimeout(done, 20));
      return seen;
    }""")
    assert said == ["Loading the model…", ""]


def test_help_calls_options_as_their_fields_are_called_and_commands_as_code(page: Any) -> None:
    script = """async () => {
      const { prose } = await import('/web/kit/prose.js');
      const box = document.createElement('p');
      box.append(...prose('Without batch_size run `understudy plan`; other_name stays.', ['batch_size']));
      return [box.textContent, box.querySelector('code').textContent];
    }"""
    words = "Without “batch size” run understudy plan; other_name stays."
    assert page.evaluate(script) == [words, "understudy plan"]


def test_a_run_says_the_models_iteration_and_counts_with_the_right_plural(page: Any) -> None:
    script = """async (now) => {
      const { standing_words } = await import('/web/kit/runs.js');
      const empty = { total: null, rate: null, loss: null, seconds_left: null };
      const standing = { stage: 'x', unit: '', done: 0, ...empty };
      return standing_words({ living: true, state: 'running', standing: { ...standing, ...now } });
    }"""
    for now, words in (
        ({"done": 1, "unit": "iteration"}, "x · 1 iteration"),
        ({"done": 5, "unit": "iteration"}, "x · 5 iterations"),
        ({"done": 5, "total": 1200, "unit": "faces"}, "x · 5 of 1,200 faces"),
        ({"done": 1, "total": 1, "unit": "passes"}, "x · 1 of 1 pass"),
        (
            {"done": 20, "total": 100, "unit": "iteration", "details": {"iteration": 1259}},
            "x · iteration 1,259 · 20 of 100 in this run",
        ),
        ({"done": 5, "unit": "faces", "rate": 0.0412}, "x · 5 faces · 24.3 s each"),
        ({"done": 5, "unit": "faces", "clip": "clip 2 of 3, b"}, "x · clip 2 of 3, b · 5 faces"),
        ({"done": 5, "unit": "faces", "why": "as before", "seconds_left": 9}, "x · 5 faces · 0:09 left"),
    ):
        assert page.evaluate(script, now) == words


def test_undo_where_nothing_was_drawn_says_so(page: Any) -> None:
    page.evaluate("""import('/web/rooms/masks/editor.js').then(({ Editor }) => {
      const editor = new Editor({ redraw: () => {} });
      editor.ready = true;
      editor.take_back();
      editor.do_again();
    })""")
    for words in ("Nothing was drawn on this face in this visit", "Nothing was taken back on this face."):
        page.locator(".toast", has_text=words).wait_for()


def test_a_model_of_the_cast_that_is_gone_is_told_and_can_be_taken_out(page: Any) -> None:
    assert page.evaluate("""async () => {
      const { MergePeople } = await import('/web/rooms/merge/people.js');
      const track = { person: 1, track: 1, first_frame: 0, last_frame: 9, faces: 10 };
      const people = new MergePeople();
      Object.assign(people, { shot: { tracks: [track], cast: { 'person 1': 'anna' } }, models: ['main'] });
      document.body.append(people);
      const [list] = people.querySelectorAll('select');
      people.remove();
      return [list.selectedIndex, ...[...list.options].map((one) => one.text)];
    }""") == [2, "as the clip", "main", "anna, which is gone"]


def test_a_run_is_read_and_stopped_also_in_a_narrow_pane(page: Any) -> None:
    page.evaluate("""async () => {
      const { RunElement } = await import('/web/kit/runs.js');
      const facts = { state: 'running', living: true, standing: null, sentence: '', typed: '', words: [] };
      const told = { id: 'none', title: 'Train segmenter mine', ...facts };
      const run = Object.assign(new RunElement(), { run: told });
      const pane = document.createElement('div');
      pane.style.cssText = 'position: fixed; left: 0; top: 0; width: 240px';
      pane.id = 'pane';
      pane.append(run);
      document.body.append(pane);
    }""")
    words, stop = (
        page.locator("#pane .run-words").bounding_box(),
        page.locator("#pane .run-stop").bounding_box(),
    )
    assert words["width"] > 60
    assert stop["x"] + stop["width"] <= 240


def test_a_long_name_is_read_whole_where_it_is_chosen(page: Any) -> None:
    page.evaluate("""import('/web/kit/dialog.js').then(({ ask }) =>
      void ask({ title: 'Open', choices: [{ label: 'A long name of a film '.repeat(9), value: 1 }] }))""")
    dialog, choice = (
        page.locator("dialog").bounding_box(),
        page.locator("dialog .choices button").bounding_box(),
    )
    assert dialog["x"] <= choice["x"] and choice["x"] + choice["width"] <= dialog["x"] + dialog["width"]


def test_the_slider_of_a_number_that_nobody_said_shows_no_value(page: Any) -> None:
    seen = page.evaluate("""async () => {
      const { field_of } = await import('/web/kit/fields.js');
      const option = { name: 'crf', kind: 'whole number', default: null, low: 0, high: 63 };
      const { element, set } = field_of(option, () => {});
      const slider = element.querySelector('input[type=range]');
      const unsaid = () => slider.classList.contains('unsaid');
      set(null);
      const before = unsaid();
      set(20);
      return [before, unsaid()];
    }""")
    assert seen == [True, False]


def test_a_list_that_nobody_chose_from_is_not_blank(page: Any) -> None:
    said = page.evaluate("""async () => {
      const { field_of } = await import('/web/kit/fields.js');
      const option = { name: 'images', kind: 'choice', default: null, choices: ['png', 'exr'] };
      const changes = [];
      const { control, set } = field_of(option, (value) => changes.push(value));
      set(null);
      const words = [control.selectedOptions[0].textContent];
      set('exr');
      words.push(control.value);
      control.selectedIndex = 0;
      control.dispatchEvent(new Event('change'));
      return [...words, changes];
    }""")
    assert said == ["by itself", "exr", [None]]


_WORDS = """async () => {
  const { h, say, spans } = await import('/web/kit/element.js');
  const { toast } = await import('/web/kit/toast.js');
  toast('There is no model yet. Say `understudy train`, not <b>this</b>.');
  const told = h('p', {}, 'a `b` c');
  say(told, 'run `x` or `y`');
  return {
    toast: document.querySelector('.toast .words').innerHTML,
    child: h('p', {}, 'type `clip info`').innerHTML,
    said: told.innerHTML,
    alone: h('p', {}, 'one ` alone').innerHTML,
    as_it_is: h('option', {}, '`raw`').textContent,
    title: h('span', { title: 'see `masks list`' }).title,
  };
}"""


def test_what_is_typed_stands_as_code_wherever_words_reach_the_page(page: Any) -> None:
    told = page.evaluate(_WORDS)
    wanted = "There is no model yet. Say <code>understudy train</code>, not &lt;b&gt;this&lt;/b&gt;."
    assert told["toast"] == wanted
    assert told["child"] == "type <code>clip info</code>"
    assert told["said"] == "run <code>x</code> or <code>y</code>"
    assert (told["alone"], told["as_it_is"]) == ("one ` alone", "`raw`")
    assert told["title"] == "see “masks list”"


def test_spaces_go_only_out_of_names_that_are_joined(page: Any) -> None:
    said = page.evaluate("""async () => {
      const { field_of } = await import('/web/kit/fields.js');
      const said = [];
      for (const joined of ['', '*+']) {
        const option = { name: 'one', kind: 'text', choices: ['dense'], others: true };
        const { control } = field_of({ ...option, joined_by: joined }, (value) => said.push(value));
        control.value = joined ? ' dense * hull ' : ' my shots/a clip.mp4 ';
        control.dispatchEvent(new Event('change'));
      }
      return said;
    }""")
    assert said == ["my shots/a clip.mp4", "dense*hull"]
