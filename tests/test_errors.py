import inspect
from pathlib import Path

import pytest

from understudy import errors
from understudy.errors import NoFaceFound, ProcessLost, Stopped, UnderstudyError

ALL = [
    thing
    for _, thing in inspect.getmembers(errors, inspect.isclass)
    if issubclass(thing, UnderstudyError) and thing is not UnderstudyError
]


def test_the_path_comes_last():
    error = NoFaceFound("No face was found. Choose another clip.", "clips/影.mp4")
    assert str(error) == f"No face was found. Choose another clip. Path: {Path('clips/影.mp4')}"
    assert error.message == "No face was found. Choose another clip."
    assert error.path == Path("clips/影.mp4")


def test_an_error_without_a_path_is_its_message():
    assert str(NoFaceFound("No face.")) == "No face."
    assert NoFaceFound("No face.").path is None


@pytest.mark.parametrize("error", ALL)
def test_every_error_leaves_with_its_code_and_says_what_it_is_for(error):
    assert error.exit_code == {Stopped: 130, ProcessLost: 75}.get(error, 2)
    assert error.__doc__
    assert issubclass(error, UnderstudyError)


def test_bugs_are_not_errors_for_people():
    assert not issubclass(ValueError, UnderstudyError)
    assert not issubclass(UnderstudyError, ValueError)
