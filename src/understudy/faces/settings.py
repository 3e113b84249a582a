"""How MTCNN searches: figures for whoever tunes the detector, not options of a user."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class MtcnnSettings:
    """Scores are 0..1."""

    smallest_face_share: float = 0.08  # of the frame's shorter side; the cost of a search grows as it falls
    pyramid_factor: float = 0.709  # each searched copy of the frame against the one before
    proposal_score: float = 0.6  # a place needs it to be looked at again
    refine_score: float = 0.7  # a box needs it to be looked at a third time
    output_score: float = 0.5  # a box needs it to be told of; how sure a face must be is said by `min_score`
    longest_side_px: int = 1920  # larger frames are made smaller for the search
    refinement_passes: int = 2  # how often the five points are looked for again around themselves
