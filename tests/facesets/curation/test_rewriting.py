"""Records change inside their files: pictures stay, one step takes all back, a stop keeps what was done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.facesets.conftest import noise
from tests.facesets.curation.conftest import content
from understudy.errors import ImageUnreadable
from understudy.events import Progress, StageFinished
from understudy.facesets.curation.history import History
from understudy.facesets.curation.rewriting import Rewritten, rewrite
from understudy.facesets.sorting.measure import measure_faces, unmeasured
from understudy.facesets.sorting.pixels import VERSION
from understudy.facesets.sorting.table import IDENTITY_MAKER
from understudy.facesets.store import Faceset, encoded_face


def turned(faceset: Faceset, count: int = 8) -> Iterator[Rewritten]:
    for face in faceset.faces()[:count]:
        yield face, face.record.model_copy(update={"yaw_deg": 77.0})


def yaws(faceset: Faceset) -> list[float]:
    return [face.record.yaw_deg for face in faceset.faces()]


def told(faceset: Faceset) -> list[tuple[str, object, bytes, bytes]]:
    """What was measured on each face."""
    index = faceset.index()
    numbers, histograms = index.measures(VERSION), dict(index.vectors("histogram"))
    who = dict(index.vectors("identity", IDENTITY_MAKER))
    return [(name, numbers[one], histograms[one], who[one]) for name, one in faceset.digests().items()]


def test_new_records_stand_in_the_files_and_pictures_stay_as_they_are(faceset: Faceset, trash: Path) -> None:
    before = {face.name: faceset.image(face).tobytes() for face in faceset.faces()}
    *_, last = rewrite(faceset, turned(faceset, 3), total=3, trash=trash, verb="draw", words="turn")
    assert isinstance(last, StageFinished) and last.summary == {"faces": 3} and not last.skipped
    assert yaws(faceset).count(77.0) == 3
    assert {face.name: faceset.image(face).tobytes() for face in faceset.faces()} == before


def test_what_was_measured_on_the_picture_stays_and_counts_for_undone_files_too(
    faceset: Faceset, trash: Path
) -> None:
    list(measure_faces(faceset))
    who = {digest: bytes(4) for digest in faceset.digests().values()}
    faceset.index().keep_vectors("identity", who, maker=IDENTITY_MAKER)
    before = told(faceset)
    marked = [(face, face.record.model_copy(update={"drawing_mark": "confirmed"})) for face in faceset.faces()]
    list(rewrite(faceset, marked, total=8, trash=trash, verb="mark", words="mark"))
    assert {face.record.drawing_mark for face in faceset.faces()} == {"confirmed"}
    assert unmeasured(faceset) == [] and told(faceset) == before
    History(faceset.folder, trash).undo()
    faceset.refresh()
    assert unmeasured(faceset) == []


def test_a_face_that_was_painted_elsewhere_or_lies_elsewhere_now_is_measured_again(
    faceset: Faceset, trash: Path
) -> None:
    list(measure_faces(faceset))
    painted, moved, marked = faceset.faces()[:3]
    painted.path.write_bytes(encoded_face(noise(32, seed=99), painted.record, image_format="jpg"))
    landmarks = [(x + 1, y) for x, y in moved.record.landmarks_68]
    records = [
        (painted, painted.record.model_copy(update={"drawing_mark": "confirmed"})),
        (moved, moved.record.model_copy(update={"landmarks_68": landmarks})),
        (marked, marked.record.model_copy(update={"drawing_mark": "confirmed"})),
    ]
    list(rewrite(faceset, records, total=3, trash=trash, verb="mark", words="mark"))
    assert [face.name for face in unmeasured(faceset)] == [painted.name, moved.name]


def test_all_pieces_of_one_command_are_taken_back_as_one_step(faceset: Faceset, trash: Path) -> None:
    before = content(faceset.folder)
    list(rewrite(faceset, turned(faceset), total=8, trash=trash, verb="draw", words="turn", piece=3))
    history = History(faceset.folder, trash)
    assert len(history.entries()) == 3 and len(history.steps()) == 1
    history.undo()
    assert content(faceset.folder) == before


def test_a_stop_keeps_what_was_done_and_looks_at_no_more(faceset: Faceset, trash: Path) -> None:
    looked: list[str] = []

    def records() -> Iterator[Rewritten]:
        for face, record in turned(faceset):
            looked.append(face.name)
            yield face, record
            if len(looked) == 5:
                raise GeneratorExit

    events = rewrite(faceset, records(), total=8, trash=trash, verb="draw", words="turn", piece=2)
    with pytest.raises(GeneratorExit):
        list(events)
    assert yaws(faceset).count(77.0) == 5


def test_what_stays_the_same_is_left_alone_and_no_step_is_made(faceset: Faceset, trash: Path) -> None:
    same = ((face, face.record) for face in faceset.faces())
    events = list(rewrite(faceset, same, total=8, trash=trash, verb="draw", words="turn"))
    assert isinstance(events[-1], StageFinished) and events[-1].skipped
    assert isinstance(events[-2], Progress) and events[-2].done == 8
    assert not History(faceset.folder, trash).can_undo


def test_a_face_that_went_meanwhile_is_said_and_the_rest_stays_whole(faceset: Faceset, trash: Path) -> None:
    records = list(turned(faceset))
    records[2][0].path.unlink()
    with pytest.raises(ImageUnreadable, match="gone"):
        list(rewrite(faceset, records, total=8, trash=trash, verb="draw", words="turn"))
    assert 77.0 not in yaws(faceset) and len(faceset) == 7


def test_what_was_done_before_a_face_that_can_not_be_read_is_kept(faceset: Faceset, trash: Path) -> None:
    def records() -> Iterator[Rewritten]:
        yield from turned(faceset, 5)
        raise ImageUnreadable("torn")

    with pytest.raises(ImageUnreadable, match="torn"):
        list(rewrite(faceset, records(), total=8, trash=trash, verb="apply", words="turn"))
    assert yaws(faceset).count(77.0) == 5
