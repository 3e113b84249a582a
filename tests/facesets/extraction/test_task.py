from pathlib import Path

from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.extraction.task import Task
from understudy.facesets.store import Faceset


def task_for(folder: Path, **changes: object) -> Task:
    values = {
        "clip_path": folder / "clip",
        "clip_name": "clip",
        "content": "",
        "role": "dst",
        "faceset": Faceset(folder / "faces"),
        "options": ExtractOptions(),
        "cache": folder / "cache",
        "people_folder": folder / "people",
        "person": None,
        "devices": ("cpu",),
        "overlays_folder": folder / "overlays",
    }
    return Task(**(values | changes))


def test_a_task_says_which_programs_look_on_which_device(tmp_path):
    task = task_for(tmp_path, options=ExtractOptions(min_face=0.2), devices=("cuda:0", "cuda:1"))
    assert task.finder_plan().inputs.device == "cuda:0"
    assert task.finder_plan("cuda:1").inputs.device == "cuda:1"
    assert task.finder_plan().inputs.smallest_face_share == 0.2
    assert task.finder_plan().options is task.options
