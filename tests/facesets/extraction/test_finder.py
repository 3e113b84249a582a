import cv2
import numpy as np

from understudy.facesets.extraction.finder import sharpness


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
