"""`shell/palette.js` and `shell/places.js`: whatever the studio has is found by its words, and gone to."""

from __future__ import annotations

from typing import Any

import pytest

from understudy.project.project import Project


@pytest.fixture(scope="module")
def opened(trained_project: Project) -> Project:
    return trained_project


def _find(page: Any, words: str) -> Any:
    page.keyboard.press("Control+k")
    page.locator("dialog input[type=search]").fill(words)
    page.wait_for_function("!document.querySelector('dialog [role=status]').textContent.includes('loaded')")
    return page.locator("#palette-list li")


_GO = """async (place) => {
  const { go_there } = await import('/web/shell/places.js');
  window.gone = go_there(place).then(() => '', (error) => error.message);
}"""


def _standing(page: Any) -> str:
    """What the window shows, for whoever reads a failed run."""
    return page.evaluate("""() => [...document.querySelectorAll('dialog[open], us-shell main')]
      .map((one) => `${one.localName} ${one.innerText.slice(0, 200)}`).join(' | ')""")


def _focus(page: Any) -> str:
    script = "document.activeElement.closest('[data-option]')?.dataset.option ?? ''"
    return page.evaluate(script)


def test_consent_is_found_and_gone_to_from_another_room(open_page: Any) -> None:
    page = open_page(at="#/merge")
    rows = _find(page, "consent").all_inner_texts()
    assert any("Performers and consent" in row for row in rows)
    assert any("Guide" in row for row in rows)
    page.keyboard.press("Enter")
    page.locator("us-room-project section[aria-label=Performers].found").wait_for()


def test_an_option_of_another_room_is_gone_to_with_the_focus_on_it(open_page: Any) -> None:
    page = open_page(at="#/faces")
    for words, room, option in (
        ("learning rate training", "training", "learning_rate"),
        ("super resolution merge", "merge", "super_resolution"),
        ("crf", "deliver", "crf"),
        ("step find faces", "project", "frame_step"),
    ):
        _find(page, words)
        page.keyboard.press("Enter")
        page.locator(f"[data-option={option}].found").wait_for()
        assert _focus(page) == option
        assert page.evaluate("document.querySelector('us-shell main > [data-room]').dataset.room") == room
        if page.locator("dialog").count():
            page.keyboard.press("Escape")


def test_where_nothing_is_found_there_is_nothing_to_do(page: Any) -> None:
    assert _find(page, "zzz qqq").count() == 0
    page.get_by_text("Nothing has these words").wait_for()
    assert page.get_by_role("button", name="Do it", exact=True).is_disabled()
    page.keyboard.press("Enter")
    assert page.locator("dialog[open]").count() == 1


def test_a_page_of_the_guide_opens_beside_the_room(page: Any) -> None:
    _find(page, "responsible use")
    row = page.locator("#palette-list li").filter(has_text="Guide").first
    with page.context.expect_page() as opened:
        row.click()
    guide = opened.value
    guide.wait_for_selector("body.guide h1")
    assert "/docs/guide/" in guide.url
    assert guide.evaluate("document.documentElement.dataset.theme") == "dark"


def test_every_panel_that_is_listed_is_there(open_page: Any) -> None:
    page = open_page()
    places = page.evaluate("import('/web/shell/places.js').then(({ panels }) => panels())")
    lost = []
    for place in places:
        page.evaluate(_GO, place)
        page.wait_for_function("window.gone !== undefined")
        if said := page.evaluate("window.gone.then((said) => (delete window.gone, said))"):
            lost.append((place["room"], place["title"], said, _standing(page)))
        if page.locator("dialog[open]").count():
            page.keyboard.press("Escape")
    assert lost == []
