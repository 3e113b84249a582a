"""Every detector, plain or wrapped, keeps the promises of the interface."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.faces.nets import RedS3fd
from tests.faces.people import frames_of, turned_face
from tests.faces.stand_in_onnx import write_yunet
from tests.faces.test_s3fd import painted
from understudy.actors.identity import DEMO_SRC
from understudy.actors.performance import State
from understudy.actors.render import render
from understudy.errors import FindsUnusable, WeightsMissing
from understudy.faces.detect import DETECTORS, Detector
from understudy.faces.imported import ImportDetector, ImportedFace, ImportedFaces
from understudy.faces.inputs import FinderInputs
from understudy.faces.manual import ManualDetector, Region
from understudy.faces.mtcnn import MtcnnDetector
from understudy.faces.passes import RotatingDetector
from understudy.faces.s3fd import S3fdDetector
from understudy.faces.settings import MtcnnSettings
from understudy.faces.yunet import YunetDetector
from understudy.media.clip import Frame, loose_frame


@dataclass(frozen=True)
class Case:
    """A detector for a smallest face, and three frames: with one face, none, and two."""

    make: Callable[[float], Detector]
    pictures: tuple[np.ndarray, np.ndarray, np.ndarray]

    @property
    def frames(self) -> list[Frame]:
        return frames_of(*self.pictures)


def _rendered() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    face = render(DEMO_SRC, State(), size_px=160).rgb
    one, none = np.full((160, 280, 3), 120, np.uint8), np.full((160, 280, 3), 120, np.uint8)
    one[:, :160] = face
    two = one.copy()
    two[20:100, 190:270] = face[::2, ::2]
    return one, none, two


def _mtcnn(tmp: Path) -> Case:
    return Case(lambda share: MtcnnDetector(settings=MtcnnSettings(smallest_face_share=share)), _rendered())


def _turned_mtcnn(tmp: Path) -> Case:
    pictures = tuple(np.ascontiguousarray(np.rot90(picture, 2)) for picture in _rendered())
    return Case(
        lambda share: RotatingDetector(MtcnnDetector(settings=MtcnnSettings(smallest_face_share=share))),
        pictures,  # type: ignore[arg-type]
    )


def _red(side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return painted((320, 192, side)), painted(), painted((64, 64, side), (448, 320, side))


def _yunet(tmp: Path) -> Case:
    path = write_yunet(tmp / "yunet.onnx")
    return Case(lambda share: YunetDetector(path, smallest_face_share=share), _red(16))


def _s3fd(tmp: Path) -> Case:
    return Case(lambda share: S3fdDetector(RedS3fd(), smallest_face_share=share), _red(32))


def _import(tmp: Path) -> Case:
    large = ImportedFace(np.array([90.0, 60, 230, 220]), turned_face(10))
    small = ImportedFace(np.array([3.0, 4, 50, 60]), None)
    faces = ImportedFaces({0: [large], 2: [small, large]})
    return Case(lambda share: ImportDetector(faces), _red(16))


def _manual(tmp: Path) -> Case:
    large = Region(box=(90, 60, 230, 220), landmarks=[(float(x), float(y)) for x, y in turned_face(10)])
    return Case(lambda share: ManualDetector({0: [large], 2: [Region(box=(3, 4, 50, 60)), large]}), _red(16))


CASES: dict[str, Callable[[Path], Case]] = {
    "mtcnn": _mtcnn,
    "yunet": _yunet,
    "s3fd": _s3fd,
    "import": _import,
    "manual": _manual,
    "mtcnn, turned": _turned_mtcnn,
}
SEES_PIXELS = [name for name in CASES if name not in ("import", "manual")]


@pytest.fixture(scope="module")
def cases(tmp_path_factory) -> dict[str, Case]:
    return {name: make(tmp_path_factory.mktemp("case")) for name, make in CASES.items()}


def numbers(found: list) -> list:
    """All that is said of faces, as plain numbers."""
    return [
        [(f.box_xyxy.tolist(), f.score, None if f.points_5 is None else f.points_5.tolist()) for f in faces]
        for faces in found
    ]


def test_every_listed_detector_is_in_this_suite():
    assert set(DETECTORS) <= set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_it_answers_for_every_frame_in_order_largest_first(cases, name):
    found = cases[name].make(0.08).detect(cases[name].frames)
    assert [len(faces) for faces in found] == [1, 0, 2]
    sizes = [float(np.prod(face.box_xyxy[2:] - face.box_xyxy[:2])) for face in found[2]]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("name", CASES)
def test_boxes_have_an_inside_that_holds_the_points(cases, name):
    for face in (f for faces in cases[name].make(0.08).detect(cases[name].frames) for f in faces):
        left, top, right, bottom = face.box_xyxy
        assert right > left and bottom > top and 0 <= face.score <= 1
        if face.points_5 is not None:
            assert face.points_5.shape == (5, 2)
            assert ((face.points_5 > [left, top]) & (face.points_5 < [right, bottom])).all()


@pytest.mark.parametrize("name", CASES)
def test_a_batch_gives_what_single_frames_give(cases, name):
    case, detector = cases[name], cases[name].make(0.08)
    together = detector.detect(case.frames)
    for frame, faces in zip(case.frames, together, strict=True):
        (alone,) = detector.detect([frame])
        for one, other in zip(alone, faces, strict=True):
            np.testing.assert_allclose(one.box_xyxy, other.box_xyxy, atol=0.02)
            assert abs(one.score - other.score) < 1e-4


@pytest.mark.parametrize("name", CASES)
def test_the_same_frames_give_the_same_faces_and_stay_as_they_are(cases, name):
    case, detector = cases[name], cases[name].make(0.08)
    frames, before = case.frames, [picture.copy() for picture in case.pictures]
    assert numbers(detector.detect(frames)) == numbers(detector.detect(frames))
    assert all(np.array_equal(frame.rgb, picture) for frame, picture in zip(frames, before, strict=True))


@pytest.mark.parametrize("name", SEES_PIXELS)
def test_deep_frames_are_seen_like_frames_of_eight_bits(cases, name):
    case, detector = cases[name], cases[name].make(0.08)
    deep = [loose_frame(picture.astype(np.uint16) * 257, index=n) for n, picture in enumerate(case.pictures)]
    assert numbers(detector.detect(deep)) == numbers(detector.detect(case.frames))


@pytest.mark.parametrize("name", SEES_PIXELS)
def test_a_face_smaller_than_asked_for_is_not_found(cases, name):
    picture = cases[name].pictures[0]
    if "mtcnn" in name:  # finds a bit smaller ones too
        picture = np.pad(picture, ((160, 200), (160, 200), (0, 0)), constant_values=120)
    assert len(cases[name].make(0.05).detect(frames_of(picture))[0]) == 1
    assert cases[name].make(0.95).detect(frames_of(picture)) == [[]]


@pytest.mark.parametrize("name", CASES)
def test_no_frames_give_no_lists(cases, name):
    assert cases[name].make(0.08).detect([]) == []


def test_listing_detectors_loads_no_network():
    code = "import sys, understudy.faces.detect, understudy.faces.finders; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", ["yunet"])
def test_weights_that_can_not_be_had_are_said_so(name, tmp_path, monkeypatch):
    monkeypatch.setattr("understudy.networks.weight_fetching._TRIES", 1)
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(WeightsMissing, match=f"weights fetch {name}"):
        DETECTORS[name](FinderInputs(weights_folder=tmp_path))


def test_importing_without_a_file_is_refused():
    with pytest.raises(FindsUnusable, match="--import-file"):
        DETECTORS["import"](FinderInputs())
