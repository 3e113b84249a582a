"""How every frame of a clip stands: made, to be made, to be made again, not swapped; and why.

What should be is worked out once; asking again only reads what was made since. Not here: making frames
(`stages.merge`).
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from understudy.errors import ClipDiffers
from understudy.jobs.clips.color_spaces import color_space_of
from understudy.jobs.merging.footage import footage_told
from understudy.jobs.merging.inputs import cuts_of, known_clip_sha256, plate_of, settings_over_time
from understudy.jobs.settings import extract_options
from understudy.project.project import Project

if TYPE_CHECKING:
    from understudy.merging.cast import Cast
    from understudy.merging.journal import Journal
    from understudy.networks.swap import KnownModel

MADE, STALE, TO_MAKE, REFUSED, NO_FACE = "m", "s", "t", "r", "n"


@dataclass(frozen=True)
class FrameStates:
    """One letter a frame, and words for every frame whose letter does not say all."""

    letters: str
    why: dict[int, str] = field(default_factory=dict)

    def count(self, letter: str) -> int:
        """How many frames stand so."""
        return self.letters.count(letter)


class FramesWanted:
    """What a merge of a clip should have made of every frame, with the settings and faces of this moment.

    Without reasons, frames without a face don't say why they have none. Raises what planning a merge raises.
    """

    def __init__(
        self, project: Project, clip: str, model: str, *, cast: Cast[KnownModel], with_reasons: bool = True
    ) -> None:
        from understudy.facesets.extraction.reasons import frames_without_face
        from understudy.media.opening import open_clip
        from understudy.merging.plan import foreseen
        from understudy.merging.plate import Plate

        self._project, self._clip = project, clip
        self._folder = project.merged_folder(clip, project.merged_name(clip, model))
        settings = settings_over_time(project, clip, {})
        path, name = project.clip_path(clip), settings.base.plate
        plate = plate_of(project, name) if name else None
        with (
            open_clip(path, color_space_of(project, clip)) as opened,
            Plate(plate) if plate else nullcontext() as plate_opened,
            project.faceset(*project.faceset_of_clip(clip)) as faceset,
        ):
            self._foreseen = foreseen(
                opened,
                faceset.faces(),
                cast=cast,
                settings=settings,
                clip_name=clip,
                shots=cuts_of(project, clip) or (),
                plate=plate_opened,
                clip_sha256=known_clip_sha256(project, path),
            )
            self._foreseen.require_possible(self._foreseen.faces)
            self._reasons = (
                frames_without_face(
                    faceset,
                    clip_name=clip,
                    cache=project.cache_folder,
                    options=extract_options(project, {}),
                    manual=project.manual_folder,
                )
                if with_reasons
                else {}
            )
            self.frame_count = opened.info.frame_count
        self.notices = list(self._foreseen.notices)

    @cached_property
    def footage(self) -> list[str]:
        """What a merge would say of the clip's footage, also where it would refuse it."""
        try:
            return footage_told(self._project, self._clip)
        except ClipDiffers as error:
            return [error.message]

    def states(self) -> FrameStates:
        """How the frames stand now."""
        from understudy.merging.journal import Journal
        from understudy.merging.plan import NO_FACE as NO_FACE_WORDS

        journal = Journal(self._folder)
        letters = "".join(self._letter(frame, journal) for frame in range(self.frame_count))
        said = {**self._reasons, **self._foreseen.left_out}
        why = {
            frame: said.get(frame, NO_FACE_WORDS) for frame, letter in enumerate(letters) if letter == NO_FACE
        }
        why |= {frame: self._what_differs(frame, journal) for frame, one in enumerate(letters) if one == STALE}
        refused = {f: words for f, words in journal.refusals().items() if letters[f : f + 1] == REFUSED}
        partly = {e["frame"]: e["reason"] for e in journal.partly() if letters[e["frame"] :][:1] == MADE}
        return FrameStates(letters, {**why, **refused, **partly})

    def _letter(self, frame: int, journal: Journal) -> str:
        mark = self._foreseen.fingerprints.get(frame)
        if mark is None:
            return NO_FACE
        if journal.mark_of(frame) is None:
            return TO_MAKE
        if not journal.is_done(frame, mark):
            return STALE
        return REFUSED if frame in journal.refusals() else MADE

    def _what_differs(self, frame: int, journal: Journal) -> str:
        from understudy.merging.fingerprints import what_differs

        before = journal.mark_of(frame) or ""
        return what_differs(before, self._foreseen.fingerprints[frame]) or "its picture is gone"
