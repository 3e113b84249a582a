"""The options of finding faces. Imports nothing heavy, so that the command line can show them."""

from __future__ import annotations

from understudy.options import Options, option


class MtcnnOptions(Options):
    """How MTCNN searches."""

    smallest_face_share: float = option(
        0.08,
        "The smallest face looked for, as a share of the frame's shorter side. Smaller is slower.",
        low=0.02,
        high=1.0,
    )
    pyramid_factor: float = option(
        0.709, "How much smaller each searched copy of the frame is than the one before.", low=0.5, high=0.95
    )
    proposal_score: float = option(0.6, "Score a place needs to be looked at again.", low=0.0, high=1.0)
    refine_score: float = option(0.7, "Score a box needs to be looked at a third time.", low=0.0, high=1.0)
    output_score: float = option(
        0.8, "Score a box needs to count as a face. Lower finds more, and more that is none.", low=0.0, high=1.0
    )
    longest_side_px: int = option(
        1920, "Larger frames are made smaller for the search.", low=64, high=16384, unit="px"
    )
    refinement_passes: int = option(
        2,
        "How often the five points are looked for again around themselves; 0 takes the first answer.",
        low=0,
        high=8,
    )
