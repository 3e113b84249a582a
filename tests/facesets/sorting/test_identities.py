"""Who is who, by a stand-in network that tells people apart by the colour of their skin."""

from itertools import pairwise

import numpy as np
import pytest

from tests.facesets.sorting.filmed import FRAME_PX, add_face, frame_of, frames
from understudy.actors.performance import State
from understudy.errors import WeightsMissing
from understudy.events import Notice, Progress, StageFinished
from understudy.facesets.record import FaceRecord
from understudy.facesets.sorting.identities import measure_identities
from understudy.facesets.sorting.sorts import ordered
from understudy.facesets.sorting.table import columns
from understudy.facesets.store import Faceset

COUNT = 40


class Stub:
    """Implements `Embedder`; notes how many faces came at once."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def embed(self, crops_rgb, landmarks_68_in_crop):
        self.batches.append(len(crops_rgb))
        assert landmarks_68_in_crop.shape == (len(crops_rgb), 68, 2)
        vectors = np.zeros((len(crops_rgb), 128), np.float32)
        for row, (crop, points) in enumerate(zip(crops_rgb, landmarks_68_in_crop, strict=True)):
            x, y = points[[30, 33]].mean(0).astype(int)
            colour = crop[y - 4 : y + 5, x - 8 : x + 9].reshape(-1, 3).mean(0)
            vectors[row, :3] = colour - colour.mean() + 5
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def faceset(tmp_path):
    """Mostly one person; every fifth frame is somebody else."""
    with Faceset(tmp_path / "main") as faceset:
        for frame in range(COUNT):
            add_face(faceset, State(yaw_deg=float(frame % 4)), seed=6 if frame % 5 == 4 else 3, frame=frame)
        yield faceset


def test_every_face_is_looked_at_once_in_batches_and_kept(faceset):
    stub = Stub()
    *middle, last = measure_identities(faceset, embedder=stub)
    assert stub.batches == [32, 8]
    assert [e.done for e in middle if isinstance(e, Progress)] == list(range(1, COUNT + 1))
    assert isinstance(last, StageFinished) and last.summary["measured"] == COUNT
    faceset.close()
    (*_, again) = measure_identities(Faceset(faceset.folder), embedder=stub)
    assert again.skipped and len(stub.batches) == 2


def test_people_stand_together_and_strangers_are_told_from_the_usual_person(faceset):
    list(measure_identities(faceset, embedder=Stub()))
    people = [frame % 5 == 4 for frame in frames(ordered(faceset, "identity"))]
    assert sum(a != b for a, b in pairwise(people)) <= 2
    strange = columns(faceset)["stranger"]
    other = np.arange(COUNT) % 5 == 4
    assert strange[other].min() > strange[~other].max()


def test_without_weights_it_is_said_and_nothing_is_made_up(faceset, tmp_path):
    with pytest.raises(WeightsMissing):
        list(measure_identities(faceset, weights_folder=tmp_path / "no weights"))
    assert np.isnan(columns(faceset)["stranger"]).all()
    assert frames(ordered(faceset, "identity")) == list(range(COUNT))


def test_what_was_made_before_a_stop_is_kept(faceset):
    stub = Stub()
    events = measure_identities(faceset, embedder=stub)
    for event in events:
        if isinstance(event, Progress) and event.done == 34:
            break
    events.close()
    (*_, last) = measure_identities(faceset, embedder=stub)
    assert (last.summary["known"], last.summary["measured"]) == (32, 8)


def test_a_face_that_vanished_is_told(faceset):
    faceset.faces()[39].path.unlink()
    events = list(measure_identities(faceset, embedder=Stub()))
    assert sum(isinstance(event, Notice) for event in events) == 1
    assert events[-1].summary["measured"] == COUNT - 1
    assert np.flatnonzero(np.isnan(columns(faceset)["stranger"])).tolist() == [39]


def test_of_a_whole_frame_the_network_sees_the_face_as_of_a_crop(tmp_path):
    """Frames are not square, and networks that recognise people were not made for squeezed ones."""
    wide = np.zeros((FRAME_PX, 2 * FRAME_PX, 3), np.uint8)
    shot = frame_of(3, State())
    wide[:, :FRAME_PX] = shot.rgb
    with Faceset(tmp_path / "main") as faceset:
        face = add_face(faceset, seed=3, frame=0)
        whole = {
            "frame": 1,
            "frame_size": (2 * FRAME_PX, FRAME_PX),
            "face_type": "mark-only",
            "size_px": 2 * FRAME_PX,
            "crop_from_frame": [[1.0, 0, 0], [0, 1.0, 0]],
        }
        record = FaceRecord.model_validate(face.record.as_json() | whole)
        faceset.add(wide, record, image_format="png")
        seen = []

        class Square(Stub):
            def embed(self, crops_rgb, landmarks_68_in_crop):
                seen.extend(crops_rgb.shape[1:3] for _ in crops_rgb)
                return super().embed(crops_rgb, landmarks_68_in_crop)

        list(measure_identities(faceset, embedder=Square()))
        assert len(seen) == 2 and all(height == width for height, width in seen)
        assert columns(faceset)["stranger"].max() < 1e-3


def test_an_empty_faceset_needs_no_weights(tmp_path):
    (*_, last) = measure_identities(Faceset(tmp_path / "none"))
    assert last.skipped
