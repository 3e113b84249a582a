import cv2
import numpy as np

from tests.facesets.extraction.stand_in import one_person, write_clip
from understudy.facesets.extraction.find import batched_frames, scene_watch, sharpness
from understudy.facesets.extraction.options import ExtractOptions
from understudy.media.clip import Frame
from understudy.media.opening import open_clip


def test_a_blurred_crop_is_less_sharp_at_every_step():
    rng = np.random.default_rng(0)
    crop = cv2.resize(
        rng.integers(0, 256, (32, 32, 3), dtype=np.uint8), (128, 128), interpolation=cv2.INTER_CUBIC
    )
    values = [sharpness(crop)] + [sharpness(cv2.GaussianBlur(crop, (0, 0), sigma)) for sigma in (1.5, 3, 6)]
    assert values == sorted(values, reverse=True)
    assert sharpness(np.full((64, 64, 3), 90, np.uint8)) == 0


def test_a_plain_ramp_has_the_sharpness_of_its_slope():
    ramp = np.repeat((np.arange(64, dtype=np.uint8) * 3)[None, :, None], 64, 0).repeat(3, 2)
    assert abs(sharpness(np.ascontiguousarray(ramp)) - 3) < 0.2


def test_batches_hold_every_frame_once():
    frames = [Frame(index, index, 0.0, np.zeros((1, 1, 3), np.uint8)) for index in range(7)]
    assert [[f.index for f in batch] for batch in batched_frames(iter(frames), 3)] == [
        [0, 1, 2],
        [3, 4, 5],
        [6],
    ]


def test_a_search_that_goes_on_measures_the_same_changes(tmp_path):
    options = ExtractOptions(frame_step=2)
    with open_clip(write_clip(tmp_path / "clip", one_person(9))) as clip:
        straight, late = scene_watch(clip, 0, options), scene_watch(clip, 4, options)
        changes = {frame.index: straight.look(frame.rgb).change for frame in clip.frames(0, step=2)}
        again = {frame.index: late.look(frame.rgb).change for frame in clip.frames(4, step=2)}
    assert changes[0] == 0
    assert again == {index: changes[index] for index in (4, 6, 8)}
