"""What a segmenter learns from: the drawn faces, with what a person said is face and what covers it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.facesets.conftest import make_record, noise
from tests.training.segmenting.conftest import SIZE, Hull, fill, picture
from understudy.errors import FacesetUnusable
from understudy.facesets.curation.masks import apply_masks
from understudy.facesets.store import Faceset
from understudy.training.segmenting.drawn import (
    DrawnFaces,
    Named,
    faces_to_learn_from,
    held_out_places,
    read_drawn,
    usual_face_type,
)


def read(facesets: list[Named], **changes: object) -> DrawnFaces:
    entries, _ = faces_to_learn_from(facesets)
    values = {"face_type": "full", "size_px": SIZE, "stock": Hull(), "on_broken": lambda text: None}
    return read_drawn(entries, **(values | changes))  # type: ignore[arg-type]


def test_only_faces_that_are_drawn_on_are_learned_from(drawn: list[Named]) -> None:
    faces = read(drawn)
    assert len(faces) == 12 and faces.names[0] == "dst/main/clip-000000-1.png"
    images, masks = faces.inner()
    assert images.shape == (12, SIZE, SIZE, 3) and masks.shape == (12, SIZE, SIZE)
    np.testing.assert_array_equal(images[3], picture(3)[0])


def test_where_only_covers_are_drawn_the_rest_is_as_the_stock_segmenter_sees_it(drawn: list[Named]) -> None:
    _, masks = read(drawn).inner()
    for number in range(12):
        truth = picture(number)[2] > 0.5
        assert ((masks[number] > 127) == truth).mean() > 0.985


def test_an_included_region_replaces_what_the_segmenter_sees(tmp_path: Path) -> None:
    with Faceset(tmp_path / "a") as faceset:
        fill(faceset, 1, drawn=1, include=True)
        _, (mask,) = read([("dst/main", faceset)]).inner()
    assert mask[12, 12] == 255 and mask[4, 4] == 0  # the box is wider than the hull


def test_what_covers_a_face_can_be_laid_over_others_if_it_is_large_enough(tmp_path: Path) -> None:
    with Faceset(tmp_path / "a") as faceset:
        fill(faceset, 2, drawn=2)
        faces = read([("dst/main", faceset)])
    assert faces.is_covered_N.all()
    margin = faces.margin
    bar = picture(0)[2] < 0.5
    inside = faces.covers_NHW[0, margin:-margin, margin:-margin] > 127
    assert bar[inside].mean() > 0.97 and inside.sum() > 100


def test_without_drawings_stored_masks_are_learned_from_and_without_both_nothing(
    tmp_path: Path,
) -> None:
    with Faceset(tmp_path / "a") as faceset:
        fill(faceset, 3, drawn=0)
        with pytest.raises(FacesetUnusable, match="Nothing is drawn on any face"):
            faces_to_learn_from([("dst/main", faceset)])
        list(
            apply_masks(
                faceset, faceset.faces()[:2], Hull(), name="hull", made_by="1", trash=tmp_path / "trash"
            )
        )
        entries, are_drawn = faces_to_learn_from([("dst/main", faceset)])
        assert len(entries) == 2 and not are_drawn


def test_a_broken_picture_is_left_out_and_told(drawn: list[Named]) -> None:
    path = drawn[0][1].faces()[0].path
    path.write_bytes(path.read_bytes()[:-900])
    said: list[str] = []
    assert len(read(drawn, on_broken=said.append)) == 11
    assert said and "is left out" in said[0]


def test_it_sees_as_much_around_the_face_as_most_drawn_faces_show(tmp_path: Path) -> None:
    with Faceset(tmp_path / "a") as faceset:
        for frame, kind in enumerate(["full", "head", "head"]):
            faceset.add(noise(32), make_record(frame=frame, size_px=32, face_type=kind))
        entries = [("a", faceset, face) for face in faceset.faces()]
    assert usual_face_type(entries, "as-drawn") == "head"
    assert usual_face_type(entries[:1], "as-drawn") == "whole"
    assert usual_face_type(entries, "half") == "half"


def test_faces_stay_held_out_when_more_are_drawn() -> None:
    names = [f"f{n:02d}" for n in range(20)]
    first = held_out_places(names, 0.2, [])
    assert len(first) == 4 and min(np.diff(first)) > 0
    kept = {names[place] for place in first}
    more = sorted([*names, *(f"f{n:02d}b" for n in range(20))])
    later = {more[place] for place in held_out_places(more, 0.2, sorted(kept))}
    assert kept < later and len(later) == 8


def test_no_face_is_held_out_twice() -> None:
    names = [f"f{n}" for n in range(10)]
    assert held_out_places(names, 0.5, names[:2], learned=names[:7]) == [0, 1, 7, 8, 9]


@pytest.mark.parametrize(("count", "share", "held"), [(5, 0.5, 0), (6, 0.1, 1), (30, 0.0, 0), (50, 0.2, 10)])
def test_of_few_faces_none_is_held_out(count: int, share: float, held: int) -> None:
    assert len(held_out_places([str(n) for n in range(count)], share, [])) == held
