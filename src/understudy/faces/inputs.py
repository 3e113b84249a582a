"""What detectors and landmarkers are given to work with, beside the frames."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SMALLEST_FACE_SHARE = 0.08


@dataclass(frozen=True, kw_only=True)
class FinderInputs:
    """Everything a factory of `DETECTORS` or `LANDMARKERS` may need; each takes what it has a use for."""

    device: str = "cpu"  # "cuda:0", "mps", …
    smallest_face_share: float = SMALLEST_FACE_SHARE  # side of the smallest face, of the frame's shorter side
    clip_name: str = ""  # in the project
    import_file: Path | None = None  # JSON of another program, for `import`
    manual_file: Path | None = None  # regions drawn by hand in this clip, for `manual`
    weights_folder: Path | None = None  # where weights are kept; None for the user's own
    trust: bool = False  # whether TorchScript weights, which are programs, may be run
    second_pass: bool = False  # whether to place landmarks once more; for landmarkers that see to it themselves
    re_feed: int = 0  # how often more they are placed for a mean; likewise
