"""The options of extracting faces from clips."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import field_validator

from understudy.facesets.extraction.places import parse_place
from understudy.geometry import FaceType
from understudy.options import Names, option
from understudy.workers.options import WorkerOptions


def _detectors() -> Iterable[str]:
    from understudy.faces.detect import DETECTORS  # reading frames comes along

    return DETECTORS


def _landmarkers() -> Iterable[str]:
    from understudy.faces.landmark import LANDMARKERS

    return LANDMARKERS


class ExtractOptions(WorkerOptions):
    """How faces are found and cropped. What faces mean is in `record.py`; the work is done in `extract.py`."""

    detector: str = option(
        "mtcnn",
        "Program that finds faces: `mtcnn`, `yunet` and `s3fd` look for them, `import` takes boxes from "
        "import_file, `manual` those drawn in the project. `understudy doctor` says which are ready.",
        names=Names(_detectors),
    )
    landmarker: str = option(
        "dense",
        "Program that places the 68 landmarks: `dense` and `fan` see lids, lips and jaw, `five-point` fits the "
        "mean face, `import` takes them from import_file.",
        names=Names(_landmarkers),
    )
    detect_every: int = option(
        8,
        "Run the detector on every n-th frame alone; between them the last frame's landmarks lead, and it is "
        "run as well where they lose a face, at cuts and where faces overlap. For `dense` and a frame_step of "
        "1. 1 runs it on every frame.",
        low=1,
        high=100,
        unit="frames",
    )
    import_file: str = option(
        "",
        "JSON file with faces found by another program, in faceswap's exchange layout, or a folder with a file "
        "`<clip>.json` for every clip.",
        place=True,
    )
    rotations: bool = option(
        False,
        "Look at frames without a sure face again, turned by 90, 270 and 180 degrees. They take up to four "
        "times as long.",
    )
    second_pass: bool = option(
        False,
        "Place the landmarks once more on the aligned crop. For `fan` and `dense`, and heads that are tilted "
        "or far away.",
    )
    re_feed: int = option(
        0,
        "Place the landmarks this many times more, on boxes moved by up to 5 %, and take the mean. Steadier "
        "with `fan`, and slower.",
        low=0,
        high=10,
        unit="passes",
    )
    face_type: FaceType = option(
        "full",
        "How much around the face a crop shows. `full` (chin to brow, both cheeks) serves every model up to "
        "full faces and keeps most pixels on the face; take `whole` or `head` for models that learn more. The "
        "no-align types keep the frame's upright; `mark-only` stores the whole frame with the face's data.",
        when="create",
    )
    size_px: int = option(256, "Side of the square crop.", low=128, high=1024, unit="px", when="create")
    image_format: Literal["jpg", "png"] = option(
        "jpg", "jpg is small and looks the same; png is exact and about five times larger.", when="create"
    )
    frame_step: int = option(
        1, "Take every n-th frame. Leave dst at 1, or the frames between are not swapped.", low=1, high=1000
    )
    min_score: float = option(
        0.9,
        "Leave out faces that the detector never trusts this much. Of one that it does trust once, it follows "
        "the doubted finds before and after too. What is trusted less than 0.5 is not even noted.",
        low=0.0,
        high=1.0,
    )
    min_face: float = option(
        0.08,
        "The smallest face looked for, its side against the frame's shorter one. Smaller ones take longer to "
        "find and teach a model little.",
        low=0.01,
        high=1.0,
        unit="share of the frame",
    )
    max_faces: int = option(
        16, "Look at no more faces of one frame than this, largest first. 0 looks at all.", low=0, high=1000
    )
    start: str = option(
        "",
        "Begin here: seconds (12.5), a clock time (1:02.5 or 0:01:02.500) or a frame's number and f (310f).",
        unit="place in the clip",
    )
    stop: str = option("", "End before this place, written like start.", unit="place in the clip")
    max_scale: float = option(
        4.0,
        "Leave out a find whose full crop is more than this many times as large as the detector's box: its "
        "landmarks left the face. 0 keeps them.",
        low=0.0,
        high=100.0,
        unit="times the box's area",
    )
    min_scale: float = option(
        0.03,
        "Leave out a find whose full crop is smaller than this share of the detector's box. 0 keeps them.",
        low=0.0,
        high=1.0,
        unit="times the box's area",
    )
    max_distance: float = option(
        30.0,
        "Leave out a find whose landmarks lie further than this from the mean face on average: turned heads "
        "were seen up to 18, points thrown at random from 36. 0 keeps them.",
        low=0.0,
        high=100.0,
        unit="percent of the face",
    )
    max_roll: float = option(
        0.0,
        "Leave out heads tilted in the picture by more than this. 0 keeps them.",
        low=0.0,
        high=180.0,
        unit="°",
    )
    check_features: bool = option(True, "Leave out a find whose eyes lie under its mouth.")
    batch_frames: int = option(
        8,
        "Frames that are decoded at once, and that the detector sees at once where no landmarks lead. Less "
        "needs less memory.",
        low=1,
        high=256,
        when="live",
    )
    overlays: bool = option(
        False,
        "Draw what was found on every frame, as small pictures in the project's folder overlays. Delete the "
        "wrong ones and run `extract --redo-deleted`.",
    )
    fill_gap: int = option(
        12,
        "Fill gaps of up to this many frames in a track, where the face was not found, by following it from "
        "both sides. A gap is left open where the two sides contradict each other. 0 fills none.",
        low=0,
        high=100,
        unit="frames",
    )
    smooth: bool = option(True, "Steady the landmarks over time, so that the face doesn't tremble.")

    @field_validator("start", "stop", mode="before")
    @classmethod
    def _is_a_place(cls, value: Any) -> Any:
        text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        if isinstance(text, str) and text:
            parse_place(text)
        return text
