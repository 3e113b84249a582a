"""Masks of a project: drawings find their faces, what is fetched can come back, names are known."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.jobs.conftest import with_three_faces
from understudy.errors import (
    DeviceUnavailable,
    DrawingUnreadable,
    FacesUnknown,
    LeadsOut,
    OptionInvalid,
    SegmenterUnknown,
    WeightsMissing,
)
from understudy.events import Events, Notice, StageFinished
from understudy.facesets.curation.choose import Choice
from understudy.facesets.curation.masks import draw
from understudy.facesets.painted import grey_of, layer_of
from understudy.jobs.facesets import masks
from understudy.jobs.facesets.curating import undo
from understudy.jobs.facesets.drawing import mark
from understudy.masks.own import AboutSegmenter, publish, read_about
from understudy.masks.segmenter import SEGMENTERS, Segmenter
from understudy.networks.dense_face import DenseFaceNet
from understudy.project.project import Project
from understudy.training.segmenting.drawn import faces_to_learn_from
from understudy.training.segmenting.options import MaskTrainOptions

SQUARE = [[4, 4], [28, 4], [28, 28], [4, 28]]


@pytest.fixture
def filled(project: Project) -> Project:
    """The project with three faces in dst/main."""
    return with_three_faces(project)


def drawing(folder: Path, name: str, **more: object) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"include": [SQUARE], **more}))
    return path


def drawn_on(project: Project) -> list[int]:
    with project.faceset("dst") as faceset:
        return [len(face.record.polygons) for face in faceset.faces()]


def test_a_drawing_goes_into_the_face_it_is_called_like_or_names(filled: Project, tmp_path: Path) -> None:
    drawing(tmp_path / "drawn", "dst-000000-1")
    drawing(tmp_path / "drawn", "second", imagePath="..\\x\\dst-000001-1.jpg")
    list(masks.draw(filled, "dst", [tmp_path / "drawn"]))
    assert drawn_on(filled) == [1, 1, 0]
    list(masks.draw(filled, "dst", [drawing(tmp_path, "anything")], face="dst-000002-1.jpg"))
    list(masks.draw(filled, "dst", [drawing(tmp_path, "dst-000000-1", exclude=[SQUARE])], keep_others=True))
    assert drawn_on(filled) == [2, 1, 1]
    list(undo(filled, "dst", steps=3))
    assert drawn_on(filled) == [0, 0, 0]


def test_a_drawing_of_no_face_changes_none(filled: Project, tmp_path: Path) -> None:
    files = [drawing(tmp_path, "dst-000000-1"), drawing(tmp_path, "stranger")]
    with pytest.raises(FacesUnknown, match="called 'stranger'"):
        list(masks.draw(filled, "dst", files))
    with pytest.raises(FacesUnknown, match="single drawing"):
        list(masks.draw(filled, "dst", files, face="dst-000000-1"))
    with pytest.raises(DrawingUnreadable, match="no drawing here"):
        list(masks.draw(filled, "dst", [filled.folder / "facesets"]))
    assert drawn_on(filled) == [0, 0, 0]


def test_a_dry_run_only_says_what_would_be_done(filled: Project, tmp_path: Path) -> None:
    said = [
        *masks.draw(filled, "dst", [drawing(tmp_path, "dst-000000-1")], dry_run=True),
        *masks.apply(filled, "dst", Choice(limit=2), segmenter="skin", dry_run=True),
        *masks.remove(filled, "dst", Choice(), polygons=True, dry_run=True),
        *masks.fetch(filled, "dst", Choice(), folder=tmp_path / "out", undrawn=True, dry_run=True),
    ]
    assert [event.text for event in said if isinstance(event, Notice)] == [
        "1 face would get what is drawn for it.",
        "2 faces would get a mask of skin.",
        "0 faces would lose their drawn regions.",
        "3 faces would be copied.",
    ]
    assert drawn_on(filled) == [0, 0, 0] and not (tmp_path / "out").exists()


def test_fetched_faces_can_be_drawn_on_elsewhere_and_brought_back(filled: Project, tmp_path: Path) -> None:
    out = tmp_path / "fetched"
    with pytest.raises(FacesUnknown, match="None of these faces is drawn on"):
        list(masks.fetch(filled, "dst", Choice(), folder=out))
    list(masks.draw(filled, "dst", [drawing(tmp_path, "dst-000001-1")]))
    list(masks.fetch(filled, "dst", Choice(), folder=out))
    assert sorted(path.name for path in out.iterdir()) == ["dst-000001-1.jpg", "dst-000001-1.json"]
    *_, last = masks.fetch(filled, "dst", Choice(), folder=out, undrawn=True)
    assert isinstance(last, StageFinished) and last.summary == {"faces": 3, "copied": 2}
    edited = json.loads((out / "dst-000001-1.json").read_text())
    edited["shapes"] += [{"label": "exclude", "points": SQUARE, "shape_type": "polygon"}]
    (out / "dst-000001-1.json").write_text(json.dumps(edited))
    *_, last = masks.fetch(filled, "dst", Choice(), folder=out)  # what was drawn there meanwhile stays
    assert isinstance(last, StageFinished) and last.skipped
    list(masks.draw(filled, "dst", [out]))
    assert drawn_on(filled) == [0, 2, 0]


def test_faces_that_are_drawn_on_go_into_a_faceset_of_their_own(filled: Project, tmp_path: Path) -> None:
    list(masks.draw(filled, "dst", [drawing(tmp_path, "dst-000002-1")]))
    list(masks.fetch(filled, "dst", Choice(), into="dst/drawn"))
    with filled.faceset("dst", "drawn") as faceset:
        assert [face.name for face in faceset.faces()] == ["dst-000002-1.jpg"]
    with pytest.raises(OptionInvalid, match="Say where"):
        list(masks.fetch(filled, "dst", Choice()))


def test_masks_are_applied_listed_and_removed_by_name(filled: Project) -> None:
    list(masks.apply(filled, "dst", Choice(names=("dst-000000-1", "dst-000001-1")), segmenter="skin"))
    (_, dst) = masks.facesets_listed(filled)
    nothing = dict.fromkeys(("drawn_on", "learned_from", "confirmed", "skipped"), 0)
    assert dst == {"faceset": "dst/main", "faces": 3, "masks": {"skin": 2}, **nothing}
    with pytest.raises(FacesUnknown, match="No face has a mask of 'mic'; there are skin"):
        list(masks.remove(filled, "dst", Choice(), name="mic"))
    list(masks.remove(filled, "dst", Choice(), name="skin"))
    (_, dst) = masks.facesets_listed(filled)
    assert dst["masks"] == {}


def test_a_segmenter_looks_where_it_is_told_to(filled: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, real = [], SEGMENTERS["skin"]
    monkeypatch.setitem(SEGMENTERS, "skin", lambda device: asked.append(device) or real("cpu"))
    list(masks.apply(filled, "dst", Choice(limit=1), segmenter="skin", device="cpu"))
    with pytest.raises(DeviceUnavailable):
        list(masks.apply(filled, "dst", Choice(), segmenter="skin", device="cuda:77"))
    assert asked == ["cpu"]


def test_the_list_counts_faces_as_a_training_does(filled: Project, tmp_path: Path) -> None:
    """A confirmed mask is learned from without a drawing, and a drawing of a skipped face is not."""
    names = [f"dst-00000{n}-1" for n in range(3)]
    list(masks.draw(filled, "dst", [drawing(tmp_path, name) for name in names[:2]]))
    list(masks.apply(filled, "dst", Choice(names=(names[2],)), segmenter="skin"))
    list(mark(filled, "dst", "confirmed", Choice(names=(names[2],))))
    list(mark(filled, "dst", "skipped", Choice(names=(names[0],))))
    (_, dst) = masks.facesets_listed(filled)
    assert (dst["drawn_on"], dst["learned_from"]) == (2, 2)
    list(mark(filled, "dst", "", Choice(names=(names[0],))))
    (_, dst) = masks.facesets_listed(filled)
    assert (dst["drawn_on"], dst["learned_from"]) == (2, 3)
    with filled.faceset("dst") as faceset:
        assert len(faces_to_learn_from([("dst/main", faceset)])[0]) == 3


@pytest.mark.parametrize(("held_out", "words"), [(2, "on 2 faces held out"), (0, "on the same faces")])
def test_the_list_says_on_how_many_faces_an_overlap_was_measured(
    filled: Project, held_out: int, words: str
) -> None:
    about = AboutSegmenter(face_type="full", size_px=64, faces=10, held_out=held_out, iou=0.9, iou_before=0.7)
    publish(filled.folder / "masks" / "mic", about, DenseFaceNet().state_dict())
    *_, mic = masks.segmenters_listed(filled)
    assert mic["what"] == f"learned from {10 - held_out} faces, overlap 0.900 (before 0.700) {words}"


def test_a_drawing_that_is_not_there_is_called_what_was_named(filled: Project, tmp_path: Path) -> None:
    with pytest.raises(DrawingUnreadable, match="There is no such file or folder"):
        list(masks.draw(filled, "dst", [tmp_path / "to-draw"]))
    with pytest.raises(DrawingUnreadable, match="There is no such drawing"):
        list(masks.draw(filled, "dst", [tmp_path / "face.json"]))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DrawingUnreadable, match=r"no file that ends in \.json"):
        list(masks.draw(filled, "dst", [tmp_path / "empty"]))


def test_a_segmenter_that_is_none_is_refused_with_those_there_are(filled: Project) -> None:
    with pytest.raises(SegmenterUnknown, match="no segmenter 'mic'; known are dense, skin"):
        list(masks.apply(filled, "dst", Choice(), segmenter="mic"))
    assert "skin" in [one["name"] for one in masks.segmenters_listed(filled)]


def test_a_segmenter_is_trained_applied_renamed_put_away_and_brought_back(
    filled: Project, tmp_path: Path
) -> None:
    list(masks.draw(filled, "dst", [drawing(tmp_path, f"dst-00000{n}-1") for n in range(2)]))
    options = MaskTrainOptions(start="nothing", size_px=64, batch_size=1, iterations=1, previews=0)
    list(masks.train(filled, "mic", ["dst"], options, device="cpu"))
    *_, mic = masks.segmenters_listed(filled)
    assert mic["name"] == "mic" and ("overlap" in mic["what"] or "nothing yet" in mic["what"])
    publish(
        filled.folder / "masks" / "mic",
        AboutSegmenter(face_type="full", size_px=64),
        DenseFaceNet().state_dict(),
    )
    list(masks.apply(filled, "dst", Choice(), segmenter="mic"))
    assert [*masks.facesets_listed(filled)][1]["masks"] == {"mic": 3}
    masks.rename(filled, "mic", "boom")
    with pytest.raises(SegmenterUnknown, match="no segmenter 'mic' of its own; it has boom"):
        masks.rename(filled, "mic", "other")
    with pytest.raises(OptionInvalid, match="already"):
        masks.rename(filled, "boom", "boom")
    with pytest.raises(OptionInvalid, match="can't be called"):
        list(masks.train(filled, "../x", [], options))
    assert masks.list_backups(filled, "boom") == []
    lies = masks.put_away(filled, "boom")
    assert (
        lies.is_dir()
        and lies.parent == filled.trash.folder
        and "boom" not in str(masks.segmenters_listed(filled))
    )
    assert [*masks.segmenters_put_away(filled)] == ["boom"]
    with pytest.raises(SegmenterUnknown, match="'mic' of its own; it has none yet, and in its trash boom"):
        masks.bring_back(filled, "mic")
    assert masks.bring_back(filled, "boom") == filled.folder / "masks" / "boom"
    assert [one["name"] for one in masks.segmenters_listed(filled)][-1] == "boom"
    assert masks.segmenters_put_away(filled) == {}
    with pytest.raises(OptionInvalid, match="a segmenter 'boom' already"):
        masks.bring_back(filled, "boom")


@pytest.mark.parametrize("stage", [masks.train, masks.check])
def test_a_start_that_is_nearly_a_segmenter_of_the_project_is_refused_with_it(
    filled: Project, stage: Callable[..., Events]
) -> None:
    about = AboutSegmenter(face_type="full", size_px=64, start="nothing", iteration=1)
    publish(filled.folder / "masks" / "microphone", about, DenseFaceNet().state_dict())
    with pytest.raises(OptionInvalid) as refused:
        list(stage(filled, "boom", [], MaskTrainOptions(start="micropone")))
    said = str(refused.value)
    assert said.startswith("Option 'start' can't be 'micropone'") and 'Did you mean "microphone"?' in said


def test_of_two_segmenters_of_a_name_the_one_put_away_last_comes_back(filled: Project) -> None:
    for iteration in (1, 2):
        about = AboutSegmenter(face_type="full", size_px=64, iteration=iteration)
        publish(filled.folder / "masks" / "mic", about, DenseFaceNet().state_dict())
        masks.put_away(filled, "mic")
    masks.bring_back(filled, "mic")
    about = read_about(filled.folder / "masks" / "mic")
    assert about is not None and about.iteration == 2
    assert [*masks.segmenters_put_away(filled)] == ["mic"]


@pytest.mark.parametrize("link", ["masks", "trash"])
def test_a_segmenter_goes_through_no_link_out_of_the_project(
    filled: Project, tmp_path: Path, link: str
) -> None:
    """A stranger's project could have a folder of the user's moved away, and another put in its place."""
    about = AboutSegmenter(face_type="full", size_px=64, iteration=1)
    publish(filled.folder / "masks/mic", about, DenseFaceNet().state_dict())
    away = masks.put_away(filled, "mic")
    elsewhere = tmp_path / "letters"
    if link == "trash":
        filled.trash.folder.rename(elsewhere)
    else:
        (filled.folder / "masks").rename(tmp_path / "was-masks")
        (elsewhere / "mic").mkdir(parents=True)
        (elsewhere / "mic/diary.txt").write_text("mine")
    (filled.folder / link).symlink_to(elsewhere)
    before = sorted(elsewhere.rglob("*"))
    with pytest.raises(LeadsOut, match=f"`{link}` is a link that leads out of the project"):
        masks.bring_back(filled, "mic")
    assert sorted(elsewhere.rglob("*")) == before and away.is_dir()
    publish(filled.folder / "masks/boom", about, DenseFaceNet().state_dict())  # written as ever
    assert [one["name"] for one in masks.segmenters_listed(filled)][-1] == "boom"
    with pytest.raises(LeadsOut):
        masks.put_away(filled, "boom")


def test_a_segmenter_is_checked_on_all_that_is_drawn(filled: Project, tmp_path: Path) -> None:
    list(masks.draw(filled, "dst", [drawing(tmp_path, f"dst-00000{n}-1") for n in range(2)]))
    about = AboutSegmenter(face_type="full", size_px=64, start="nothing", iteration=1)
    publish(filled.folder / "masks" / "mic", about, DenseFaceNet().state_dict())
    options = MaskTrainOptions(batch_size=1)
    *_, last = masks.check(filled, "mic", ["dst"], options, parts=2, device="cpu")
    assert isinstance(last, StageFinished) and last.summary["faces"] == 2


def test_a_training_that_lacks_the_weights_of_dense_says_what_stands_in(
    filled: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_device: str) -> Segmenter:
        raise WeightsMissing("none")

    monkeypatch.setitem(SEGMENTERS, "dense", missing)
    said = next(iter(masks.train(filled, "mic", [], MaskTrainOptions(start="nothing"))))
    assert isinstance(said, Notice) and "skin is what it is compared with" in said.text


def test_what_is_painted_travels_with_a_fetched_drawing(filled: Project, tmp_path: Path) -> None:
    grey = np.full((32, 32), 128, np.uint8)
    grey[8:16, 8:16] = 255
    with filled.faceset("dst") as faceset:
        face = faceset.faces()[0]
        layer = layer_of(grey, face.record.crop_matrix(), 32)
        assert layer is not None
        list(draw(faceset, {face.name: []}, painted={face.name: layer}, trash=filled.trash.folder))
    list(masks.fetch(filled, "dst", Choice(), folder=tmp_path / "out"))
    list(masks.remove(filled, "dst", Choice(), polygons=True))
    with filled.faceset("dst") as faceset:
        assert not faceset.faces()[0].record.is_drawn_on
    list(masks.draw(filled, "dst", [tmp_path / "out"]))
    with filled.faceset("dst") as faceset:
        back = faceset.faces()[0].record
    np.testing.assert_array_equal(grey_of(back, back.crop_matrix(), 32), grey)
