"""How the studio reads: contrast, focus, names, widths; in every room and both themes."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.studio.web.test_shell import ROOMS
from understudy.project.project import Project
from understudy.studio.app import WEB

# Ratio of every text that is seen to what lies behind it (WCAG 2.2, 1.4.3); text over pictures is not judged.
_CONTRAST = """() => {
  const parse = (colour) => {
    const context = new OffscreenCanvas(1, 1).getContext('2d');
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((c, i) => c * a + under[i] * (1 - a));
  const light = (rgb) => rgb.map((c) => c / 255)
    .map((s) => (s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4))
    .reduce((sum, s, i) => sum + s * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (getComputedStyle(one).backgroundImage !== 'none') return null;
      if (colour[3] > 0) layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((under, colour) => over(colour, under), [255, 255, 255]);
  };
  const bad = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const words = walk.currentNode.textContent.trim();
    const element = walk.currentNode.parentElement;
    if (!words || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    if (element.closest(':disabled, [aria-disabled=true], option, .unseen, svg')) continue;
    const style = getComputedStyle(element);
    const ground = behind(element);
    if (!ground) continue;
    const text = over(parse(style.color), ground);
    const [low, high] = [light(text), light(ground)].sort((a, b) => a - b);
    const ratio = (high + 0.05) / (low + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const who = `${words.slice(0, 40)} (${element.localName}.${element.className})`;
    if (ratio < (large ? 3 : 4.5)) bad.push(`${who}: ${ratio.toFixed(2)}`);
  }
  return bad;
}"""

# Everything that can be used has a name for a screen reader.
_NAMELESS = """() => [...document.querySelectorAll('button, a[href], input, select, textarea, [tabindex="0"]')]
  .filter((one) => one.checkVisibility() && !one.closest('[aria-hidden=true]'))
  .filter((one) => !(one.ariaLabel || one.innerText?.trim() || one.labels?.length || one.title
    || one.placeholder || one.getAttribute('aria-labelledby')))
  .map((one) => one.outerHTML.slice(0, 120))"""

# What a button is called for whoever hears it.
_SPOKEN = """(all) => all.map((one) => one.ariaLabel
  ?? [...one.querySelectorAll(':not([aria-hidden])')].map((part) => part.textContent).join(''))"""

_TOO_WIDE = """() => [document.documentElement, document.querySelector('us-shell > header'),
  document.querySelector('main > *')].map((one) => one.scrollWidth - one.clientWidth).filter((by) => by > 1)"""

_LETTERS_PX = "parseFloat(getComputedStyle(document.body).fontSize)"

# No colour is on its way to another; what turns for ever is no such change.
_AT_REST = "document.getAnimations().every((one) => !(one instanceof CSSTransition))"

_FOCUS = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  one.dataset.seen = Number(one.dataset.seen ?? 0) + 1;
  const rings = [one, one.parentElement, ...one.children].map((part) => getComputedStyle(part));
  const ring = rings.some((style) => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1.5);
  return { again: Number(one.dataset.seen) > 1, ring, what: one.outerHTML.slice(0, 120) };
}"""


@pytest.fixture(scope="module")
def opened(trained_project: Project) -> Project:
    return trained_project


def _settled(page: Any) -> Any:
    page.wait_for_load_state("networkidle")
    page.wait_for_function("!document.querySelector('[aria-busy=true]')")
    return page


def _without_ring(page: Any) -> tuple[int, list[str]]:
    """How many places Tab comes to, and those where the eye does not see it."""
    unseen, stops = [], 0
    for _ in range(60):
        page.keyboard.press("Tab")
        focus = page.evaluate(_FOCUS)
        if focus is None or focus["again"]:
            break
        stops += 1
        if not focus["ring"]:
            unseen.append(focus["what"])
    return stops, unseen


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_read_in_both_themes_and_used_by_keyboard(open_page: Any, room: str) -> None:
    page = _settled(open_page(at=f"#/{room}"))
    wrong = {"dark": page.evaluate(_CONTRAST), "nameless": page.evaluate(_NAMELESS)}
    wrong["too wide"] = page.evaluate(_TOO_WIDE)
    stops, wrong["no ring"] = _without_ring(page)
    assert stops >= len(ROOMS) + 3
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Shift+Digit0")
    page.wait_for_function("document.documentElement.dataset.theme === 'light'")
    page.wait_for_function(_AT_REST)
    wrong["light"] = page.evaluate(_CONTRAST)
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys").wait_for()
    wrong["keys"] = page.evaluate(_CONTRAST)
    assert {what: where for what, where in wrong.items() if where} == {}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_fits_a_wide_window_with_larger_letters(open_page: Any, room: str) -> None:
    page = _settled(open_page(at=f"#/{room}", width=2560, height=1440))
    assert page.evaluate(_TOO_WIDE) == []
    assert page.evaluate(_LETTERS_PX) >= 15


def test_every_room_and_its_bar_fit_a_small_window_with_a_large_zoom(open_page: Any) -> None:
    page = open_page(width=640, height=400)
    too_wide = {}
    for room in ROOMS:
        page.locator(f"nav a[data-room={room}]").click()
        page.locator(f"us-room-{room}").wait_for()
        too_wide[room] = _settled(page).evaluate(_TOO_WIDE)
        if room == "faces":
            assert page.locator("us-virtual-grid").bounding_box()["width"] > 150
        if room == "deliver":
            assert page.locator(".deliver-options + section").bounding_box()["width"] > 300
    assert {room: by for room, by in too_wide.items() if by} == {}


def test_tools_have_a_name_each(open_page: Any) -> None:
    tools = open_page(at="#/frames").locator(".frames-tools button")
    names = tools.evaluate_all(_SPOKEN)
    assert len(names) > 10 and len(set(names)) == len(names)


def test_the_judge_of_contrast_sees_grey_on_grey(page: Any) -> None:
    page.evaluate("""() => {
      const dull = document.createElement('p');
      dull.textContent = 'Hard to read';
      dull.style.color = '#666666';
      document.body.append(dull); // what a room shows may be replaced any moment
    }""")
    assert [said[:12] for said in page.evaluate(_CONTRAST)] == ["Hard to read"]


def test_nothing_moves_for_whoever_asked_for_that(page: Any) -> None:
    page.emulate_media(reduced_motion="reduce")
    lasts = "parseFloat(getComputedStyle(document.querySelector('header button')).transitionDuration)"
    assert page.evaluate(lasts) < 0.001


def test_only_words_have_a_wheel_that_turns() -> None:
    turning = {}
    for path in WEB.rglob("*.css"):
        for rules, body in re.findall(r"([^{}]+){([^{}]*)}", path.read_text(encoding="utf-8")):
            if re.search(r"animation:[^;]*infinite", body):
                turning[rules.split("*/")[-1].strip()] = path.name
    assert turning == {".busy-words::before": "controls.css"}
    busy = (WEB / "kit" / "busy.js").read_text(encoding="utf-8")
    assert "WORDS_AFTER_MS = 300" in busy
