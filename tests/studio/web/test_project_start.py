"""What the Project room asks before a stage starts: what it shows is what is started."""

from __future__ import annotations

from typing import Any

import pytest

from understudy.project.project import Project

_RUN = {
    "id": "trial", "title": "Merge", "typed": "understudy merge .", "state": "running", "living": True,
    "words": ["merge", ".", "--json"], "created": 0, "started": 1, "ended": None, "exit_code": None,
    "sentence": "", "standing": None,
}  # fmt: skip


@pytest.fixture(scope="module")
def opened(trained_project: Project) -> Project:
    """A project whose dst clip keeps merge settings of its own."""
    with trained_project.change() as manifest:
        manifest.clips["dst"].merge = {"erode": 0.12, "blur": 0.03}
    return trained_project


@pytest.fixture
def asked(page: Any) -> list[Any]:
    """What a window asked to be started; nothing is."""
    wishes: list[Any] = []

    def begin(route: Any) -> None:
        if route.request.method == "POST":
            wishes.append(route.request.post_data_json)
            route.fulfill(json=_RUN)
        else:
            route.fulfill(json={"runs": []})

    page.route("**/api/project/runs", begin)
    page.route("**/api/project/runs/trial", lambda route: route.fulfill(json=_RUN))
    return wishes


def _merge_dialog(page: Any) -> Any:
    page.locator(".pipeline").wait_for()
    page.keyboard.press("m")
    dialog = page.get_by_role("dialog", name="Merge")
    dialog.locator("[data-option=erode] input[type=number]").wait_for()
    return dialog


def _shown(dialog: Any, name: str) -> str:
    return dialog.locator(f"[data-option={name}]").locator("input[type=number], select").input_value()


def test_a_merge_of_the_one_clip_shows_the_settings_that_it_keeps(page: Any, asked: list[Any]) -> None:
    dialog = _merge_dialog(page)
    assert dialog.locator(".which select").first.input_value() == "dst"
    assert (_shown(dialog, "erode"), _shown(dialog, "blur")) == ("0.12", "0.03")
    assert dialog.locator(".keep").inner_text() == "Keep these options for dst"
    dialog.get_by_role("button", name="Start").click()
    dialog.wait_for(state="detached")
    (said,) = asked
    assert (said["facts"]["clips"], said["facts"]["said"]) == (["dst"], {}), "so what dst keeps counts"


def test_a_merge_of_several_clips_says_which_keep_another_value_until_it_is_changed_for_all(
    page: Any, asked: list[Any], opened: Project
) -> None:
    with opened.change() as manifest:
        manifest.clips["far"] = manifest.clips["dst"].model_copy(update={"merge": {"erode": 0.2}})
    try:
        page.reload()
        dialog = _merge_dialog(page)
        assert dialog.locator(".which select").first.input_value() == ""
        note = dialog.locator("[data-option=erode] .note")
        assert (note.inner_text(), _shown(dialog, "erode")) == ("dst: 0.12, far: 0.2", "0.02")
        assert "counts there unless you change it here" in note.get_attribute("data-tip")
        assert dialog.locator(".keep").inner_text().endswith("for clips that keep none of their own")
        dialog.locator(".which select").first.select_option("far")
        note.wait_for(state="hidden")
        assert _shown(dialog, "erode") == "0.2"
        dialog.locator(".which select").first.select_option("")
        note.wait_for()
        field = dialog.locator("[data-option=erode] input[type=number]")
        field.fill("0.05")
        field.press("Tab")
        note.wait_for(state="hidden")
        dialog.get_by_role("button", name="Start").click()
        dialog.wait_for(state="detached")
        assert "clips" not in asked[0]["facts"] and asked[0]["facts"]["said"] == {"erode": 0.05}
    finally:
        with opened.change() as manifest:
            del manifest.clips["far"]
