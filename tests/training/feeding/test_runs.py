"""Networks that see several frames at once are shown runs of consecutive ones, varied alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from tests.training.conftest import tiny_options
from understudy.mean_face import MEAN_FACE_68_IN_SPACE
from understudy.training.feeding.cache import FaceCache
from understudy.training.feeding.feed import Feed
from understudy.training.feeding.runs import runs_of

CPU = torch.device("cpu")


def cache_of(moments: list[tuple[str, int, int]]) -> FaceCache:
    """Faces of one gray each, rising with their number."""
    count = len(moments)
    grays = (np.arange(count) * 10 + 20).astype(np.uint8)
    images = np.broadcast_to(grays[:, None, None, None], (count, 40, 40, 3)).copy()
    images[:, :, :20] //= 2  # so that left and right differ
    masks = np.full((count, 40, 40, 3), 255, np.uint8)
    landmarks = np.random.default_rng(0).random((count, 68, 2), np.float32)
    return FaceCache(images, masks, landmarks, 32, 4, moments=tuple(moments))


def test_a_run_holds_the_frames_before_and_after_of_the_same_track() -> None:
    moments = [("a", 0, 5), ("b", 0, 6), ("a", 0, 6), ("a", 1, 7), ("a", 0, 7), ("a", 0, 9)]
    assert runs_of(moments, 3).tolist() == [[0, 0, 2], [1, 1, 1], [0, 2, 4], [3, 3, 3], [2, 4, 4], [5, 5, 5]]


def test_longer_runs_reach_further_and_end_where_the_track_does() -> None:
    moments = [("a", 0, frame) for frame in range(4)]
    assert runs_of(moments, 5).tolist()[1] == [0, 0, 1, 2, 3]


def test_mirrored_faces_have_mirrored_neighbours() -> None:
    moments = [("a", 0, 1), ("a", 0, 2)]
    assert runs_of(moments, 3, mirrored=True).tolist() == [[0, 0, 1], [0, 1, 1], [2, 2, 3], [2, 3, 3]]


def still(**changes: object) -> Feed:
    options = tiny_options(random_shift=0, random_stretch=0, random_warp=0, color_jitter=0, **changes)
    cache = cache_of([("a", 0, frame) for frame in range(9)])
    return Feed(cache, cache, options, CPU, frames_together=3)


def test_a_batch_is_runs_one_after_the_other() -> None:
    feed = still(batch_size=5, src_flip=False, pose_pairing=0)
    drawn = feed.draw(torch.Generator().manual_seed(3))
    src, dst = feed.lessons(torch.Generator().manual_seed(3))
    for lesson, numbers in ((src, drawn.src), (dst, drawn.dst)):
        brightness = (lesson.seen_BCHW[:, 0, 16, 24] * 255).round().view(5, 3)
        middle = numbers * 10 + 20
        around = [(numbers - 1).clamp(min=0) * 10 + 20, middle, (numbers + 1).clamp(max=8) * 10 + 20]
        assert brightness.tolist() == torch.stack(around, 1).float().tolist()


def test_all_frames_of_a_run_are_varied_alike_and_runs_are_not() -> None:
    cache = cache_of([("a", 0, 3)] * 6)
    feed = Feed(cache, cache, tiny_options(batch_size=4), CPU, frames_together=3)
    seen = feed.lessons(torch.Generator().manual_seed(1))[1].seen_BCHW.unflatten(0, (4, 3))
    normed = seen / seen.mean((2, 3, 4), keepdim=True)
    torch.testing.assert_close(normed[:, 0], normed[:, 2], atol=0.05, rtol=0.05)
    assert not torch.allclose(normed[0, 0], normed[1, 0], atol=0.05)


def test_hue_moves_what_is_seen_of_src_and_what_does_nothing_for_runs_is_told() -> None:
    """hsv_power did nothing, and of none of the others was anything said."""
    moved, plain = (
        still(batch_size=4, hsv_power=power).lessons(torch.Generator().manual_seed(2)) for power in (0.5, 0.0)
    )
    assert not torch.allclose(moved[0].seen_BCHW, plain[0].seen_BCHW, atol=0.05)
    assert torch.equal(moved[0].goal_BCHW, plain[0].goal_BCHW)
    feed = still(ct_mode="rct", relight=0.2)
    assert feed.unheard(feed.options) == ("ct_mode", "relight")
    assert still().unheard(tiny_options()) == ()
    single = Feed(feed.src.cache, feed.dst.cache, feed.options, CPU)
    assert single.unheard(feed.options) == ()


def expressive() -> FaceCache:
    """Faces of one clip, one frame after the other: in the last three of 40 eyes are nearly closed."""
    cache = cache_of([("a", 0, frame) for frame in range(40)])
    landmarks = np.tile(MEAN_FACE_68_IN_SPACE[None, :, :2], (40, 1, 1)).astype(np.float32) * 0.5 + 0.25
    upper, lower = [37, 38, 43, 44], [41, 40, 47, 46]
    landmarks[37:, lower] = landmarks[37:, upper] + [0, 0.004]
    return replace(cache, landmarks_N68=landmarks)


def test_every_frame_of_a_run_is_told_by_its_own_openings_mirrored_or_not() -> None:
    cache = expressive()
    feed = Feed(cache, cache, tiny_options(batch_size=30), CPU, frames_together=3)
    drawn = feed.draw(torch.Generator().manual_seed(3))
    src, _ = feed.lessons(torch.Generator().manual_seed(3), openings=True)
    middle = (drawn.src % 40)[:, None] + torch.tensor([-1, 0, 1])
    assert (drawn.src >= 40).any() and src.openings_B2 is not None
    closed = (middle.clamp(0, 39) >= 37).flatten()
    assert torch.equal(src.openings_B2[:, 0] < 0.5, closed) and 0 < closed.sum() < len(closed)


def test_rare_expressions_are_the_middle_of_their_runs() -> None:
    shares = {}
    for rare in (0.0, 1.0):
        asked = tiny_options(batch_size=200, pose_pairing=0, rare_expressions=rare)
        feed = Feed(expressive(), expressive(), asked, CPU, frames_together=3)
        dst = feed.lessons(torch.Generator().manual_seed(0), openings=True)[1]
        assert dst.openings_B2 is not None
        shares[rare] = float((dst.openings_B2.view(200, 3, 2)[:, 1, 0] < 0.5).float().mean())
    assert shares[0.0] < 0.15 < 0.35 < shares[1.0]


def test_all_frames_of_a_run_blink_together_and_are_told_so() -> None:
    cache = expressive()
    feed = Feed(cache, cache, tiny_options(batch_size=40, random_blink=0.5), CPU, frames_together=3)
    src, _ = feed.lessons(torch.Generator().manual_seed(1), openings=True)
    assert src.openings_B2 is not None
    closed = (src.openings_B2[:, 0] < 0.5).view(40, 3)
    drawn = feed.draw(torch.Generator().manual_seed(1)).src % 40
    by_itself = drawn < 36  # whose neighbours have open eyes as well
    assert torch.equal(closed[by_itself].any(1), closed[by_itself].all(1))
    assert 0.2 < closed[by_itself].float().mean() < 0.8


def test_later_batches_are_drawn_anew() -> None:
    feed, generator = still(batch_size=8), torch.Generator().manual_seed(0)
    first, second = (feed.lessons(generator)[1].goal_BCHW for _ in range(2))
    assert not torch.equal(first, second)
