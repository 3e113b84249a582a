import os
import pickle

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.facesets.exchange import foreign_files as made
from understudy.errors import ExchangeUnreadable, UnderstudyError, UnsafeFile
from understudy.faces.align import crop
from understudy.facesets.exchange.adopting import kept
from understudy.facesets.exchange.dfl import read_face
from understudy.facesets.exchange.places import place_without_clip
from understudy.geometry import crop_from_frame, transform_points
from understudy.media.images import decode_image

CLOSE_PX = 0.1
TYPES = {
    "half_face": "half",
    "midfull_face": "mid-full",
    "full_face": "full",
    "whole_face": "whole",
    "head": "head",
}


def record_of(image: bytes, name="00012_0.jpg"):
    face = read_face(image, name)
    place = place_without_clip(face.source_name, face.name, face.frame_size)
    return kept(face, place, clip="shot").record


poses = st.tuples(
    st.floats(-60, 60),
    st.floats(-30, 30),
    st.floats(-170, 170),
    st.floats(0.3, 2.5),
    st.sampled_from([64, 96, 256]),
)


@settings(max_examples=40, deadline=None)
@given(poses, st.sampled_from(sorted(TYPES)))
def test_landmarks_and_crop_agree_with_theirs(pose, face_type):
    yaw, pitch, roll, scale, size = pose
    points = made.landmarks(yaw, pitch, roll, size=scale)
    values = made.dfl_values(points, face_type, size)
    record = record_of(made.dfl_jpeg(values, np.zeros((size, size, 3), np.uint8)))
    assert record.face_type == TYPES[face_type]
    assert np.abs(record.landmarks() - 0.5 - points).max() < CLOSE_PX
    in_crop = transform_points(record.crop_matrix(), record.landmarks())
    assert np.abs(in_crop - 0.5 - values["landmarks"]).max() < CLOSE_PX
    # Ours would show the same, but for the half pixel between both ways of counting.
    ours = crop_from_frame(points, face_type=record.face_type, size_px=size)
    assert np.abs(ours - made.dfl_matrix(points, face_type, size)).max() < 1e-6


def test_what_lies_on_a_pixel_there_lies_on_the_same_pixel_here():
    points = made.landmarks(20, 5, 15, size=0.4)
    matrix = made.dfl_matrix(points, "full_face", 128)
    theirs = made.aligned(made.frame(), matrix, 128).astype(float)
    record = record_of(made.dfl_png(made.dfl_values(points), theirs.astype(np.uint8)))
    ours = crop(made.frame(), record.crop_matrix(), 128).astype(float)
    inside = slice(16, -16)
    assert np.abs(ours - theirs)[inside, inside].mean() < 1.0
    shifted = crop(made.frame(), record.crop_matrix() + np.array([[0, 0, 0.25], [0, 0, 0]]), 128)
    assert np.abs(shifted - theirs)[inside, inside].mean() > 1.5


@pytest.mark.parametrize("protocol", range(5))
@pytest.mark.parametrize("make", [made.dfl_jpeg, made.dfl_png])
def test_both_carriers_are_read_in_every_protocol(make, protocol):
    image = make(protocol=protocol)
    face = read_face(image, "00012_1.jpg")
    assert face.source_name == "00012.png"
    assert face.number == 1
    assert np.array_equal(decode_image(face.image), decode_image(image))
    assert b"source_landmarks" not in face.image


def test_the_pictures_bytes_are_kept():
    plain = made.jpeg(made.dfl_picture(made.dfl_values()))
    image = made.with_app15(plain, pickle.dumps(made.dfl_values()))
    assert read_face(image, "a.jpg").image == plain


ERAS = {
    "2018": {"yaw_value": 0.1, "pitch_value": -0.2, "eyebrows_expand_mod": None},
    "early 2019": {
        "pitch_yaw_roll": (0.1, 0.2, 0.3),
        "image_to_face_mat": made.dfl_matrix(made.landmarks(), "full_face", 128),
        "source_rect": np.array([100, 60, 200, 180]),
        "landmarks": np.array(made.dfl_values()["landmarks"], np.float32),
    },
    "late 2019": {
        "relighted": True,
        "ie_polys": [(1, [[10, 10], [90, 10], [50, 90]]), (0, [[40, 40], [50, 40], [45, 50]])],
    },
    "2020": {
        "seg_ie_polys": [
            (0, np.array([[40, 40], [50, 40], [45, 50]], np.float32)),
            (1, np.array([[10, 10], [90, 10], [50, 90]], np.float32)),
        ]
    },
    "2022": {
        "seg_ie_polys": {
            "polys": [
                {"type": 1, "pts": np.array([[10, 10], [90, 10], [50, 90]], np.float32)},
                {"type": 0, "pts": np.array([[40, 40], [50, 40], [45, 50]], np.float32)},
            ]
        }
    },
}


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("make", [made.dfl_jpeg, made.dfl_png])
def test_the_fields_of_every_era_are_read(era, make):
    record = record_of(make(made.dfl_values(**ERAS[era])))
    assert np.abs(record.landmarks() - 0.5 - made.landmarks()).max() < CLOSE_PX
    assert record.frame == 11
    if "polys" in str(ERAS[era]):
        assert [p.kind for p in record.polygons] == ["include", "exclude"]
        in_crop = transform_points(record.crop_matrix(), record.polygons[0].points)
        assert np.abs(in_crop - 0.5 - [[10, 10], [90, 10], [50, 90]]).max() < CLOSE_PX


