import numpy as np

from understudy.mean_face import MEAN_FACE_51_IN_UNIT, MEAN_FACE_68_IN_SPACE, MEAN_FACE_AXIS_X, MIRROR_68


def test_the_flat_mean_face_is_its_own_mirror_image():
    mirrored = MEAN_FACE_51_IN_UNIT[MIRROR_68[17:] - 17] * [-1, 1] + [2 * MEAN_FACE_AXIS_X, 0]
    np.testing.assert_allclose(mirrored, MEAN_FACE_51_IN_UNIT, atol=2e-6)


def test_the_mean_face_in_space_is_nearly_its_own_mirror_image():
    mirrored_mm = MEAN_FACE_68_IN_SPACE[MIRROR_68] * [-1, 1, 1]
    assert np.abs(mirrored_mm - MEAN_FACE_68_IN_SPACE).max() < 3.5


def test_mirroring_the_order_twice_is_nothing_and_keeps_the_midline():
    assert (MIRROR_68[MIRROR_68] == np.arange(68)).all()
    assert set(np.flatnonzero(np.arange(68) == MIRROR_68)) == {8, 27, 28, 29, 30, 33, 51, 57, 62, 66}
