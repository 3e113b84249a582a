"""SFace through OpenCV, on a stand-in network with the same tensors."""

from pathlib import Path

import numpy as np
import pytest

from tests.faces.stand_in_onnx import write_sface
from understudy.errors import UnsafeFile, WeightsMissing
from understudy.faces.align import crop
from understudy.faces.identity import EMBEDDERS, SFaceEmbedder, sface_crop
from understudy.faces.inputs import FinderInputs
from understudy.geometry import crop_from_frame, transform_points
from understudy.networks.weight_catalogue import Weights
from understudy.networks.weight_store import WeightStore


@pytest.fixture
def store(tmp_path: Path) -> WeightStore:
    entry = Weights(
        name="sface", file_name="s.onnx", used_by="", licence="", url="https://example.org/s", layout="onnx"
    )
    store = WeightStore(tmp_path / "weights", catalogue={"sface": entry})
    store.add(write_sface(tmp_path / "s.onnx"))
    return store


def crops_of(frames, size_px: int = 160):
    matrices = [crop_from_frame(frame.landmarks_68, face_type="full", size_px=size_px) for frame in frames]
    pictures = [crop(frame.rgb, matrix, size_px) for frame, matrix in zip(frames, matrices, strict=True)]
    points = [transform_points(m, frame.landmarks_68) for m, frame in zip(matrices, frames, strict=True)]
    return np.stack(pictures), np.stack(points)


def test_each_crop_gets_a_unit_vector(store, src_frames):
    vectors = SFaceEmbedder(store).embed(*crops_of(src_frames))
    assert vectors.shape == (len(src_frames), 128) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_crops_give_no_vectors(store):
    assert SFaceEmbedder(store).embed(np.empty((0, 64, 64, 3), np.uint8), np.empty((0, 68, 2))).shape == (
        0,
        128,
    )


def test_a_crops_size_hardly_matters(store, src_frames):
    embedder = SFaceEmbedder(store)
    small, large = (embedder.embed(*crops_of(src_frames[:2], size)) for size in (128, 512))
    assert ((small * large).sum(1) > 0.999).all()


def test_the_network_sees_red_as_red(store, tmp_path, src_frames):
    """OpenCV takes blue first; a mistake there would swap the performer's lips with their eyes."""
    pictures, points = crops_of(src_frames[:1])
    aligned = sface_crop(pictures[0], points[0]).astype(np.float64)
    mix = np.random.default_rng(3).normal(0, 0.1, (3 * 64, 128)).astype(np.float32)
    cells = aligned.reshape(8, 14, 8, 14, 3).mean((1, 3)).transpose(2, 0, 1).reshape(1, -1)
    expected = cells @ mix
    (found,) = SFaceEmbedder(store).embed(pictures, points)
    np.testing.assert_allclose(found, (expected / np.linalg.norm(expected))[0], atol=1e-3)


def test_the_five_points_lie_where_the_network_expects_them(src_frames):
    """Spots drawn on the five points of a crop land at the places OpenCV documents, pixel centres."""
    pictures, points = crops_of(src_frames[:1], 256)
    left_eye = points[0][36:42].mean(0)
    picture = np.zeros_like(pictures[0])
    x, y = np.floor(left_eye).astype(int)
    picture[y - 3 : y + 4, x - 3 : x + 4] = 255
    aligned = sface_crop(picture, points[0])[..., 0].astype(float)
    rows, columns = np.mgrid[:112, :112]
    found = np.array([(columns * aligned).sum(), (rows * aligned).sum()]) / aligned.sum()
    assert np.linalg.norm(found - [38.2946, 51.6963]) < 2.5  # the fit of five points to another face's five


def test_missing_weights_say_what_to_fetch(tmp_path):
    with pytest.raises(WeightsMissing, match="understudy weights fetch sface"):
        EMBEDDERS["sface"](FinderInputs(weights_folder=tmp_path))


def test_a_file_that_is_no_network_is_refused(store):
    file = store.place_of(store.entry("sface"))
    (store.folder / "pins.json").unlink()
    file.write_bytes(b"no network")
    with pytest.raises(UnsafeFile, match="OpenCV can't read"):
        SFaceEmbedder(store)
