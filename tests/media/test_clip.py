import numpy as np

from understudy.media.clip import loose_frame
from understudy.media.images import eight_bit


def test_a_deep_frame_is_looked_at_in_eight_bits_and_white_stays_white():
    deep = np.arange(0, 65536, 7, np.uint16).reshape(-1, 3)[None]
    assert np.array_equal(loose_frame(deep).rgb_8bit, eight_bit(deep))
    assert loose_frame(np.full((1, 1, 3), 65535, np.uint16)).rgb_8bit.max() == 255


def test_a_frame_of_eight_bits_is_not_copied():
    rgb = np.zeros((2, 2, 3), np.uint8)
    assert np.shares_memory(loose_frame(rgb).rgb_8bit, rgb)


def test_a_scene_linear_frame_is_looked_at_in_its_clipped_srgb_view():
    light = np.array([0, 0.0031308, 0.18, 0.5, 1, 7.5], np.float32).repeat(3).reshape(1, 6, 3)
    assert loose_frame(light).rgb_8bit[0, :, 0].tolist() == [0, 10, 118, 188, 255, 255]
