"""The Training room under a hand: its curve by keys, drag and wheel, smoothed, both scales; save, finish."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from tests.studio.web.test_merge import until
from understudy.project.project import Project
from understudy.training.keeping.lock import model_lock
from understudy.training.keeping.metrics import METRICS_NAME
from understudy.training.keeping.requests import FOLDER_NAME
from understudy.training.keeping.status import write_status

CHART = "document.querySelector('us-training-model').chart"


@pytest.fixture(scope="module")
def opened(trained_project: Project) -> Project:
    return trained_project


@pytest.fixture
def room(open_page: Callable[..., Any], opened: Project) -> Any:
    lines = [
        f'{{"iteration": {at}, "loss_src": {10 / at + (at // 20 % 2) / 4}, "loss_dst": {8 / at}}}'
        for at in range(20, 2020, 20)
    ]
    (opened.model_folder("main") / METRICS_NAME).write_text("\n".join(lines) + "\n")
    page = open_page()
    page.goto(page.url.split("#")[0] + "#/training?models=main")
    page.wait_for_selector(".loss-chart[data-points]", timeout=60_000)
    return page


def shown(page: Any) -> list[float]:
    """The iterations that are seen, from first to last."""
    return page.evaluate(f"{CHART}.shown ?? {CHART}.span")


def width(page: Any) -> float:
    return shown(page)[1] - shown(page)[0]


def test_the_curve_is_zoomed_and_moved_by_keys(room: Any) -> None:
    whole = width(room)
    for _ in range(3):
        room.keyboard.press("+")
    assert width(room) == pytest.approx(whole / 1.3**3, rel=0.01)
    first = shown(room)[0]
    room.keyboard.press("Shift+ArrowRight")
    assert shown(room)[0] == pytest.approx(first + 0.2 * width(room), rel=0.02)
    room.keyboard.press("Shift+ArrowLeft")
    assert shown(room)[0] == pytest.approx(first, abs=2)
    room.keyboard.press("-")
    assert width(room) == pytest.approx(whole / 1.3**2, rel=0.01)
    room.keyboard.press("0")
    assert room.evaluate(f"{CHART}.shown") is None and width(room) == whole


def test_a_drag_shows_the_stretch_that_was_drawn_and_the_wheel_zooms_at_the_pointer(room: Any) -> None:
    box = room.locator(".loss-chart .u-over").bounding_box()
    assert box
    low, high = shown(room)
    at = lambda share: low + share * (high - low)  # noqa: E731
    room.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 20)
    room.mouse.down()
    room.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 24, steps=4)
    room.mouse.up()
    assert shown(room) == pytest.approx([at(0.25), at(0.5)], abs=0.01 * (high - low))
    # Lines go on to both edges: what lies beyond them is asked for too.
    ends = f"[{CHART}.data.x[0], {CHART}.data.x.at(-1)]"
    until(lambda: room.evaluate(ends)[1] < 0.7 * high, room)
    assert room.evaluate(ends)[0] <= at(0.25) + 1 and room.evaluate(ends)[1] >= at(0.5) - 1
    room.locator(".loss-chart .u-over").dblclick()
    assert room.evaluate(f"{CHART}.shown") is None
    room.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 20)
    room.mouse.wheel(0, -100)
    until(lambda: width(room) < 0.9 * (high - low), room)
    first, last = shown(room)
    assert (at(0.75) - first) / (last - first) == pytest.approx(0.75, abs=0.02)


def test_smoothing_and_the_scale_change_what_is_drawn(room: Any) -> None:
    def rough() -> float:
        means = room.evaluate(f"{CHART}.data.lines[0].mean")
        return sum(abs(one - other) for one, other in pairwise(means))

    room.select_option("[aria-label=Smoothing]", "0")
    until(lambda: rough() > 20, room)
    room.select_option("[aria-label=Smoothing]", "3")
    until(lambda: rough() < 8, room)
    scale = f"{CHART}.plot.scales.y.distr"
    assert room.evaluate(scale) == 3
    room.keyboard.press("g")
    assert room.evaluate(scale) == 1 and room.get_attribute(".curve-head button[aria-pressed]", "aria-pressed")
    room.keyboard.press("g")
    assert room.evaluate(scale) == 3


def test_a_logarithmic_axis_has_round_figures_at_any_zoom(room: Any) -> None:
    expected = {
        (0.598, 2.9): [1, 1.5, 2, 2.5],
        (0.03, 2): [0.05, 0.1, 0.2, 0.5, 1, 2],
        (0.71, 0.79): [0.72, 0.74, 0.76, 0.78],
        (0.0001, 40): [0.0001, 0.001, 0.01, 0.1, 1, 10],
    }
    splits = "(ends) => import('/web/kit/chart.js').then(({ log_splits }) => log_splits(...ends))"
    for ends, figures in expected.items():
        assert room.evaluate(splits, list(ends)) == pytest.approx(figures), ends


def test_save_and_finish_reach_the_training_that_runs(room: Any, opened: Project) -> None:
    folder = opened.model_folder("main")
    status = {"iteration": 7, "done": 7, "rate": 3.0, "loss": 0.5, "waiting_share": 0.0, "memory_bytes": 1}
    status |= {"total": None, "seconds_left": None, "plan_share": None, "stage": "", "device": "cpu"}
    status |= {"settles": False, "bfloat16": False, "faces": {"src": 1, "dst": 1}}
    with model_lock(folder):
        write_status(folder, status)
        room.locator("us-training-model .badge", has_text="training").wait_for(timeout=60_000)
        room.keyboard.press("s")
        until((folder / FOLDER_NAME / "save.json").is_file, room)
        room.get_by_role("button", name="Finish", exact=False).first.click()
        assert not (folder / FOLDER_NAME / "finish.json").exists()  # asked first
        room.get_by_role("dialog").get_by_role("button", name="Finish").click()
        until((folder / FOLDER_NAME / "finish.json").is_file, room)
    for wish in ("save", "finish"):
        (folder / FOLDER_NAME / f"{wish}.json").unlink()
