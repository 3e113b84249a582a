"""Why a frame of a clip has no face in the faceset: what the search found, and what a person deleted since."""

from __future__ import annotations

from pathlib import Path

from understudy.facesets.extraction.found import FoundLog
from understudy.facesets.extraction.journal import Journal
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.extraction.people import is_wanted
from understudy.facesets.names import safe_name
from understudy.facesets.store import Faceset

NO_FACE = "no face was found"
DOUBTFUL = "a face was found, but trusted less than min_score"
ANOTHER = "only another person was found"
DELETED = "its face was deleted from the faceset"


def frames_without_face(
    faceset: Faceset, *, clip_name: str, cache: Path, options: ExtractOptions
) -> dict[int, str]:
    """A reason for every searched frame of the clip that has no face in `faceset`, by frame index."""
    stored = {face.record.frame for face in faceset.faces() if face.record.clip == clip_name}
    written = Journal.look(faceset.folder).frames_of_clip(clip_name)
    reasons = {}
    for frame in FoundLog.look(cache / f"{safe_name(clip_name)}.found.jsonl"):
        if frame.index in stored:
            continue
        if frame.index in written:
            reasons[frame.index] = DELETED
        elif not frame.faces:
            reasons[frame.index] = NO_FACE
        else:
            sure = any(is_wanted(face, options) for face in frame.faces)
            reasons[frame.index] = ANOTHER if sure else DOUBTFUL
    return reasons
