import json
import os
import pickle
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.facesets.exchange import foreign_files as made
from understudy.errors import ExchangeUnreadable, UnderstudyError, UnsafeFile
from understudy.facesets.exchange.faceswap import head_crop
from understudy.facesets.exchange.faceswap_files import (
    faces_of_frames,
    literal,
    read_alignments,
    read_face,
    read_json_frames,
)
from understudy.facesets.exchange.foreign import ForeignFace, Unread
from understudy.facesets.exchange.grids import transform_for_them
from understudy.geometry import transform_points
from understudy.media.images import decode_image

GREY = (np.indices((128, 128)).sum(0) % 256).astype(np.uint8)
MASK_MATRIX = np.array([[0.5, 0.1, -10.0], [-0.1, 0.5, 5.0]])


def put(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data)
    return path


def test_a_face_picture_gives_its_landmarks_box_masks_and_pixels():
    entry = made.faceswap_entry(made.landmarks(20, 5, 10), components=made.faceswap_mask(MASK_MATRIX, GREY))
    image = made.faceswap_png(entry)
    face = read_face(image, "x.png")
    assert np.abs(face.landmarks_68 - 0.5 - made.landmarks(20, 5, 10)).max() < 1e-6
    assert face.box_xyxy == (entry["x"], entry["y"], entry["x"] + entry["w"], entry["y"] + entry["h"])
    assert face.frame_size == made.FRAME_SIZE
    assert face.source_name == "clip_000012.png"
    mask = face.masks["components"]
    assert np.array_equal(mask.grey, GREY)
    assert np.abs(transform_for_them(mask.mask_from_frame) - MASK_MATRIX).max() < 1e-9
    assert np.array_equal(decode_image(face.image), decode_image(image))
    assert b"faceswap" not in face.image
    assert not face.exactly_placed


def test_size_and_turn_of_a_head_crop_are_exact_and_its_middle_is_in_the_skull():
    for yaw in (-40, 0, 40):
        points = made.landmarks(yaw, 0, 25)
        matrix = head_crop(points + 0.5, 256)
        side_px = 256 / np.sqrt(np.linalg.det(matrix[:, :2]))
        used = points[17:]
        goal = made.MEAN_FACE_51_IN_UNIT + np.array([0.009873, 0])
        za = (used - used.mean(0)) @ [1, 1j]
        zb = (goal - goal.mean(0)) @ [1, 1j]
        unit_px = 1 / abs((np.conj(za) @ zb) / (np.conj(za) @ za))
        core = 256 - 2 * round(256 * 0.625 / 2)
        assert side_px == pytest.approx(unit_px * 256 / core, rel=1e-6)
        nose = transform_points(matrix, points[30] + 0.5)
        assert (nose[0] < 128 - 20) if yaw < 0 else (nose[0] > 128 + 20) if yaw > 0 else abs(nose[0] - 128) < 10


def test_a_mask_centred_on_the_head_places_the_crop_exactly():
    matrix = head_crop(made.landmarks() + 0.5, 64)
    mask = made.faceswap_mask(transform_for_them(matrix), GREY[:64, :64].copy(), "head")
    face = read_face(made.faceswap_png(made.faceswap_entry(vgg=mask)), "x.png")
    assert face.exactly_placed
    assert np.abs(face.crop_from_frame - matrix * 2).max() < 1e-9


BOMB = zlib.compress(bytes(200 << 20), 9)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('touch ran')",
        "{'alignments': open('x', 'w')}",
        "[" * 100_000,
        "[" * 50 + "]" * 50,
        "{'a': 1",
        "1" * 10_000,
        "'" + "a" * 10,
        "lambda: 1",
        "{'alignments': {}, 'source': {}}",
        "{'alignments': [], 'source': 5}",
        "f'{open(1)}'",
        "(" + "'a' " * 100 + "b)",
        "-" * 10_000 + "1",
    ],
)
def test_a_hostile_header_is_refused_and_nothing_in_it_runs(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnderstudyError):
        read_face(made.faceswap_png(text=text), "x.png")
    assert list(tmp_path.iterdir()) == []


