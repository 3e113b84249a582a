"""Every room for a hand that has a keyboard alone: what is pressed has a key, and the focus is seen."""

from __future__ import annotations

from typing import Any

import pytest

from tests.studio.web.test_shell import ROOMS
from understudy.project.project import Project

# What stands in a list of many alike has the list's own keys (arrows) and the letters of Ctrl+J; a link in a
# sentence and the link that skips the header are reached by Tab.
_ALIKE = (
    "li, tr, us-run, us-form, article, [role=option], [role=grid], [role=listbox], .preview-cells, "
    ".history-strip, .cells, .skip, p a"
)
_LACKING = """async (alike) => {
  const { all_keys, key_words } = await import('/web/kit/keys.js');
  const known = new Set(all_keys().flatMap(({ actions }) => actions.map(key_words)));
  const pressed = document.querySelectorAll('us-shell :is(button, a[href], summary, [role=tab])');
  return [...pressed].filter((one) => one.checkVisibility() && !one.closest(alike)).filter((one) => {
    const keys = (one.dataset.key ?? '').split(' ').filter(Boolean);
    return !keys.length || !keys.every((key) => known.has(key)) || !one.dataset.tip;
  }).map((one) => (one.textContent || one.getAttribute('aria-label')) + ' [' + (one.dataset.key ?? '') + ']');
}"""
_FOCUS = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const looks = getComputedStyle(one);
  const { width, left, right, top, bottom } = one.getBoundingClientRect();
  const ring = looks.outlineStyle !== 'none' && parseFloat(looks.outlineWidth) >= 2;
  const seen = width > 0 && bottom > 0 && top < innerHeight && right > 0 && left < innerWidth;
  const name = one.getAttribute('aria-label') || one.textContent.trim().slice(0, 30) || one.dataset.tip;
  const again = one.dataset.walked === 'yes';
  one.dataset.walked = 'yes';
  return { ring, seen, what: `${one.tagName.toLowerCase()} ${name || one.id}`, again };
}"""


@pytest.fixture(scope="module")
def opened(trained_project: Project) -> Project:
    return trained_project


def _room(open_page: Any, room: str) -> Any:
    page = open_page(at=f"#/{room}")
    page.reload(wait_until="networkidle")  # what the room asks for apart is there too
    page.wait_for_selector(f"us-room-{room} :is(button, [role=tab])")
    return page


@pytest.mark.parametrize("room", ROOMS)
def test_whatever_can_be_pressed_has_a_key_that_stands_in_its_tooltip_and_in_the_list(
    open_page: Any, room: str
) -> None:
    page = _room(open_page, room)
    lacking = set(page.evaluate(_LACKING, _ALIKE))
    tabs = page.locator("us-shell main [role=tab]")
    for at in range(tabs.count()):
        tabs.nth(at).click()
        page.wait_for_timeout(300)
        lacking |= set(page.evaluate(_LACKING, _ALIKE))
    assert lacking == set()


@pytest.mark.parametrize("room", ROOMS)
def test_the_focus_is_seen_wherever_tab_takes_it(open_page: Any, room: str) -> None:
    page = _room(open_page, room)
    unseen, walked = [], 0
    for _ in range(250):
        page.keyboard.press("Tab")
        at = page.evaluate(_FOCUS)
        if at is None:
            continue
        if at["again"]:
            break
        walked += 1
        if not (at["ring"] and at["seen"]):
            unseen.append(
                f"{at['what']}: {'ring' if at['ring'] else 'no ring'}, {'seen' if at['seen'] else 'not seen'}"
            )
    assert unseen == []
    assert walked > 12


def test_letters_count_by_their_place_where_a_keyboard_has_no_latin_ones(open_page: Any) -> None:
    page = _room(open_page, "project")
    press = """([key, code, shift]) => document.body.dispatchEvent(
      new KeyboardEvent('keydown', { key, code, shiftKey: shift, bubbles: true, cancelable: true }))"""
    # Every letter of the room, as a Cyrillic keyboard sends it, finds the same action as on a Latin one.
    script = """async () => {
      const { all_keys, key_words } = await import('/web/kit/keys.js');
      const all = all_keys().flatMap(({ actions }) => actions);
      return all.filter(({ key, ctrl }) => /^[a-z]$/.test(key) && !ctrl)
        .map(({ key, shift, does }) => [key, Boolean(shift), does]);
    }"""
    letters = page.evaluate(script)
    assert len(letters) > 8
    spy = """async () => {
      const { all_keys } = await import('/web/kit/keys.js');
      window.done = [];
      const all = all_keys().flatMap(({ actions }) => actions);
      for (const action of all) action.run = () => window.done.push(action.does);
    }"""
    page.evaluate(spy)
    for key, shift, _ in letters:
        page.evaluate(press, ["ж", f"Key{key.upper()}", shift])
    assert page.evaluate("window.done") == [does for _, _, does in letters]


def test_a_tooltip_has_all_keys_of_what_it_is_about(open_page: Any) -> None:
    page = _room(open_page, "faces")
    page.get_by_role("button", name="Reject").hover()
    tip = page.locator("#us-tip")
    tip.wait_for()
    assert tip.locator("kbd").all_inner_texts() == ["Delete", "X"]


# What a key of each layout writes, and what it does in Merge: (character, place, Shift, what it does).
_NEXT, _ON, _BEFORE = "Next frame", "Next frame, with this one's settings", "Previous frame"
_LESS, _MORE_LESS = "Less colour degrading", "Less colour degrading, five steps"
_RENDER, _FIRST, _LOUPE = "Make the rest in the background", "First frame", "Loupe"
_MERGE = {
    "American": [
        (".", "Period", False, _NEXT),
        (">", "Period", True, _RENDER),
        ("<", "Comma", True, _FIRST),
        (";", "Semicolon", False, _LESS),
        (":", "Semicolon", True, _MORE_LESS),
        ("/", "Slash", False, _ON),
        ("&", "Digit7", True, "Go to Deliver"),
        ("+", "Equal", True, "Zoom in"),
        ("4", "Digit4", False, "Mode seamless"),
    ],
    "German": [
        (".", "Period", False, _NEXT),
        (":", "Period", True, _RENDER),
        (";", "Comma", True, _LESS),
        ("Ö", "Semicolon", True, _MORE_LESS),
        ("/", "Digit7", True, _ON),
        ("%", "Digit5", True, "Go to Training"),
        ("-", "Slash", False, "Zoom out"),
        ("=", "Digit0", True, "Zoom in"),
        ("'", "Backslash", True, _LOUPE),
        ("ü", "BracketLeft", False, "Before or after"),
        ("#", "Backslash", False, "One to one"),
    ],
    "AZERTY": [
        (".", "Comma", True, _NEXT),
        ("/", "Period", True, _ON),
        (";", "Comma", False, _LESS),
        (",", "KeyM", False, _BEFORE),
        ("m", "Semicolon", False, "Previous frame, with this one's settings"),
        (":", "Period", False, None),
        ("!", "Slash", False, None),
        ("'", "Digit4", False, _LOUPE),
        ("7", "Digit7", True, "Go to Deliver"),
        ("(", "Digit5", False, "Mode seamless-hist-match"),
    ],
    "Swedish": [
        (";", "Comma", True, _LESS),
        (":", "Period", True, _RENDER),
        ("/", "Digit7", True, _ON),
        ("+", "Minus", False, None),
        ("-", "Slash", False, "Zoom out"),
        ("ö", "Semicolon", False, _LESS),
        ("&", "Digit6", True, "Go to Merge"),
    ],
    "Cyrillic": [
        ("ю", "Period", False, _NEXT),
        ("Ю", "Period", True, _RENDER),
        ("Б", "Comma", True, _FIRST),
        (".", "Slash", False, _NEXT),
        (",", "Slash", True, _BEFORE),
        ("ж", "Semicolon", False, _LESS),
        ("/", "Backslash", True, _ON),
        ("ь", "KeyM", False, "Previous frame, with this one's settings"),
    ],
}


def test_in_merge_a_key_does_what_is_written_on_it_whatever_the_layout(open_page: Any) -> None:
    page = _room(open_page, "merge")
    page.evaluate("""async () => {
      const { all_keys } = await import('/web/kit/keys.js');
      const all = all_keys().flatMap(({ actions }) => actions);
      for (const action of all) action.run = () => (window.did = action.does);
    }""")
    press = """([key, code, shift]) => {
      window.did = null;
      const more = { shiftKey: shift, bubbles: true, cancelable: true };
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key, code, ...more }));
      return window.did;
    }"""
    did = {layout: [page.evaluate(press, list(one[:3])) for one in keys] for layout, keys in _MERGE.items()}
    assert did == {layout: [does for *_, does in keys] for layout, keys in _MERGE.items()}
