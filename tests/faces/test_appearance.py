import numpy as np
import pytest

from understudy.faces.align import crop
from understudy.faces.appearance import TrackSummary, group_people, signature
from understudy.geometry import crop_from_frame


def look(frame) -> np.ndarray:
    matrix = crop_from_frame(frame.landmarks_68, face_type="full", size_px=96)
    return signature(crop(frame.rgb, matrix, 96))


def track(number: int, first: int, last: int, *looks: np.ndarray) -> TrackSummary:
    return TrackSummary(number, np.arange(first, last), np.stack(looks))


PLAIN = np.eye(6, dtype=np.float32) * 2


def test_two_actors_are_two_people_and_their_sights_are_joined(src_frames, dst_frames):
    src, dst = [look(f) for f in src_frames], [look(f) for f in dst_frames]
    tracks = [
        track(0, 0, 30, *src[:1]),
        track(1, 0, 40, *dst[:1]),
        track(2, 50, 90, *src[:1]),
        track(3, 60, 120, *dst[:1]),
    ]
    assert group_people(tracks) == [2, 1, 2, 1]
    assert np.linalg.norm(np.mean(src, 0) - np.mean(dst, 0)) > 0.5


def test_exposure_and_contrast_change_a_signature_little(src_frames, dst_frames):
    first, other = look(src_frames[0]), look(dst_frames[0])
    matrix = crop_from_frame(src_frames[0].landmarks_68, face_type="full", size_px=96)
    dark = (crop(src_frames[0].rgb, matrix, 96) * 0.6).astype(np.uint8)
    assert np.linalg.norm(signature(dark) - first) < 0.4 * np.linalg.norm(other - first)


def test_people_seen_together_are_never_one_person():
    assert group_people([track(0, 0, 10, PLAIN[0]), track(1, 5, 20, PLAIN[0])]) == [2, 1]


def test_the_most_seen_is_number_one():
    tracks = [track(0, 0, 5, PLAIN[0]), track(1, 10, 40, PLAIN[1]), track(2, 50, 60, PLAIN[2])]
    assert group_people(tracks) == [3, 1, 2]


def test_nobody_is_grouped_without_tracks():
    assert group_people([]) == []


@pytest.mark.parametrize("value", [0, 255])
def test_a_black_or_white_crop_has_a_signature(value):
    assert np.isfinite(signature(np.full((64, 64, 3), value, np.uint8))).all()
