import subprocess
import sys

import pytest

from understudy.errors import OptionInvalid
from understudy.faces.detect import DETECTORS
from understudy.faces.landmark import LANDMARKERS
from understudy.facesets.extraction.options import ExtractOptions
from understudy.options import describe


def test_the_defaults_name_programs_that_exist():
    options = ExtractOptions()
    assert options.detector in DETECTORS
    assert options.landmarker in LANDMARKERS


def test_every_option_is_declared_with_help():
    assert all(info.help for info in describe(ExtractOptions))


@pytest.mark.parametrize(
    "values", [{"size_px": 64}, {"size_px": 2048}, {"face_type": "elbow"}, {"frame_step": 0}, {"max_faces": -1}]
)
def test_what_can_not_be_cropped_is_refused(values):
    with pytest.raises(OptionInvalid, match=next(iter(values))):
        ExtractOptions().changed(**values)


def test_showing_the_options_imports_nothing_heavy():
    code = (
        "import sys, understudy.facesets.extraction.options;"
        "print([m for m in ('torch', 'cv2', 'av', 'PIL') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
