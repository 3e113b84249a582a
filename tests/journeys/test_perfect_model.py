"""What merging itself costs: the true face, merged, is as steady, even and sharp as the plate.

So what a trained model's shot is worse by is the model's, not the merge's.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.merging.conftest import record
from understudy import geometry
from understudy.actors.identity import DEMO_DST, DEMO_SRC
from understudy.actors.performance import dst_track
from understudy.actors.render import Rendered, render_frames
from understudy.events import StageFinished
from understudy.faces.align import crop
from understudy.facesets.store import Faceset
from understudy.measure.against_plate import known_faces, measure_against_plate
from understudy.measure.steadiness import GOALS, outside
from understudy.media.clip import ColorTags
from understudy.media.movie import MovieWriter
from understudy.merging.delivery.encode import encode
from understudy.merging.delivery.options import EncodeOptions
from understudy.merging.merge import merge
from understudy.merging.options import MergeOptions
from understudy.networks.swap import Prediction

SIZE, MODEL_PX, FRAMES = 240, 256, 20


class TrueModel:
    """Paints the other performer as the renderer films them in dst's pose and light. Implements `Predictor`."""

    face_type: geometry.FaceType = "full"
    size_px = MODEL_PX
    name = "truth"
    sha256 = "0" * 64
    frames_together = 1
    notices: Sequence[str] = ()
    paints_frame = False
    blends = False

    def __init__(self, dst: Sequence[Rendered], truth: Sequence[Rendered]) -> None:
        self._seen, self._painted, self._masks = [], [], []
        for plate, true in zip(dst, truth, strict=True):
            matrix = geometry.crop_from_frame(plate.landmarks_68, face_type="full", size_px=MODEL_PX)
            self._seen.append(self._small(crop(plate.rgb, matrix, MODEL_PX)))
            self._painted.append(crop(true.rgb, matrix, MODEL_PX).astype(np.float32) / 255)
            self._masks.append(np.clip(crop(true.mask, matrix, MODEL_PX), 0, 1))

    def _small(self, rgb: np.ndarray) -> np.ndarray:
        return cv2.resize(rgb, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)

    def blend(self, morph: float) -> None:
        assert morph == 1

    def predict_runs(self, runs_NTHWC: np.ndarray) -> Prediction:
        raise AssertionError("it sees one frame at a time")

    def predict(self, crops_NHWC: np.ndarray) -> Prediction:
        known = np.stack(self._seen)
        which = [int(np.square(known - self._small(rgb)).mean((1, 2, 3)).argmin()) for rgb in crops_NHWC]
        masks = np.stack([self._masks[number] for number in which])
        return Prediction(np.stack([self._painted[number] for number in which]), masks, masks)


def written(path: Path, frames: Sequence[np.ndarray]) -> Path:
    size = {"width": SIZE, "height": SIZE, "time_base": Fraction(1, 25), "rate": Fraction(25)}
    with MovieWriter(path, **size, color=ColorTags(1, 1, 1, 1), codec="ffv1") as writer:
        for index, rgb in enumerate(frames):
            writer.write(rgb, index)
    return path


@pytest.fixture(scope="module")
def pair() -> tuple[list[Rendered], list[Rendered]]:
    dst, truth = (list(render_frames(who, dst_track(FRAMES, 7), size_px=SIZE)) for who in (DEMO_DST, DEMO_SRC))
    return dst, truth


def figures(result: Path, plate: Path, dst: Sequence[Rendered]) -> dict[str, float]:
    faces_of = known_faces({index: one.landmarks_68[None] for index, one in enumerate(dst)})
    *_, finished = measure_against_plate(result, plate, faces_of=faces_of)
    assert isinstance(finished, StageFinished)
    return finished.summary["all"]


@pytest.mark.parametrize("mode", ["overlay", "seamless"])
def test_the_true_face_merged_is_as_steady_even_and_sharp_as_the_plate(
    mode: str, pair: tuple[list[Rendered], list[Rendered]], tmp_path: Path
) -> None:
    dst, truth = pair
    plate = written(tmp_path / "dst.mkv", [one.rgb for one in dst])
    with Faceset(tmp_path / "faces") as faces:
        for index, one in enumerate(dst):
            known = record(index, one.landmarks_68, frame_size=(SIZE, SIZE))
            faces.add(np.zeros((16, 16, 3), np.uint8), known)
        list(
            merge(
                plate,
                faces=faces,
                predictor=TrueModel(dst, truth),
                folder=tmp_path / "merged",
                options=MergeOptions(mode=mode),
            )
        )
    out = tmp_path / "out.mkv"
    options = EncodeOptions(codec="ffv1")
    list(encode(plate, merged_folder=tmp_path / "merged", out=out, options=options))
    found = figures(out, plate, dst)
    told = {name: found[name] for name in GOALS}
    print(mode, told)
    assert outside(found) == [], told