def test_the_place_in_the_frame_is_worked_out_from_the_transform():
    matrix = made.dfl_matrix(made.landmarks(), "full_face", 128)
    record = record_of(made.dfl_jpeg(made.dfl_values(source_landmarks=None, image_to_face_mat=matrix)))
    assert np.abs(record.landmarks() - 0.5 - made.landmarks()).max() < CLOSE_PX


def test_a_crop_bent_by_rounded_corners_is_taken_as_it_is():
    points = made.landmarks(roll=20)
    matrix = made.dfl_matrix(points, "full_face", 128) * [[1.01, 1.0, 1.0], [1.0, 0.99, 1.0]]
    values = made.dfl_values(points, landmarks=made.moved(matrix, points).tolist())
    record = record_of(made.dfl_jpeg(values))
    in_crop = transform_points(record.crop_matrix(), record.landmarks())
    assert np.abs(in_crop - 0.5 - values["landmarks"]).max() < CLOSE_PX


def test_a_face_that_knows_no_frame_has_its_crop_for_one():
    face = read_face(made.dfl_jpeg(made.dfl_values(source_landmarks=None)), "00012_0.jpg")
    assert not face.frame_known
    assert face.frame_size == (128, 128)
    assert np.abs(face.landmarks_68 - 0.5 - made.dfl_values()["landmarks"]).max() < CLOSE_PX


def test_a_resized_face_keeps_its_place():
    matrix = made.dfl_matrix(made.landmarks(), "full_face", 128)
    values = made.dfl_values(size=256, image_to_face_mat=matrix)  # the landmarks were scaled, the transform not
    record = record_of(made.dfl_jpeg(values, size=256))
    in_crop = transform_points(record.crop_matrix(), record.landmarks())
    assert np.abs(in_crop - 0.5 - values["landmarks"]).max() < CLOSE_PX


def test_a_marked_face_is_its_whole_frame():
    values = (
        made.dfl_values(face_type="mark_only") if False else {**made.dfl_values(), "face_type": "mark_only"}
    )
    values["landmarks"] = values["source_landmarks"]
    record = record_of(made.with_app15(made.jpeg(made.frame()), pickle.dumps(values)))
    assert record.shows_whole_frame
    assert record.frame_size == record.picture_size == made.FRAME_SIZE


@pytest.mark.parametrize("kind", ["png", "jpeg", "plain", "float"])
def test_an_applied_mask_lies_where_it_lay(kind):
    grey = np.zeros((256, 256), np.uint8)
    cv2.circle(grey, (100, 140), 60, 255, -1)
    coded = {
        "png": np.frombuffer(made.png(grey), np.uint8),
        "jpeg": np.frombuffer(made.jpeg(grey), np.uint8),
        "plain": grey,
        "float": (grey / 255).astype(np.float32)[..., None],
    }[kind]
    face = read_face(made.dfl_png(made.dfl_values(xseg_mask=coded)), "a.png")
    mask = face.masks["xseg"]
    assert np.abs(mask.grey.astype(int) - grey).mean() < 2
    in_mask = transform_points(mask.mask_from_frame, face.landmarks_68)
    in_crop = transform_points(face.crop_from_frame, face.landmarks_68)
    assert np.abs(in_mask - 2 * in_crop).max() < 1e-6


