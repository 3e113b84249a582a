"""Detectors and landmarkers by name, put into the passes that were asked for, with their weights fetched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from understudy.errors import FindsUnusable, PackageMissing
from understudy.events import Events
from understudy.faces.detect import DETECTORS, Detector
from understudy.faces.inputs import FinderInputs
from understudy.faces.landmark import LANDMARKERS, Landmarker
from understudy.faces.passes import (
    DrawnLandmarker,
    ReFeedLandmarker,
    RotatingDetector,
    SecondPassLandmarker,
    UprightLandmarker,
)
from understudy.files import sha256_of
from understudy.networks.weight_fetching import fetch
from understudy.networks.weight_store import WeightStore

if TYPE_CHECKING:
    from understudy.faces.dense.following import Follower

# These don't look at pixels, so looking again changes nothing.
BLIND_DETECTORS = frozenset({"import", "manual"})
BLIND_LANDMARKERS = frozenset({"import"})
# These see to turned faces, second passes and re-feeds themselves, and go on from the last frame's points.
LEADING_LANDMARKERS = frozenset({"dense"})

# Scores from which a face needs no other look. YuNet's are lower, and its points tell whether a face stands
# upright; S3FD's boxes don't tell, so it must be surer.
_SURE = {"mtcnn": 0.95, "yunet": 0.8, "s3fd": 0.9}

_DETECTOR_WEIGHTS = {"yunet": "yunet", "s3fd": "s3fd"}
_LANDMARKER_WEIGHTS = {"fan": "2dfan4"}
_FROM_PACKAGE = frozenset({"s3fd", "2dfan4"})


def made_detector(name: str, inputs: FinderInputs, *, rotations: bool = False) -> Detector:
    """The detector `name` of `DETECTORS`. Raises what its factory raises."""
    detector = DETECTORS[name](inputs)
    if not rotations or name in BLIND_DETECTORS:
        return detector
    return RotatingDetector(detector, sure=_SURE.get(name, _SURE["mtcnn"]))


def made_landmarker(
    name: str, inputs: FinderInputs, *, second_pass: bool = False, re_feed: int = 0
) -> Landmarker:
    """The landmarker `name` of `LANDMARKERS`; drawn landmarks and turned faces are seen to."""
    landmarker = LANDMARKERS[name](replace(inputs, second_pass=second_pass, re_feed=re_feed))
    if name not in BLIND_LANDMARKERS | LEADING_LANDMARKERS:
        if re_feed:
            landmarker = ReFeedLandmarker(landmarker, times=re_feed)
        if second_pass:
            landmarker = SecondPassLandmarker(landmarker)
        landmarker = UprightLandmarker(landmarker)
    return DrawnLandmarker(landmarker)


def made_follower(detector: Detector, landmarker: Landmarker, *, every: int, most_faces: int = 0) -> Follower:
    """What follows faces with a landmarker of `LEADING_LANDMARKERS`, as `made_landmarker` made it."""
    from understudy.faces.dense.following import Follower
    from understudy.faces.dense.landmarker import DenseLandmarker

    leading = landmarker.inner if isinstance(landmarker, DrawnLandmarker) else landmarker
    if not isinstance(leading, DenseLandmarker):
        raise TypeError(f"{type(leading).__name__} does not go on from points")
    return Follower(detector, leading, every=every, most_faces=most_faces)


def import_file_of(said: str, clip_name: str) -> Path | None:
    """The file meant for a clip: `said` itself, or the clip's in it when it is a folder."""
    if not said:
        return None
    path = Path(said).expanduser()
    return path / f"{clip_name}.json" if path.is_dir() else path


def sources_sha256(detector: str, landmarker: str, inputs: FinderInputs) -> dict[str, str]:
    """The SHA-256 of every file that finds come from, by its use; "" for one that isn't there."""
    used: dict[str, Path | None] = {}
    if "import" in (detector, landmarker):
        used["import"] = inputs.import_file
    if detector == "manual":
        used["manual"] = inputs.manual_file
    return {name: sha256_of(path) if path and path.is_file() else "" for name, path in used.items()}


def fetched(detector: str, landmarker: str, inputs: FinderInputs) -> Events:
    """Fetch the weights that are still missing, showing how far it is.

    Raises what `fetch` raises, PackageMissing before anything large is fetched in vain, and FindsUnusable where
    nothing was drawn for the detector `manual`.
    """
    if detector == "manual" and not (inputs.manual_file and inputs.manual_file.is_file()):
        raise FindsUnusable(
            f"No faces were drawn by hand in clip {inputs.clip_name!r} yet, so the detector 'manual' has none.",
            inputs.manual_file,
        )
    store = WeightStore(inputs.weights_folder)
    for name in weights_used(detector, landmarker, store):
        if name in _FROM_PACKAGE:
            from understudy.networks.face_alignment_nets import (
                require_package,  # torch takes a second to import
            )

            require_package()
        if not store.has(name):
            yield from fetch(store, name)


def weights_used(detector: str, landmarker: str, store: WeightStore) -> list[str]:
    """Names of the weights that these programs load from the store."""
    names = [_DETECTOR_WEIGHTS.get(detector), _LANDMARKER_WEIGHTS.get(landmarker)]
    used = [name for name in names if name]
    if "2dfan4" in used and store.has("2dfan4-script") and not store.has("2dfan4"):
        used[used.index("2dfan4")] = "2dfan4-script"
    return used


@dataclass(frozen=True)
class Readiness:
    """Whether a detector or landmarker can run here, and what it lacks."""

    kind: Literal["detector", "landmarker"]
    name: str
    ready: bool
    words: str


def readiness(store: WeightStore) -> list[Readiness]:
    """How every detector and landmarker stands; nothing is loaded or fetched."""
    return [
        *(_readiness("detector", name, store) for name in DETECTORS),
        *(_readiness("landmarker", name, store) for name in LANDMARKERS),
    ]


def _readiness(kind: Literal["detector", "landmarker"], name: str, store: WeightStore) -> Readiness:
    used = weights_used(name, name, store)
    if name in BLIND_DETECTORS | BLIND_LANDMARKERS:
        return Readiness(kind, name, True, "takes what a file says")
    if name in LEADING_LANDMARKERS:
        return _readiness_of_own(kind, name)
    if not used:
        state = store.state(store.entry("mtcnn-onet"))
        words = "its weights come with a package and are whole"
        return Readiness(kind, name, state.state == "in wheel", words)
    state = store.state(store.entry(used[0]))
    try:
        if used[0] in _FROM_PACKAGE:
            from understudy.networks.face_alignment_nets import require_package

            require_package()
    except PackageMissing as error:
        return Readiness(kind, name, False, error.message)
    words = {
        "there": "its weights are there",
        "missing": f"its weights will be fetched at first use, or `understudy weights fetch {used[0]}`",
        "changed": f"its weights are not those known; see `understudy weights list` ({used[0]})",
    }
    return Readiness(kind, name, state.state == "there", words.get(state.state, state.state))


def _readiness_of_own(kind: Literal["detector", "landmarker"], name: str) -> Readiness:
    from understudy.networks.dense_face import WEIGHTS_PATH  # torch takes a second to import

    is_there = WEIGHTS_PATH.is_file()
    words = (
        "its weights come with understudy"
        if is_there
        else "this copy of understudy was made without its weights"
    )
    return Readiness(kind, name, is_there, words)
