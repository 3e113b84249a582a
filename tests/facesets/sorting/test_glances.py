"""What tables need of records is kept as it is read, piece by piece, and read back as it was."""

import numpy as np

from tests.facesets.conftest import make_record, noise
from understudy.facesets.sorting import glances
from understudy.facesets.sorting.glances import forget_glances, missing_glances, read_glances
from understudy.facesets.store import Faceset


def test_what_is_missing_is_kept_piece_by_piece_and_read_back_as_parsed(tmp_path, monkeypatch):
    monkeypatch.setattr(glances, "READ_TOGETHER", 2)
    with Faceset(tmp_path) as faceset:
        for frame in range(5):
            faceset.add(noise(seed=frame), make_record(frame=frame, yaw_deg=float(frame)))
        rows = list(faceset.rows().values())
        parsed, points = read_glances(faceset, rows)
        forget_glances(faceset, keep=set())
        assert list(missing_glances(faceset)) == [(2, 5), (4, 5), (5, 5)]
        assert list(missing_glances(faceset)) == []
        kept, kept_points = read_glances(faceset, rows)
        np.testing.assert_array_equal(kept_points, points)
        for name, column in parsed.items():
            np.testing.assert_array_equal(kept[name], column, err_msg=name)
