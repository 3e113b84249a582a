import numpy as np
import pytest
from pydantic import ValidationError

from tests.facesets.conftest import make_record
from understudy.facesets.record import FaceRecord


def test_a_record_gives_its_geometry_as_arrays(record):
    assert record.landmarks().shape == (68, 2)
    assert record.crop_matrix().shape == (2, 3)


def test_a_record_survives_json(record):
    assert FaceRecord.model_validate(record.as_json()) == record


def test_names_from_a_newer_writer_are_ignored(record):
    assert FaceRecord.model_validate(record.as_json() | {"mood": "cheerful"}) == record


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_none_are_refused(bad):
    with pytest.raises(ValidationError):
        make_record(time_s=bad)


def test_a_crop_that_cannot_be_undone_is_refused():
    with pytest.raises(ValidationError, match="no inverse"):
        make_record(crop_from_frame=[[1, 2, 0], [2, 4, 0]])


def test_a_record_of_before_expected_errors_were_kept_is_read_and_wrong_ones_are_refused(record):
    plain = record.as_json()
    plain.pop("spread_68")
    assert FaceRecord.model_validate(plain).spread_68 == []
    with pytest.raises(ValidationError):
        FaceRecord.model_validate(plain | {"spread_68": [1.0] * 67})
    with pytest.raises(ValidationError):
        FaceRecord.model_validate(plain | {"spread_68": [-1.0] * 68})
