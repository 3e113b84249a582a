import cv2
import numpy as np

from understudy.faces.inputs import FinderInputs
from understudy.facesets.extraction.finder import FinderPlan, sharpness
from understudy.facesets.extraction.options import ExtractOptions


def test_a_blurred_crop_is_less_sharp_at_every_step():
    rng = np.random.default_rng(0)
    crop = cv2.resize(
        rng.integers(0, 256, (32, 32, 3), dtype=np.uint8), (128, 128), interpolation=cv2.INTER_CUBIC
    )
    values = [sharpness(crop)] + [sharpness(cv2.GaussianBlur(crop, (0, 0), sigma)) for sigma in (1.5, 3, 6)]
    assert values == sorted(values, reverse=True)
    assert sharpness(np.full((64, 64, 3), 90, np.uint8)) == 0


def test_a_plain_ramp_has_the_sharpness_of_its_slope():
    ramp = np.repeat((np.arange(64, dtype=np.uint8) * 3)[None, :, None], 64, 0).repeat(3, 2)
    assert abs(sharpness(np.ascontiguousarray(ramp)) - 3) < 0.2


# Changing one of these must not cost a new search: they choose among finds, cut them or say how to look.
KEEPS_THE_FINDS = {
    "import_file": "faces.json",  # what is in it counts: `test_sources.py`
    "face_type": "head",
    "size_px": 512,
    "image_format": "png",
    "min_score": 0.6,
    "start": "1",
    "stop": "2",
    "max_scale": 2.0,
    "min_scale": 0.1,
    "max_distance": 20.0,
    "max_roll": 30.0,
    "check_features": False,
    "batch_frames": 2,
    "workers": 2,
    "overlays": True,
    "smooth": False,
    "fill_gap": 3,
}
NEEDS_A_NEW_SEARCH = {
    "detector": "yunet",
    "landmarker": "fan",
    "rotations": True,
    "second_pass": True,
    "re_feed": 2,
    "detect_every": 3,
    "frame_step": 2,  # how much the picture changed is noted against the frame so many before
    "min_face": 0.2,
    "max_faces": 1,
}
# What these are when the option under test counts: there may be nothing to lead elsewhere.
BESIDE = {"detect_every": {"landmarker": "dense"}}


def test_every_option_that_changes_what_is_found_starts_the_search_anew_and_no_other_does():
    def binding(**said):
        return FinderPlan(ExtractOptions(**said), FinderInputs()).binding()

    every = set(ExtractOptions.model_fields)
    assert every <= set(KEEPS_THE_FINDS) | set(NEEDS_A_NEW_SEARCH), "say of a new option which kind it is"
    for name, value in NEEDS_A_NEW_SEARCH.items():
        beside = BESIDE.get(name, {})
        assert binding(**{name: value}, **beside) != binding(**beside), name
    for name in every & set(KEEPS_THE_FINDS):
        assert binding(**{name: KEEPS_THE_FINDS[name]}) == binding(), name


def test_the_last_frames_landmarks_lead_only_where_that_can_be():
    def leads(**said):
        return FinderPlan(ExtractOptions(**{"landmarker": "dense"} | said), FinderInputs()).leads

    assert leads()
    assert not leads(landmarker="fan")
    assert not leads(detect_every=1)
    assert not leads(frame_step=2), "faces move too far from one looked-at frame to the next"
    assert not leads(detector="manual"), "what a person drew holds for its frame alone"


def test_finds_made_without_leading_are_kept_whatever_is_said_of_leading():
    def binding(**said):
        return FinderPlan(ExtractOptions(landmarker="five-point", **said), FinderInputs()).binding()

    assert "detect_every" not in binding()
    assert binding(detect_every=3) == binding()
