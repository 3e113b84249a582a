"""Drawings of labelme and plain ones are read, brought into the frame, and refused in whole sentences."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.facesets.conftest import make_record
from understudy.errors import DrawingUnreadable
from understudy.facesets.curation.drawings import labelme_json, read_drawing
from understudy.geometry import transform_points

TRIANGLE = [[10, 10], [30, 10], [20, 40]]


def written(folder: Path, values: Any, name: str = "face.json") -> Path:
    path = folder / name
    path.write_text(values if isinstance(values, str) else json.dumps(values), encoding="utf-8")
    return path


def shape(label: str, points: Any = TRIANGLE, kind: str = "polygon") -> dict[str, Any]:
    return {"label": label, "points": points, "shape_type": kind}


def test_labelmes_shapes_become_regions_of_the_frame_with_includes_first(tmp_path: Path) -> None:
    values = {"shapes": [shape("exclude"), shape("include"), shape("1"), shape("0")], "imagePath": "a/b.jpg"}
    drawing, record = read_drawing(written(tmp_path, values)), make_record()
    assert drawing.picture_name == "b.jpg"
    polygons = drawing.polygons(record)
    assert [polygon.kind for polygon in polygons] == ["include", "include", "exclude", "exclude"]
    seen = transform_points(record.crop_matrix(), polygons[0].points)
    np.testing.assert_allclose(seen, TRIANGLE, atol=0.02)


def test_a_picture_that_was_shown_larger_is_measured_in_the_faces_own_pixels(tmp_path: Path) -> None:
    drawing = read_drawing(written(tmp_path, {"include": [TRIANGLE], "size": [128, 128]}))
    record = make_record(size_px=64)
    seen = transform_points(record.crop_matrix(), drawing.polygons(record)[0].points)
    np.testing.assert_allclose(seen, np.array(TRIANGLE) / 2, atol=0.02)
    assert drawing.picture_name == "face"


def test_rectangles_and_circles_are_regions_too(tmp_path: Path) -> None:
    values = {"shapes": [shape("face", [[1, 2], [5, 9]], "rectangle"), shape("0", [[8, 8], [8, 12]], "circle")]}
    (_, box), (_, circle) = read_drawing(written(tmp_path, values)).parts
    assert box.tolist() == [[1, 2], [5, 2], [5, 9], [1, 9]]
    np.testing.assert_allclose(np.linalg.norm(circle - 8, axis=1), 4)


def test_what_was_written_for_labelme_reads_as_the_same_regions(tmp_path: Path) -> None:
    record = make_record()
    drawn = read_drawing(written(tmp_path, {"include": [TRIANGLE], "exclude": [TRIANGLE[::-1]]})).polygons(
        record
    )
    face = record.model_copy(update={"polygons": drawn})
    again = read_drawing(written(tmp_path, labelme_json(face, "x.png"), "again.json"))
    assert again.picture_name == "x.png"
    for one, other in zip(again.polygons(record), drawn, strict=True):
        assert one.kind == other.kind
        np.testing.assert_allclose(one.points, other.points, atol=0.03)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ("{", "is no JSON"),
        ([], "is no drawing"),
        ({"shapes": "x"}, "no list of shapes"),
        ({"include": 3}, "no list of regions"),
        ({"include": []}, "Nothing is drawn"),
        ({"shapes": [shape("hand")]}, "labelled 'hand'. Label what belongs"),
        ({"shapes": [shape("1", TRIANGLE, "line")]}, "is a 'line'"),
        ({"include": [TRIANGLE[:2]]}, "fewer than three corners"),
        ({"include": [[["a", 1], [2, 3], [4, 5]]]}, "no pairs of numbers"),
        ('{"include": [[[NaN, 1], [2, 3], [4, 5]]]}', "no pairs of numbers"),
        ({"include": [[[1e9, 1], [2, 3], [4, 5]]]}, "far off"),
        ({"include": [[[0, 0]] * 10_001]}, "over 10000 corners"),
        ({"include": [TRIANGLE], "size": [0, 4]}, "can't be that of a picture"),
        ({"include": [TRIANGLE], "size": "wide"}, "no pair of numbers"),
        ({"include": [TRIANGLE], "imageWidth": 10**400, "imageHeight": 9}, "no pair of numbers"),
        ("[" * 100_000, "is no JSON"),
    ],
)
def test_a_drawing_that_can_not_be_is_refused_with_its_reason(
    tmp_path: Path, values: Any, sentence: str
) -> None:
    path = written(tmp_path, values)
    with pytest.raises(DrawingUnreadable, match=sentence) as refused:
        read_drawing(path)
    assert refused.value.path == path


def test_a_drawing_that_begins_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeff" + json.dumps({"include": [TRIANGLE]}))
    assert len(read_drawing(path).parts) == 1


def test_a_drawing_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(DrawingUnreadable, match="not there"):
        read_drawing(tmp_path / "none.json")
