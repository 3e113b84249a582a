"""How a face is carried on by hand from frame to frame."""

from __future__ import annotations

from typing import Literal

from understudy.options import Options, option


class CarryOptions(Options):
    """Options of `understudy frames carry`."""

    count: int = option(1, "Over how many frames behind this one.", low=1, high=1_000_000, unit="frames")
    existing: Literal["stop", "skip", "replace"] = option(
        "stop",
        "What happens at a frame that has a face at this place already: stop before it; skip it, which leaves "
        "it as it is and goes on from it; or replace it. Faces beside it, of other people, stay.",
    )
    accurate: bool = option(False, "Read each face several times and take the mean.")
