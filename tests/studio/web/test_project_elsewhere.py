"""A project of images that came from elsewhere: its rate is said, and a stranger's run waits for a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from understudy.files import write_bytes, write_json
from understudy.jobs.runs.book import RunBook
from understudy.jobs.runs.run import KEEPER, RUN
from understudy.media.images import encode_png
from understudy.project.project import Project

_SLOWEST_MS = 240_000  # on a computer that does much else


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Project:
    desk = tmp_path_factory.mktemp("desk") / "Mein Prøjekt 影"
    project = Project.create(desk / "project")
    for role in ("src", "dst"):
        for number in range(3):
            write_bytes(desk / role / f"{number:04d}.png", encode_png(np.full((40, 60, 3), 40, np.uint8)))
        project.add_clip(desk / role, role)
    return project


def _sent(project: Project, number: int) -> Path:
    """A run that waits in a project as it came from somebody else."""
    folder = RunBook(project).folder / f"20260101-000000-00{number}-clean"
    write_json(
        folder / RUN,
        {"title": f"Tidy up {number}", "words": ["clean", ".", "merge", "--dry-run"], "created": 1.0 + number},
    )
    return folder


def test_a_rate_is_said_of_images_and_taken_back(page: Any, opened: Project) -> None:
    def said() -> float | None:
        return Project.open(opened.folder).manifest.clips["dst"].fps

    row = page.locator("li[data-clip=dst]")
    row.get_by_role("button", name="Rate…").click()
    dialog = page.get_by_role("dialog")
    assert "These images say no rate, so 25 frames a second is taken." in dialog.inner_text()
    dialog.get_by_role("textbox").fill("film")
    page.keyboard.press("Enter")
    dialog.locator(".refused", has_text="film is no number").wait_for()
    dialog.get_by_role("textbox").fill("23,976")
    page.keyboard.press("Enter")
    dialog.wait_for(state="detached")
    row.get_by_text("23.976 frames a second").wait_for()
    assert said() == 23.976
    told = page.locator(".toast", has_text="dst is shown at 23.976 frames a second.")
    told.get_by_role("button", name="Undo").click()
    page.locator(".toast", has_text="dst is shown at 25 frames a second.").wait_for()
    assert said() is None
    row.get_by_text("23.976").wait_for(state="detached")


def test_a_run_that_came_with_a_project_begins_when_a_person_lets_it(
    page: Any, opened: Project, expected_errors: list[str]
) -> None:
    first, second = _sent(opened, 1), _sent(opened, 2)
    page.reload()
    rows = {
        folder: page.locator(f"us-run:has(.run-title:text-is('Tidy up {number}'))")
        for number, folder in ((1, first), (2, second))
    }
    for folder, row in rows.items():
        row.get_by_text(
            "came with the project and was not asked for here: understudy clean . merge --dry-run"
        ).wait_for()
        assert not (folder / KEEPER).exists()
    rows[first].get_by_role("button", name="Let it begin").click()
    page.wait_for_selector("us-run[data-state=done]", timeout=_SLOWEST_MS)
    assert rows[first].get_attribute("data-state") == "done"
    assert not rows[first].get_by_role("button", name="Let it begin").is_visible()
    assert not (second / KEEPER).exists()
    rows[second].get_by_role("button", name="Take out").click()
    rows[second].locator("xpath=self::*[@data-state='stopped']").wait_for()
    assert not rows[second].get_by_role("button", name="Let it begin").is_visible()
    assert RunBook(opened).get(second.name).state == "stopped"
