"""Every step of a frame's merge, as pictures and numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.merging.conftest import HEIGHT, WIDTH, Painter, landmarks
from understudy.facesets.store import Faceset
from understudy.media.images import read_image
from understudy.merging.explain import NUMBERS, explained, write_explanation
from understudy.merging.options import MergeOptions
from understudy.merging.preview import FramePreviews

MakeFaceset = Callable[[dict[int, list[np.ndarray]]], Faceset]
OPTIONS = MergeOptions(mask="dst-hull", mode="seamless", super_resolution="none")


@pytest.fixture
def previews(movie: Path, faceset: MakeFaceset, painter: Painter):
    stored = faceset({2: [landmarks()], 3: [landmarks(40, width_px=18), landmarks(95, width_px=20)]}).faces()
    with FramePreviews(movie, stored=stored, predictor=painter) as opened:
        yield opened


def test_an_explanation_ends_in_the_very_frame_that_a_merge_makes(previews: FramePreviews) -> None:
    told = explained(previews, 2, OPTIONS)
    np.testing.assert_array_equal(told.merged, previews.preview_frame(2, OPTIONS).picture)
    np.testing.assert_array_equal(told.pictures["merged"], told.merged)
    assert told.numbers["not_painted"] == [] and told.numbers["changed"]["pixels"] > 200


def test_every_step_has_its_picture_in_order_and_its_numbers(previews: FramePreviews) -> None:
    told = explained(previews, 2, OPTIONS)
    names = list(told.pictures)
    steps = ["own", "predicted", "mask-chosen", "mask-soft", "mask-in-frame", "transferred", "histogram"]
    steps += ["effects", "warped", "joined", "blended"]
    places = [names.index(f"face-{step}") for step in steps]
    assert places == sorted(places) and names[0] == "plate" and names[-1] == "difference"
    (face,) = told.numbers["faces"]
    assert face["crop_px"] == 32 and np.shape(face["paste_from_frame"]) == (2, 3)
    np.testing.assert_allclose(face["predicted_median_rgb"], [0.9, 0.2, 0.2], atol=0.01)
    assert 0.1 < face["mask_areas"]["soft"] < face["mask_areas"]["chosen"] + 0.05 < 0.9
    assert all(step["took_ms"] >= 0 for step in face["steps"].values())
    joined, warped = face["steps"]["joined"]["median_rgb"], face["steps"]["warped"]["median_rgb"]
    assert np.abs(np.subtract(joined, warped)).max() > 0.05  # Poisson moved the colours
    difference = explained(previews, 2, OPTIONS.changed(mode="overlay", color="none")).pictures["difference"]
    assert difference[50, 60].max() > 100 and not difference[:5].any()


def test_numbers_are_said_as_eyes_see_them_whatever_light_is_worked_in(previews: FramePreviews) -> None:
    encoded, linear = (
        explained(previews, 2, OPTIONS.changed(mode="overlay", light=light)) for light in ("encoded", "linear")
    )
    for step in ("warped", "joined"):
        one, other = (told.numbers["faces"][0]["steps"][step] for told in (encoded, linear))
        np.testing.assert_allclose(one["median_rgb"], other["median_rgb"], atol=0.01)
        assert other["light"] == "linear" and other["most"] < one["most"]
    assert np.abs(encoded.pictures["face-warped"].astype(int) - linear.pictures["face-warped"]).mean() < 2


def test_faces_are_told_apart_and_written_beside_their_numbers(previews: FramePreviews, tmp_path: Path) -> None:
    folder = tmp_path / "explained"
    write_explanation(folder, explained(previews, 2, OPTIONS))
    files = write_explanation(folder, explained(previews, 3, OPTIONS))
    assert sorted(folder.iterdir()) == sorted(files)
    numbers = json.loads((folder / NUMBERS).read_text())
    assert [face["name"] for face in numbers["faces"]] == ["face1", "face2"]
    (merged,) = folder.glob("*-merged.png")
    assert read_image(merged).shape == (HEIGHT, WIDTH, 3)
    assert len(list(folder.glob("*-face2-blended.png"))) == 1


def test_a_frame_without_a_face_says_so_and_shows_the_frame(previews: FramePreviews) -> None:
    told = explained(previews, 5, OPTIONS)
    assert "no face" in told.numbers["not_painted"][0] and told.numbers["faces"] == []
    np.testing.assert_array_equal(told.pictures["merged"], told.pictures["plate"])


@pytest.mark.parametrize("mode", ["raw-predict", "raw-rgb", "raw-layers", "original"])
def test_raw_modes_are_explained_too(previews: FramePreviews, mode: str) -> None:
    told = explained(previews, 2, OPTIONS.changed(mode=mode))
    assert "face-mask-in-frame" in told.pictures and "face-blended" not in told.pictures
    assert ("difference" in told.pictures) == (mode != "raw-predict")


@pytest.mark.parametrize("mode", ["raw-predict", "raw-rgb", "raw-layers"])
def test_a_raw_square_is_explained_in_its_own_colours_whatever_light_is_worked_in(
    previews: FramePreviews, mode: str
) -> None:
    pictures = [
        explained(previews, 2, OPTIONS.changed(mode=mode, light=light)).pictures["face-joined"].astype(int)
        for light in ("encoded", "linear")
    ]
    assert np.abs(pictures[0] - pictures[1]).max() <= 1


def test_an_enlarged_face_is_explained_too(previews: FramePreviews) -> None:
    plain = explained(previews, 2, OPTIONS).numbers["faces"][0]
    large = explained(previews, 2, OPTIONS.changed(super_resolution="lanczos")).numbers["faces"][0]
    assert large["crop_px"] > plain["crop_px"]
    assert large["predicted_median_rgb"] == pytest.approx(plain["predicted_median_rgb"], abs=0.02)
