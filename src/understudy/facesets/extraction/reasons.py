"""Why a frame of a clip has no face in the faceset: what the search found, and what a person deleted since."""

from __future__ import annotations

from pathlib import Path

from understudy.facesets.extraction.found import FoundFrame
from understudy.facesets.extraction.journal import Journal
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.extraction.redone import look_found
from understudy.facesets.extraction.tracks import TOO_DOUBTFUL, why_unwanted
from understudy.facesets.store import Faceset

NO_FACE = "no face was found"
DOUBTFUL = "a face was found, but trusted less than min_score"
ABSURD = "what was found is no face: {}"
ANOTHER = "only another person was found"
DELETED = "its face was deleted from the faceset"


def frames_without_face(
    faceset: Faceset,
    *,
    clip_name: str,
    cache: Path,
    options: ExtractOptions,
    manual: Path | None = None,
) -> dict[int, str]:
    """A reason for every searched frame of the clip that has no face in `faceset`, by frame index.

    `manual` is the project's folder of what people said of its frames.
    """
    stored = {face.record.frame for face in faceset.faces() if face.record.clip == clip_name}
    written = Journal.look(faceset.folder).frames_of_clip(clip_name)
    reasons = {}
    for frame in look_found(cache, clip_name, manual=manual):
        if frame.index in stored:
            continue
        if frame.index in written:
            reasons[frame.index] = DELETED
        else:
            reasons[frame.index] = _reason(frame, options)
    return reasons


def _reason(frame: FoundFrame, options: ExtractOptions) -> str:
    unwanted = [why_unwanted(face, options) for face in frame.faces]
    if not unwanted:
        return NO_FACE
    if None in unwanted:
        return ANOTHER
    # The largest face is the one that was most likely meant.
    return DOUBTFUL if unwanted[0] == TOO_DOUBTFUL else ABSURD.format(unwanted[0])