def test_a_header_that_is_no_text_or_a_bomb_is_refused():
    plain = made.png(made.frame(size=(64, 64)))
    at = plain.index(b"IDAT") - 4
    for data in (
        b"faceswap\x00\x00\x00\x00\x00\xff\xfe",
        b"faceswap\x00\x01\x00\x00\x00" + BOMB,
        b"faceswap\x00\x01\x00\x00\x00" + b"no zlib",
        b"faceswap\x00",
    ):
        with pytest.raises(ExchangeUnreadable):
            read_face(plain[:at] + made.chunk(b"iTXt", data) + plain[at:], "x.png")


def test_plain_literals_are_read_as_python_wrote_them():
    value = {"a": [1, -2.5e-7, None, True], "b": b"\x00'\"\\\xff", "c": ("it's", 'say "so"', "\u0391")}
    assert literal(repr(value)) == value


BAD_ENTRIES = [
    {"landmarks_xy": None},
    {"landmarks_xy": [[float("nan")] * 2] * 68},
    {"landmarks_xy": [[1.0, 2.0]] * 4},
    {"mask": {"m": {**made.faceswap_mask(MASK_MATRIX, GREY), "mask": BOMB}}},
    {"mask": {"m": {**made.faceswap_mask(MASK_MATRIX, GREY), "mask": b"no zlib"}}},
    {"mask": {"m": {**made.faceswap_mask(MASK_MATRIX, GREY), "stored_size": 10**9}}},
    {"mask": {"m": {**made.faceswap_mask(MASK_MATRIX, GREY), "stored_size": -1}}},
    {"mask": {"m": {**made.faceswap_mask(MASK_MATRIX, GREY), "stored_size": 64}}},
    {"mask": {"m": {**made.faceswap_mask(MASK_MATRIX, GREY), "affine_matrix": [[0, 0, 0], [0, 0, 0]]}}},
    {"mask": {"../m": made.faceswap_mask(MASK_MATRIX, GREY)}},
    {"mask": [1]},
]


@pytest.mark.parametrize("bad", BAD_ENTRIES, ids=range(len(BAD_ENTRIES)))
def test_an_impossible_face_is_told_and_the_others_are_read(bad, tmp_path):
    frames = {
        "a.png": {"faces": [{**made.faceswap_entry(), **bad}], "video_meta": {}},
        "b.png": {"faces": [made.faceswap_entry()], "video_meta": {}},
    }
    first, second = faces_of_frames(read_alignments(put(tmp_path, "a.fsa", made.fsa(frames))))
    assert isinstance(first, Unread)
    assert isinstance(second, ForeignFace)


@pytest.mark.parametrize("version", [2.0, 2.1, 2.2, 2.3, 2.4])
def test_alignments_of_every_version_are_read(version, tmp_path):
    entry = made.faceswap_entry(made.landmarks(10), components=made.faceswap_mask(MASK_MATRIX, GREY))
    entry["thumb"] = list(range(200))
    frame = {"faces": [entry], "video_meta": {"pts_time": 1, "keyframe": 0}}
    if version < 2.1:
        entry["landmarksXY"] = np.array(entry.pop("landmarks_xy"))
        entry["thumb"] = np.arange(200, dtype=np.uint8)
        frame = [entry]
    if version < 2.2:
        del entry["mask"]["components"]["stored_centering"]
        entry["mask"]["components"]["affine_matrix"] = MASK_MATRIX.copy()
    if version < 2.3:
        del entry["identity"]
    frames = read_alignments(put(tmp_path, "a.fsa", made.fsa({"clip_000003.png": frame}, version)))
    (face,) = faces_of_frames(frames)
    assert face.source_name == "clip_000003.png"
    assert np.abs(face.landmarks_68 - 0.5 - made.landmarks(10)).max() < 1e-6
    assert np.array_equal(face.masks["components"].grey, GREY)


@pytest.mark.parametrize("version", [None, 1.0, 3.0, "2.4", float("nan")])
def test_other_versions_are_refused_with_the_way_out(version, tmp_path):
    with pytest.raises(ExchangeUnreadable, match=r"faceswap 2\.3\.0"):
        read_alignments(put(tmp_path, "a.fsa", made.fsa({}, version)))


