"""Where finished files go."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.errors import OptionInvalid
from understudy.jobs.delivery.outputs import output_paths
from understudy.merging.delivery.memory import DeliveryMemory
from understudy.merging.delivery.options import EncodeOptions
from understudy.project.project import Project


def test_a_finished_file_keeps_dsts_container_and_several_go_into_a_folder(
    project: Project, tmp_path: Path
) -> None:
    (unnamed,) = output_paths(project, "main", ["dst"], None, options=EncodeOptions())
    assert unnamed == project.out_folder / "dst-main.mov"
    (named,) = output_paths(project, "main", ["dst"], tmp_path / "a.mp4", options=EncodeOptions())
    assert named == tmp_path / "a.mp4"
    two = output_paths(project, "main", ["dst", "dst"], tmp_path / "cut", options=EncodeOptions())
    assert {path.parent for path in two} == {tmp_path / "cut"}
    (tmp_path / "day.1").mkdir()
    two = output_paths(project, "main", ["dst", "dst"], tmp_path / "day.1", options=EncodeOptions())
    assert {path.parent for path in two} == {tmp_path / "day.1"}
    with pytest.raises(OptionInvalid, match="name a folder"):
        output_paths(project, "main", ["dst", "dst"], tmp_path / "a.mp4", options=EncodeOptions())


def test_clips_and_models_whose_names_read_alike_together_have_each_their_own_file(project: Project) -> None:
    with project.change() as manifest:
        manifest.clips["dst-b"] = manifest.clips["dst"].model_copy()

    def place(clip: str, model: str) -> Path:
        return output_paths(project, model, [clip], None, options=EncodeOptions())[0]

    assert place("dst", "b-c") == place("dst-b", "c")
    for clip, model in (("dst", "b-c"), ("dst-b", "c")):
        made = place(clip, model)
        made.parent.mkdir(exist_ok=True)
        made.write_text(clip)
        DeliveryMemory(project.merged_folder(clip, model)).remember(made, "recipe")
    assert place("dst", "b-c") == project.out_folder / "dst-b-c.mov"
    assert place("dst-b", "c") == project.out_folder / "dst-b--c.mov"


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"frames": "1:2"}, "dst-main-1-2.mov"),
        ({"content": "mask"}, "dst-main-mask.mov"),
        ({"content": "face", "frames": "2"}, "dst-main-face-2.mov"),
        ({"purpose": "web", "content": "mask"}, "dst-main-web.mov"),
    ],
)
def test_an_unnamed_file_is_called_by_what_it_shows_of_which_frames(
    project: Project, said: dict[str, str], name: str
) -> None:
    (unnamed,) = output_paths(project, "main", ["dst"], None, options=EncodeOptions.model_validate(said))
    assert unnamed.name == name