NAN = [[float("nan")] * 2] * 68
BAD_FIELDS = [
    {"landmarks": NAN},
    {"landmarks": [[1e300, 0]] * 68},
    {"landmarks": [[1.0, 2.0]] * 68, "source_landmarks": None},
    {"landmarks": [[1.0, 2.0]] * 67},
    {"landmarks": [1.0] * 136},
    {"landmarks": "landmarks"},
    {"landmarks": [[1.0, 2.0], [3.0]]},
    {"landmarks": np.zeros((68, 3))},
    {"landmarks": [[10**400, 1]] * 68},
    {"landmarks": None, "source_landmarks": None},
    {"source_landmarks": np.full((68, 2), np.inf)},
    {"image_to_face_mat": np.zeros((2, 3)), "source_landmarks": None},
    {"image_to_face_mat": np.zeros(6)},
    {"image_to_face_mat": "x"},
    {"seg_ie_polys": 5},
    {"seg_ie_polys": {"polys": [5]}},
    {"seg_ie_polys": {"polys": [{"type": 7, "pts": [[1, 2], [3, 4], [5, 6]]}]}},
    {"seg_ie_polys": {"polys": [{"type": 1, "pts": [[1, 2], [3, 4], [5, float("inf")]]}]}},
    {"xseg_mask": np.frombuffer(b"no picture at all", np.uint8)},
    {"xseg_mask": 5},
    {"source_filename": "../../x.png"},
    {"source_filename": "/etc/x.png"},
    {"source_filename": "C:\\x.png"},
    {"source_filename": 12},
    {"source_filename": "a\x00b.png"},
    {"source_filename": "\ud800.png"},
    {"shape": (128, 64, 3)},
    {"shape": (0, 0, 3)},
]


@pytest.mark.parametrize("bad", BAD_FIELDS, ids=range(len(BAD_FIELDS)))
def test_impossible_fields_are_refused_in_a_sentence(bad):
    values = {**made.dfl_values(), **bad}
    with pytest.raises(UnderstudyError) as refusal:
        read_face(
            made.dfl_jpeg(
                {k: v for k, v in values.items() if v is not None}, np.zeros((128, 128, 3), np.uint8)
            ),
            "a.jpg",
        )
    assert refusal.value.message.endswith(".")


def test_odd_fields_that_do_not_matter_are_let_be():
    values = made.dfl_values(source_rect=[9, 9, 1, 1], eyebrows_expand_mod=float("nan"))
    record = record_of(made.dfl_jpeg(values))
    assert record.brows_up == 1.0
    assert record.box_xyxy[0] < record.box_xyxy[2]


def test_a_type_that_only_a_fork_knew_is_judged_by_its_size():
    values = {**made.dfl_values(face_type="whole_face"), "face_type": "mve_custom"}
    assert record_of(made.dfl_jpeg(values, np.zeros((128, 128, 3), np.uint8))).face_type == "whole"


@pytest.mark.parametrize("name", ["../../x.jpg", "/x.jpg", "a\nb.jpg", "\ud800.jpg"])
def test_a_name_that_leads_elsewhere_is_refused(name):
    with pytest.raises(ExchangeUnreadable):
        read_face(made.dfl_jpeg(), name)


class Calls:
    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


@pytest.mark.parametrize("make", [made.dfl_jpeg, made.dfl_png])
def test_a_hostile_face_is_refused_by_name(make, tmp_path):
    values = {**made.dfl_values(), "landmarks": Calls(os.system, f"touch {tmp_path}/ran")}
    with pytest.raises(UnsafeFile, match="system"):
        read_face(make(values, np.zeros((128, 128, 3), np.uint8)), "a.jpg")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (made.jpeg(made.frame(size=(128, 128))), "no face data"),
        (made.with_app15(made.jpeg(made.frame(size=(128, 128))), b"Meta\x00other program"), "another program"),
        (made.with_app15(made.jpeg(made.frame(size=(128, 128))), b""), "another program"),
        (made.with_app15(made.jpeg(made.frame(size=(128, 128))), pickle.dumps([1, 2])), "no table"),
        (made.with_app15(made.jpeg(made.frame()), pickle.dumps(made.dfl_values())), "square"),
        (made.dfl_jpeg()[:600], "no face data"),
        (b"GIF89a", "no face data"),
        (b"", "no face data"),
    ],
)
def test_a_picture_of_another_kind_says_so(image, said):
    with pytest.raises(UnderstudyError, match=said):
        read_face(image, "a.jpg")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_face_is_refused_or_still_a_face(data):
    good = bytearray(data.draw(st.sampled_from([made.dfl_jpeg(size=64), made.dfl_png(size=64)])))
    for _ in range(data.draw(st.integers(1, 6))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    try:
        record = record_of(bytes(good[: data.draw(st.integers(len(good) // 2, len(good)))]))
    except UnderstudyError:
        return
    assert np.isfinite(record.landmarks()).all()
