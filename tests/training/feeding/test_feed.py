"""Batches: dst evenly, src alike in pose, light from a like dst face, mirrored faces mirrored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Generator

from tests.training.conftest import tiny_options
from understudy.faces.openings import openings_of_performer
from understudy.facesets.store import Faceset
from understudy.training.feeding import feed as feed_module
from understudy.training.feeding.cache import FaceCache, face_cache
from understudy.training.feeding.feed import Feed, Side, Told

CPU = torch.device("cpu")


def caches(folder: Path, facesets: tuple[Faceset, Faceset]) -> list[FaceCache]:
    found = []
    for side, faceset in zip(("src", "dst"), facesets, strict=True):
        *_, cache = face_cache(folder, [faceset], side=side, face_type="full", size_px=32)
        assert isinstance(cache, FaceCache)
        found.append(cache)
    return found


def test_mirrored_faces_are_mirrored_in_picture_mask_and_shape(
    tmp_path: Path, facesets: tuple[Faceset, Faceset]
) -> None:
    src, _ = caches(tmp_path, facesets)
    side = Side(src, flip=True, device=CPU)
    assert len(side) == 2 * len(src)
    both = side.faces(torch.tensor([3, 3 + len(src)]))
    assert torch.equal(both.images_BCHW[1], both.images_BCHW[0].flip(-1))
    assert torch.equal(both.masks_B3HW[1], both.masks_B3HW[0].flip(-1))
    as_it_is, mirrored = side.shapes_NF[[3, 3 + len(src)]].view(2, -1, 2)
    np.testing.assert_allclose(as_it_is[:, 0].mean() + mirrored[:, 0].mean(), 1, atol=1e-5)


def test_landmarks_and_openings_are_those_of_the_picture_mirrored_or_not(
    tmp_path: Path, facesets: tuple[Faceset, Faceset]
) -> None:
    src, _ = caches(tmp_path, facesets)
    landmarks = np.array(src.landmarks_N68)
    landmarks[3, [65, 66, 67], 1] += 0.1  # a mouth that is open
    src, told = replace(src, landmarks_N68=landmarks), Told(landmarks=True, openings=True)
    both = Side(src, flip=True, device=CPU).faces(torch.tensor([3, 3 + len(src)]), told)
    assert both.landmarks_B682 is not None and both.openings_B2 is not None
    as_it_is, mirrored = both.landmarks_B682
    np.testing.assert_allclose(as_it_is, src.landmarks_N68[3] * 2 - 1, atol=1e-5)
    # The left eye of the one is the right eye of the other, as far from the middle.
    np.testing.assert_allclose(mirrored[42:48].mean(0)[0], -as_it_is[36:42].mean(0)[0], atol=1e-5)
    np.testing.assert_allclose(mirrored[:, 1].sort().values, as_it_is[:, 1].sort().values, atol=1e-5)
    own = torch.from_numpy(openings_of_performer(src.landmarks_N68)).float()
    assert torch.equal(both.openings_B2, own[[3, 3]]) and not torch.equal(own[3], own[4])


def test_landmarks_are_looked_up_where_faces_blink_and_openings_where_a_loss_asks(
    tmp_path: Path, facesets: tuple[Faceset, Faceset], monkeypatch: pytest.MonkeyPatch
) -> None:
    pair, looked = caches(tmp_path, facesets), []
    real = Side._landmarks
    monkeypatch.setattr(Side, "_landmarks", lambda *which: (looked.append("landmarks"), real(*which))[1])
    told = openings_of_performer
    monkeypatch.setattr(
        feed_module, "openings_of_performer", lambda points: (looked.append("openings"), told(points))[1]
    )
    for together in (1, 3):
        for blink, asked in ((0.0, False), (0.5, False), (0.0, True), (0.5, True)):
            feed = Feed(*pair, tiny_options(random_blink=blink), CPU, frames_together=together)
            looked.clear()
            lessons = feed.lessons(Generator().manual_seed(0), openings=asked)
            assert looked.count("landmarks") == (2 * together if blink else 0)
            assert looked.count("openings") == (2 if asked else 0)
            assert [one.openings_B2 is not None for one in lessons] == [asked, asked]


def test_src_is_drawn_like_dst_when_all_are_paired(tmp_path: Path, facesets: tuple[Faceset, Faceset]) -> None:
    src, dst = caches(tmp_path, facesets)
    distance = {}
    for pairing in (0.0, 1.0):
        feed = Feed(src, dst, tiny_options(pose_pairing=pairing, batch_size=64), CPU)
        draw = feed.draw(Generator().manual_seed(0))
        away = feed.src.shapes_NF[draw.src] - feed.dst.shapes_NF[draw.dst]
        distance[pairing] = float(away.norm(dim=1).mean())
        lit = feed.src.shapes_NF[draw.src] - feed.dst.shapes_NF[draw.light]
        assert lit.norm(dim=1).mean() < distance[0.0]
    assert distance[1.0] < 0.8 * distance[0.0]


def test_every_dst_face_has_its_turn(tmp_path: Path, facesets: tuple[Faceset, Faceset]) -> None:
    feed = Feed(*caches(tmp_path, facesets), tiny_options(batch_size=200), CPU)
    assert set(feed.draw(Generator().manual_seed(0)).dst.tolist()) == set(range(12))


def test_lessons_have_the_models_size_and_repeat_with_their_generator(
    tmp_path: Path, facesets: tuple[Faceset, Faceset]
) -> None:
    feed = Feed(*caches(tmp_path, facesets), tiny_options(), CPU)
    first = feed.lessons(Generator().manual_seed(1))
    again = feed.lessons(Generator().manual_seed(1))
    for one, other in zip(first, again, strict=True):
        assert one.seen_BCHW.shape == (4, 3, 32, 32) and one.mask_B1HW.shape == (4, 1, 32, 32)
        assert torch.equal(one.seen_BCHW, other.seen_BCHW)


def test_among_very_many_faces_some_are_looked_at_and_a_like_one_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shapes = torch.rand(3000, 2, generator=Generator().manual_seed(0))
    wanted = torch.tensor([[0.2, 0.2], [0.8, 0.5]])
    monkeypatch.setattr(feed_module, "_LOOKED_AT", 1000)
    looked: list[int] = []
    real = torch.cdist
    monkeypatch.setattr(torch, "cdist", lambda a, b: (looked.append(len(b)), real(a, b))[1])
    found = feed_module._one_of_nearest(wanted, shapes, Generator().manual_seed(1))
    assert looked == [1000]
    assert (shapes[found] - wanted).norm(dim=1).max() < 0.1


def test_whole_frames_go_with_their_faces_and_are_mirrored_with_them(
    tmp_path: Path, facesets: tuple[Faceset, Faceset]
) -> None:
    src, dst = caches(tmp_path, facesets)
    frames = np.random.default_rng(0).integers(0, 256, (len(src), 40, 40, 3), np.uint8)
    src = replace(src, frames_NHWC=frames)
    side = Side(src, flip=True, device=CPU)
    both = side.faces(torch.tensor([3, 3 + len(src)]), Told(frames=True)).frames_BCHW
    assert both is not None and torch.equal(both[1], both[0].flip(-1))
    np.testing.assert_allclose(both[0].permute(1, 2, 0) * 255, frames[3], atol=1e-3)
    feed = Feed(src, dst, tiny_options(batch_size=2, src_flip=False), CPU, frames_together=3)
    of_src, of_dst = feed.lessons(Generator().manual_seed(0))
    assert of_dst.frame_BCHW is None and of_src.frame_BCHW is not None
    assert of_src.frame_BCHW.shape == (6, 3, 40, 40)
    part = of_src.parts(2)[1].frame_BCHW
    assert part is not None and torch.equal(part, of_src.frame_BCHW[3:])


@pytest.mark.parametrize(
    ("free_bytes", "refused", "kept"), [(1 << 40, False, True), (1000, False, False), (1 << 40, True, False)]
)
def test_faces_are_kept_on_a_device_that_has_the_room_and_else_stay_in_files(
    tmp_path: Path,
    facesets: tuple[Faceset, Faceset],
    monkeypatch: pytest.MonkeyPatch,
    free_bytes: int,
    refused: bool,
    kept: bool,
) -> None:
    real = Side._read

    def read(self: Side, places: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        if refused and len(places) == len(self.cache):
            raise torch.OutOfMemoryError("full")
        return real(self, places)

    monkeypatch.setattr(feed_module, "free_memory_bytes", lambda _: free_bytes)
    monkeypatch.setattr(Side, "_read", read)
    src, _ = caches(tmp_path, facesets)
    side = Side(src, flip=False, device=torch.device("meta"))
    assert (side._resident is not None) == kept
    assert side.faces(torch.tensor([3])).images_BCHW.shape == (
        1,
        3,
        src.images_NHWC.shape[1],
        src.images_NHWC.shape[1],
    )


@pytest.mark.parametrize("frames_together", [1, 3])
def test_a_batch_that_is_gone_through_in_parts_is_made_in_them(
    tmp_path: Path,
    facesets: tuple[Faceset, Faceset],
    monkeypatch: pytest.MonkeyPatch,
    frames_together: int,
) -> None:
    feed = Feed(*caches(tmp_path, facesets), tiny_options(batch_size=6), CPU, frames_together=frames_together)
    whole = feed.lessons(Generator().manual_seed(0))
    real, made = feed_module.lesson, []
    monkeypatch.setattr(
        feed_module, "lesson", lambda faces, **how: made.append(len(faces.images_BCHW)) or real(faces, **how)
    )
    for lesson, other in zip(feed.lessons(Generator().manual_seed(0), parts=3), whole, strict=True):
        one, all_at_once = lesson.seen_BCHW, other.seen_BCHW
        assert one.shape == all_at_once.shape and one.stride() == all_at_once.stride()
    assert set(made) == {2}
