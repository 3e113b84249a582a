import numpy as np
import pytest

from tests.facesets.conftest import make_record, noise
from tests.facesets.sorting.filmed import measured_faceset
from understudy.facesets.record import Polygon
from understudy.facesets.sorting.pixels import measured
from understudy.facesets.sorting.table import COLUMNS, columns, landmarks_in_unit, table_of
from understudy.facesets.store import Faceset
from understudy.geometry import transform_points, unit_from_frame


@pytest.fixture
def faceset(tmp_path) -> Faceset:
    with Faceset(tmp_path) as faceset:
        for frame, person in ((4, 1), (1, 1), (1, 2), (0, 1)):
            faceset.add(noise(seed=frame), make_record(frame=frame, person=person, yaw_deg=10.0 * frame))
    return measured_faceset(tmp_path)


def turned(seed: int):
    rng = np.random.default_rng(seed)
    angle, scale = rng.uniform(-3, 3), rng.uniform(0.3, 4)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = np.array(make_record().landmarks_68) + rng.normal(0, 3, (68, 2))
    return make_record(landmarks_68=(points @ turn.T + rng.uniform(-900, 900, 2)).tolist())


def test_every_column_is_explained_and_as_long_as_the_faceset(faceset):
    found = columns(faceset)
    assert set(found) == set(COLUMNS)
    assert {len(column) for column in found.values()} == {4}
    assert all(text.endswith(".") for text in COLUMNS.values())


def test_columns_stand_in_the_order_of_the_faces(faceset):
    found = columns(faceset)
    assert found["frame"].tolist() == [face.record.frame for face in faceset.faces()] == [0, 1, 1, 4]
    assert found["faces_in_frame"].tolist() == [1, 2, 2, 1]
    assert found["name"].tolist() == [face.name for face in faceset.faces()]
    for place, face in enumerate(faceset.faces()):
        numbers = measured(faceset.image(face), face.record).numbers
        assert all(found[name][place] == numbers[name] for name in numbers)


def test_columns_can_be_filtered_with_ordinary_comparisons(faceset):
    found = columns(faceset)
    chosen = (found["yaw_deg"] > 5) & (found["clip"] == "clip") & ~found["filled"]
    assert found["frame"][chosen].tolist() == [1, 1, 4]


def test_what_was_not_measured_is_not_a_number(tmp_path):
    with Faceset(tmp_path) as faceset:
        faceset.add(noise(), make_record())
        found = columns(faceset)
        vectors, places = table_of(faceset).vectors("histogram")
    assert np.isnan(found["sharpness"]).all() and np.isnan(found["light_deg"]).all()
    assert len(vectors) == len(places) == 0


def test_copies_of_one_file_share_what_was_measured(faceset):
    first = faceset.faces()[0]
    (faceset.folder / "a copy.jpg").write_bytes(first.path.read_bytes())
    faceset.refresh()
    found = columns(faceset)
    assert found["sharpness"][0] == found["sharpness"][1]
    assert table_of(faceset).vectors("thumbnail")[1].tolist() == [0, 1, 2, 3, 4]


def test_vectors_come_back_as_they_were_measured(faceset):
    table = table_of(faceset)
    for place, face in enumerate(faceset.faces()):
        found = measured(faceset.image(face), face.record)
        assert np.allclose(table.vectors("histogram")[0][place], found.histogram, atol=1e-3)
        assert np.allclose(table.vectors("grey_histogram")[0][place], found.grey_histogram, atol=1e-3)
        assert np.array_equal(table.vectors("thumbnail")[0][place], found.thumbnail)


def test_all_landmarks_at_once_are_placed_as_one_by_one():
    records = [turned(seed) for seed in range(20)]
    slow = [transform_points(unit_from_frame(r.landmarks()), r.landmarks()) for r in records]
    assert np.abs(landmarks_in_unit(records) - slow).max() < 1e-9


def test_the_mean_face_is_no_distance_from_itself_and_a_bent_one_is(tmp_path):
    bent = np.array(make_record().landmarks_68)
    bent[48:68] += [0, 25]
    with Faceset(tmp_path) as faceset:
        faceset.add(noise(), make_record(frame=0))
        faceset.add(noise(), make_record(frame=1, landmarks_68=bent.tolist()))
        found = columns(faceset)["distance"]
    assert 3 * found[0] < 0.06 < found[1]


def test_polygons_and_sizes_are_counted(tmp_path):
    polygon = Polygon(kind="exclude", points=[(0, 0), (1, 0), (1, 1)])
    with Faceset(tmp_path) as faceset:
        faceset.add(noise(), make_record(polygons=[polygon, polygon], box_xyxy=(10, 10, 50, 100)))
        found = columns(faceset)
    assert found["polygons"].tolist() == [2] and found["masks"].tolist() == [0]
    assert found["source_size_px"].tolist() == [60.0]
