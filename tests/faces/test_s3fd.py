"""The S3FD adapter on a stand-in with its tensors."""

import numpy as np
import pytest
import torch

from tests.faces.nets import STRIDES, RedS3fd
from tests.faces.people import frames_of
from understudy.faces.s3fd import S3fdDetector, decoded


def painted(*squares: tuple[int, int, int], width: int = 640, height: int = 480) -> np.ndarray:
    """Red squares: left, top, side."""
    picture = np.full((height, width, 3), 90, np.uint8)
    for left, top, side in squares:
        picture[top : top + side, left : left + side] = (255, 20, 20)
    return picture


def test_a_box_lies_about_the_cell_that_saw_a_face_and_reaches_below_the_chin():
    (faces,) = S3fdDetector(RedS3fd()).detect(frames_of(painted((320, 192, 32))))
    (face,) = faces
    # Level 3 has cells of 32 and boxes of 128 pixels; a tenth is added below.
    np.testing.assert_allclose(face.box_xyxy, [336 - 64, 208 - 64, 336 + 64, 208 + 64 + 12.8], atol=0.01)
    assert face.points_5 is None and 0.5 <= face.score <= 1


def test_boxes_come_back_in_the_pixels_of_a_large_frame():
    small = painted((320, 192, 32))
    (expected,) = S3fdDetector(RedS3fd()).detect(frames_of(small))
    (found,) = S3fdDetector(RedS3fd()).detect(frames_of(np.repeat(np.repeat(small, 3, 0), 3, 1)))
    np.testing.assert_allclose(found[0].box_xyxy, expected[0].box_xyxy * 3, atol=3)


def test_every_frame_of_a_batch_gets_its_own_faces():
    frames = frames_of(painted((320, 192, 32)), painted(), painted((64, 64, 32), (448, 320, 32)))
    network = RedS3fd()
    together = S3fdDetector(network).detect(frames)
    assert [len(faces) for faces in together] == [1, 0, 2]
    for frame, faces in zip(frames, together, strict=True):
        (alone,) = S3fdDetector(network).detect([frame])
        assert [f.box_xyxy.tolist() for f in alone] == [f.box_xyxy.tolist() for f in faces]


def test_neighbouring_cells_that_see_one_face_give_one_box():
    (faces,) = S3fdDetector(RedS3fd()).detect(frames_of(painted((320, 192, 64))))
    assert len(faces) == 1


def test_faces_smaller_than_asked_for_are_left_out():
    frames = frames_of(painted((320, 192, 32)))
    assert S3fdDetector(RedS3fd(), smallest_face_share=0.5).detect(frames) == [[]]


def test_small_faces_are_looked_for_in_a_finer_copy():
    picture = painted((1200, 800, 16), width=1920, height=1440)
    (faces,) = S3fdDetector(RedS3fd(level=1), smallest_face_share=0.02).detect(frames_of(picture))
    assert len(faces) == 1
    assert S3fdDetector(RedS3fd(level=1), smallest_face_share=0.3).detect(frames_of(picture)) == [[]]


def test_the_offsets_move_and_stretch_the_anchor():
    """Centre by a tenth of the anchor's side for an offset of 1, size by exp(0.2) (Liu et al., SSD, 2016)."""
    maps = []
    for stride in STRIDES:
        side = 256 // stride
        maps += [
            torch.tensor([9.0, -9.0]).view(1, 2, 1, 1).repeat(1, 1, side, side),
            torch.zeros(1, 4, side, side),
        ]
    maps[2][0, :, 3, 5] = torch.tensor([-5.0, 5.0])
    maps[3][0, :, 3, 5] = torch.tensor([1.0, -2.0, 1.0, 0.0])
    frame, boxes, scores = decoded(maps)
    assert frame.tolist() == [0] and scores[0] > 0.99
    x, y, wide, high = 44 + 3.2, 28 - 6.4, 16 * np.exp(0.2), 16
    np.testing.assert_allclose(boxes[0], [x - wide, y - high, x + wide, y + high], rtol=1e-6)


def test_no_frames_give_no_lists():
    assert S3fdDetector(RedS3fd()).detect([]) == []


@pytest.mark.parametrize("shape", [(10, 10, 3), (24, 200, 3)])
def test_tiny_frames_are_looked_at_without_trouble(shape):
    assert S3fdDetector(RedS3fd()).detect(frames_of(np.full(shape, 90, np.uint8))) == [[]]
