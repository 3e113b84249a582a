"""Names that options take in a project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from understudy.errors import OptionInvalid
from understudy.facesets.extraction.options import ExtractOptions
from understudy.jobs.option_names import OWN, names_in, require_names
from understudy.jobs.settings import encode_options, extract_options, merge_options, train_options
from understudy.masks.own import AboutSegmenter, write_about
from understudy.merging.delivery.options import EncodeOptions
from understudy.merging.options import MergeOptions
from understudy.options import Options, names_of
from understudy.project.project import Project
from understudy.training.options import TrainOptions
from understudy.training.segmenting.options import MaskTrainOptions

ALL: tuple[type[Options], ...] = (
    ExtractOptions,
    TrainOptions,
    MergeOptions,
    EncodeOptions,
    MaskTrainOptions,
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.create(tmp_path / "project")
    made.add_model("main")
    folder = made.masks_folder / "mic"
    folder.mkdir(parents=True)
    write_about(folder, AboutSegmenter(start="dense", face_type="whole", size_px=64))
    return made


def test_a_projects_own_segmenter_is_a_name_wherever_segmenters_are(project: Project) -> None:
    assert names_in(project, MergeOptions, "segmenter") == ["dense", "skin", "mic"]
    assert names_in(project, TrainOptions, "mask_from")[-1] == "mic"
    assert "mic" in names_in(project, MaskTrainOptions, "start")
    assert names_in(project, MergeOptions, "erode") == []
    require_names(project, MergeOptions, {"segmenter": "mic", "erode": 0.1, "plate": None})


def test_everything_that_options_say_a_project_has_can_be_asked_of_it(project: Project) -> None:
    said = {
        names.of_project
        for options in ALL
        for name in options.model_fields
        if (names := names_of(options, name)) and names.of_project
    }
    assert said == set(OWN)
    assert all(isinstance(name, str) for kind in said for name in OWN[kind](project))


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ({"detector": "mtccn"}, lambda project, said: extract_options(project, said)),
        ({"landmarker": "fann"}, lambda project, said: extract_options(project, said)),
        ({"mask_from": "mik"}, lambda project, said: train_options(project, "main", said)),
        ({"recipe": "standart"}, lambda project, said: train_options(project, "main", said)),
        ({"segmenter": "mik"}, lambda project, said: merge_options(project, _clip(), said)),
        ({"super_resolution": "lanzcos"}, lambda project, said: merge_options(project, _clip(), said)),
        ({"plate": "gone"}, lambda project, said: merge_options(project, _clip(), said)),
        ({"purpose": "webb"}, lambda project, said: encode_options(project, said)),
        ({"audio": "0"}, lambda project, said: encode_options(project, said)),
    ],
)
def test_a_wrong_name_is_refused_as_soon_as_it_is_said(project: Project, said: Any, read: Any) -> None:
    ((option, value),) = said.items()
    with pytest.raises(OptionInvalid, match=f"{option!r} can't be {value!r}"):
        read(project, said)


def _clip() -> Any:
    from understudy.project.manifest import ClipEntry

    return ClipEntry(path="a.mp4", role="dst", performer="b")
