"""The options of extracting faces from clips."""

from __future__ import annotations

from typing import Literal

from understudy.options import Options, option

CropType = Literal["half", "mid-full", "full", "full-no-align", "whole", "head", "head-no-align"]


class ExtractOptions(Options):
    """How faces are found and cropped. What faces mean is in `record.py`; the work is done in `extract.py`."""

    detector: str = option("mtcnn", "Program that finds faces. `understudy doctor` lists those installed.")
    landmarker: str = option("five-point", "Program that places the 68 landmarks.")
    face_type: CropType = option(
        "full",
        "How much around the face a crop shows. `full` (chin to brow, both cheeks) serves every model up to "
        "full faces and keeps most pixels on the face; take `whole` or `head` for models that learn more.",
        when="create",
    )
    size_px: int = option(256, "Side of the square crop.", low=128, high=1024, unit="px", when="create")
    image_format: Literal["jpg", "png"] = option(
        "jpg", "jpg is small and looks the same; png is exact and about five times larger.", when="create"
    )
    frame_step: int = option(
        1, "Take every n-th frame. Leave dst at 1, or the frames between are not swapped.", low=1, high=1000
    )
    min_score: float = option(0.8, "Ignore finds that the detector trusts less.", low=0.0, high=1.0)
    min_face: float = option(
        0.08,
        "The smallest face looked for, its side against the frame's shorter one. Smaller ones take longer to "
        "find and teach a model little.",
        low=0.01,
        high=1.0,
        unit="share of the frame",
    )
    max_faces: int = option(16, "Look at no more faces of one frame than this, largest first.", low=1, high=200)
    batch_frames: int = option(
        8, "Frames that the detector sees at once. Less needs less memory.", low=1, high=256, when="live"
    )
    smooth: bool = option(True, "Steady the landmarks over time, so that the face doesn't tremble.")