def test_a_zip_bomb_is_refused_without_unpacking_it(tmp_path):
    with pytest.raises(ExchangeUnreadable, match="unpacks to more"):
        read_alignments(put(tmp_path, "a.fsa", BOMB))


@pytest.mark.parametrize("data", [b"", b"abc", zlib.compress(b""), zlib.compress(b"]."), made.fsa({})[:-9]])
def test_a_torn_alignments_file_is_refused(data, tmp_path):
    with pytest.raises((ExchangeUnreadable, UnsafeFile)):
        read_alignments(put(tmp_path, "a.fsa", data))


@pytest.mark.parametrize("data", [{"__data__": 5}, {"__data__": {"a": 5}}, {"__data__": {5: []}}, {}, [1]])
def test_alignments_of_another_shape_are_refused(data, tmp_path):
    whole = {"__meta__": {"version": 2.4}, **data} if isinstance(data, dict) else data
    with pytest.raises(ExchangeUnreadable):
        read_alignments(put(tmp_path, "a.fsa", zlib.compress(pickle.dumps(whole))))


def test_hostile_alignments_run_nothing(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path}/ran",)

    with pytest.raises(UnsafeFile, match="system"):
        read_alignments(put(tmp_path, "a.fsa", made.fsa({"a.png": Evil()})))
    assert not (tmp_path / "ran").exists()


def test_json_gives_boxes_and_landmarks(tmp_path):
    points = made.landmarks(5)
    face = {"detected": [10, 20, 110, 140], "landmarks_2d": points.tolist()}
    frames = read_json_frames(put(tmp_path, "a.json", json.dumps({"00001.png": [face, face]}).encode()))
    first, second = faces_of_frames(frames)
    assert (first.number, second.number) == (0, 1)
    assert first.box_xyxy == (10, 20, 110, 140)
    assert np.abs(first.landmarks_68 - 0.5 - points).max() < 1e-9


@pytest.mark.parametrize(
    "text",
    ["", "[", "[1]", '{"a": 5}', "[" * 100_000, '{"a": [[]]}', '{"a": [{"landmarks_2d": [[NaN, 1]]}]}', "\xff"],
)
def test_other_json_is_refused_or_its_faces_are(text, tmp_path):
    try:
        faces = list(faces_of_frames(read_json_frames(put(tmp_path, "a.json", text.encode("latin-1")))))
    except ExchangeUnreadable:
        return
    assert all(isinstance(face, Unread) for face in faces)


def test_98_points_become_the_68_nearest_in_meaning(tmp_path):
    wide = np.column_stack([np.arange(98.0) * 3, np.sin(np.arange(98.0)) * 50])
    face = {"detected": [0, 0, 1, 1], "landmarks_2d": wide.tolist()}
    (read,) = faces_of_frames(read_json_frames(put(tmp_path, "a.json", json.dumps({"a.png": [face]}).encode())))
    ours = read.landmarks_68 - 0.5
    assert np.allclose(ours[[0, 8, 16, 17, 26, 27, 36, 48, 67]], wide[[0, 16, 32, 33, 46, 51, 60, 76, 95]])
    assert np.allclose(ours[1], wide[2] / 2 + (wide[1] + wide[3]) / 4)
    assert np.allclose(ours[18], wide[[34, 41]].mean(0))


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_damaged_files_raise_nothing_but_ours(data, tmp_path_factory):
    entry = made.faceswap_entry(components=made.faceswap_mask(MASK_MATRIX, GREY))
    which = data.draw(st.sampled_from(["png", "fsa", "pickle"]))
    good = made.faceswap_png(entry) if which == "png" else made.fsa({"a.png": {"faces": [entry]}})
    damaged = bytearray(zlib.decompress(good) if which == "pickle" else good)
    for _ in range(data.draw(st.integers(1, 5))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("x") / "a"
    path.write_bytes(zlib.compress(bytes(damaged)) if which == "pickle" else bytes(damaged))
    try:
        faces = (
            [read_face(path.read_bytes(), "a.png")]
            if which == "png"
            else faces_of_frames(read_alignments(path))
        )
        assert all(isinstance(face, ForeignFace | Unread) for face in faces)
    except UnderstudyError:
        return
