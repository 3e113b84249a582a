"""The sheet of what a network is fed shows the batch itself, and no model is trained for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from tests.training.conftest import TINY, tiny_options
from understudy.events import Made, StageFinished
from understudy.facesets.store import Faceset
from understudy.media.images import decode_image
from understudy.training.feeding.augment import Lesson
from understudy.training.keeping.checkpoint import FOLDER_NAME
from understudy.training.train import show_samples
from understudy.training.viewing.samples import samples_sheet


def lesson(level: float) -> Lesson:
    faces = [torch.full((2, 3, 32, 32), level + n / 20) for n in range(2)]
    masks = [torch.full((2, 1, 32, 32), level + n / 20) for n in range(2, 5)]
    return Lesson(*faces, *masks)


def test_columns_show_seen_goal_mask_eyes_and_mouth_of_both() -> None:
    sheet = samples_sheet(lesson(0.1), lesson(0.6))
    cells = [sheet[60, 64 + 130 * column, 0] / 255 for column in range(10)]
    np.testing.assert_allclose(cells, [0.1, 0.15, 0.2, 0.25, 0.3, 0.6, 0.65, 0.7, 0.75, 0.8], atol=0.01)


def test_samples_are_written_without_training(tmp_path: Path, facesets: tuple[Faceset, Faceset]) -> None:
    src, dst = facesets
    model = tmp_path / "m"
    events = list(
        show_samples(model, src=[src], dst=[dst], options=tiny_options(), preset=TINY, device="cpu", count=3)
    )
    (made,) = [event for event in events if isinstance(event, Made)]
    assert made.path == model / "samples.png"
    picture = decode_image(made.path.read_bytes(), path=made.path)
    assert picture.shape[0] > 3 * 128 and picture.shape[0] < 4 * 128 and picture.shape[1] > 10 * 128
    assert isinstance(events[-1], StageFinished)
    assert not (model / FOLDER_NAME).exists() and not (model / "model.toml").exists()


def test_src_is_made_smaller_by_as_much_as_is_asked(tmp_path: Path, facesets: tuple[Faceset, Faceset]) -> None:
    src, dst = facesets
    areas = {}
    for scale in (0.0, -30.0):
        options = tiny_options(src_scale=scale, random_shift=0, pose_pairing=0)
        folder = tmp_path / f"{scale}"
        list(show_samples(folder, src=[src], dst=[dst], options=options, preset=TINY, device="cpu", count=8))
        path = folder / "samples.png"
        picture = decode_image(path.read_bytes(), path=path).astype(float)
        masks = [picture[16:, left : left + 128].mean() for left in (2 * 130, 7 * 130)]
        areas[scale] = masks
    assert abs(areas[-30.0][0] / areas[0.0][0] - 0.49) < 0.04
    assert areas[-30.0][1] == areas[0.0][1]


def test_whole_frames_that_are_to_be_painted_are_shown_too() -> None:
    src = replace(lesson(0.1), frame_BCHW=torch.full((2, 3, 32, 32), 0.5))
    sheet = samples_sheet(src, lesson(0.6))
    cells = [sheet[60, 64 + 130 * column, 0] / 255 for column in (4, 5, 6)]
    np.testing.assert_allclose(cells, [0.3, 0.5, 0.6], atol=0.01)
