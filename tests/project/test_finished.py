"""`project/finished.py`."""

from __future__ import annotations

from pathlib import Path

from understudy.merging.delivery.memory import DeliveryMemory
from understudy.project.finished import finished_by_name, finished_files
from understudy.project.project import Project
from understudy.project.state import project_state


def test_a_finished_file_outside_the_project_counts_as_finished(project: Project, tmp_path: Path) -> None:
    elsewhere = tmp_path / "finished 影.mp4"
    elsewhere.write_bytes(b"a film")
    memory = DeliveryMemory(project.merged_folder("dst", "main"))
    memory.remember(elsewhere, "recipe")
    memory.remember(tmp_path / "gone.mp4", "recipe")
    assert [output.path for output in project_state(project).outputs] == [elsewhere]
    assert finished_files(project) == [elsewhere]


def test_two_of_one_name_are_told_apart_and_what_lies_beside_one_is_none(
    project: Project, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "done.mp4"
    elsewhere.write_bytes(b"a film")
    DeliveryMemory(project.merged_folder("dst", "main")).remember(elsewhere, "recipe")
    project.out_folder.mkdir(parents=True)
    for name in ("done.mp4", "done.report.json", ".hidden"):
        (project.out_folder / name).write_bytes(b"another")
    assert finished_by_name(project) == {"done.mp4": project.out_folder / "done.mp4", "done.mp4 (2)": elsewhere}
