"""Models that see several frames together get a face's own frames before and after it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.merging.conftest import Painter, landmarks, record
from understudy.facesets.store import Faceset
from understudy.media.images import encode_png, read_image
from understudy.merging.cast import Cast
from understudy.merging.frame_ranges import parse_frames
from understudy.merging.merge import merge
from understudy.merging.options import MergeOptions
from understudy.merging.plan import Wanted

MakeFaceset = Callable[[dict[int, list[np.ndarray]]], Faceset]
PLAIN = MergeOptions(color="none", steady_frames=0, steady_face=0, steady_mask=0, mask="dst-hull", batch=3)


class SeesThree(Painter):
    """Paints each face in the grey of its frame before, now and after: red, green, blue. Notes every run."""

    frames_together = 3

    def __init__(self, *, sha256: str = "3" * 64) -> None:
        super().__init__(sha256=sha256)
        self.runs: list[tuple[int, ...]] = []

    def predict(self, crops_NHWC: np.ndarray):
        raise AssertionError("it sees three frames together")

    def predict_runs(self, runs_NTHWC: np.ndarray):
        assert runs_NTHWC.shape[1:] == (3, 32, 32, 3)
        made = Painter.predict(self, runs_NTHWC[:, 1])
        grey = runs_NTHWC.mean((2, 3, 4)) / 255
        for row in grey:
            run = tuple(np.rint(row * 255 / 20).astype(int).tolist())
            if run not in self.runs[-1:]:  # the last one of a batch is repeated to fill it up
                self.runs.append(run)
        painted = np.broadcast_to(grey[:, None, None], made.rgb_NHWC.shape).astype(np.float32)
        return type(made)(painted, made.mask_NHW, made.dst_mask_NHW)


@pytest.fixture
def greys(tmp_path: Path) -> Path:
    """Eight even frames of grey 20, 40, … 160, so that every run tells its frames."""
    folder = tmp_path / "greys"
    folder.mkdir()
    for frame in range(8):
        (folder / f"{frame}.png").write_bytes(encode_png(np.full((96, 128, 3), 20 * frame + 20, np.uint8)))
    return folder


def merged(clip: Path, faces: Faceset, model: SeesThree, folder: Path, **more) -> dict:
    more = {"options": PLAIN, "predictor": model, **more}
    *_, finished = merge(clip, faces=faces, folder=folder, **more)
    return finished.summary


def test_every_face_is_painted_from_the_frames_before_and_after_and_stands_in_for_itself_at_the_ends(
    greys: Path, faceset: MakeFaceset, tmp_path: Path
) -> None:
    model = SeesThree()
    merged(greys, faceset({frame: [landmarks()] for frame in range(4)}), model, tmp_path / "m")
    assert model.runs == [(1, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 4)]
    pixel = read_image(tmp_path / "m" / "000001.png")[50, 60].astype(int)
    assert np.abs(pixel - [20, 40, 60]).max() <= 2


def test_a_frame_without_the_face_and_a_cut_are_not_looked_over(
    greys: Path, faceset: MakeFaceset, tmp_path: Path
) -> None:
    faces = faceset({frame: [landmarks()] for frame in (0, 1, 3, 4, 5, 6)})
    model = SeesThree()
    merged(greys, faces, model, tmp_path / "m", shots=[5])
    assert model.runs == [(1, 1, 2), (1, 2, 2), (4, 4, 5), (4, 5, 5), (6, 6, 7), (6, 7, 7)]


def test_only_a_faces_own_track_stands_before_and_after_it(greys: Path, tmp_path: Path) -> None:
    faces = Faceset(tmp_path / "tracks")
    for frame in range(4):
        faces.add(np.zeros((16, 16, 3), np.uint8), record(frame, landmarks(), track=frame // 2))
    model = SeesThree()
    merged(greys, faces, model, tmp_path / "m")
    assert model.runs == [(1, 1, 2), (1, 2, 2), (3, 3, 4), (3, 4, 4)]


def test_frames_made_alone_are_those_of_the_whole_merge_and_only_they_are_painted(
    greys: Path, faceset: MakeFaceset, tmp_path: Path
) -> None:
    faces = faceset({frame: [landmarks(50 + 2 * frame)] for frame in range(8)})
    merged(greys, faces, SeesThree(), tmp_path / "whole")
    model = SeesThree()
    merged(greys, faces, model, tmp_path / "m", wanted=Wanted(parse_frames("3,6")))
    assert model.runs == [(3, 4, 5), (6, 7, 8)]
    for name in ("000003.png", "000006.png"):
        assert (tmp_path / "m" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_face_that_moves_makes_the_frames_again_that_see_it(
    greys: Path, faceset: MakeFaceset, tmp_path: Path
) -> None:
    faces = faceset({frame: [landmarks()] for frame in range(8)})
    merged(greys, faces, SeesThree(), tmp_path / "m")
    faces.add(np.zeros((16, 16, 3), np.uint8), record(4, landmarks(64)))
    assert merged(greys, faces, SeesThree(), tmp_path / "m")["made_now"] == 3


def test_models_that_see_one_frame_and_three_go_into_one_pass(greys: Path, tmp_path: Path) -> None:
    faces = Faceset(tmp_path / "two")
    for frame in range(4):
        for person, x in ((1, 34), (2, 94)):
            faces.add(np.zeros((16, 16, 3), np.uint8), record(frame, landmarks(x, width_px=20), person=person))
    one, three = Painter(), SeesThree()
    merged(greys, faces, three, tmp_path / "m", predictor=Cast(one, {"person 2": three}))
    assert one.painted == 2 * PLAIN.batch and three.runs == [(1, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 4)]
