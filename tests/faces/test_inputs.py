import dataclasses

import pytest

from understudy.faces.inputs import FinderInputs


def test_nothing_is_trusted_or_read_unless_somebody_said_so():
    inputs = FinderInputs()
    assert (inputs.device, inputs.trust, inputs.import_file, inputs.manual_file) == ("cpu", False, None, None)


def test_inputs_stay_as_they_were_given():
    with pytest.raises(dataclasses.FrozenInstanceError):
        FinderInputs().trust = True  # type: ignore[misc]
