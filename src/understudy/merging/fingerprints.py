"""A digest per frame of all that decides its pixels: settings, models, faces, and neighbours that steady it.

Only what matters for the frame goes in, so that a changed setting makes just the frames again that it touches.
"""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_right
from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any
from typing import cast as as_type

from understudy.facesets.record import FaceRecord
from understudy.masks.segmenter import SEGMENTERS
from understudy.media.clip import ClipInfo
from understudy.merging.blending.modes import MODES
from understudy.merging.cast import Cast
from understudy.merging.effects.options import EffectOptions
from understudy.merging.masking.kinds import sources_of
from understudy.merging.masking.options import MaskOptions
from understudy.merging.options import WHOLE_CLIP, MergeOptions
from understudy.merging.settings_over_time import SettingsOverTime
from understudy.networks.swap import KnownModel

if TYPE_CHECKING:
    from understudy.merging.plate import Plate

FacesByFrame = dict[int, list[FaceRecord]]

# Changed whenever the same settings would give other pixels, so that old frames are made again.
RECIPE = 20
# Applied after what neighbours measured was averaged: a neighbour's own value of these changes nothing here.
_LATE = {*EffectOptions.model_fields, *MaskOptions.model_fields, "hist_match_top", "light", "layers"}
_LATE |= {"steady_face"}
AFTER_STEADYING = frozenset(_LATE - {"mask", "segmenter"})
# What it means where a part of two fingerprints differs. The last counts where no other does: a setting that
# lets more neighbours in changes it as well.
_OTHER_VERSION, NEAR = "another version of understudy made it", "frames near it changed"
_PARTS = (
    _OTHER_VERSION,
    "its settings changed",
    "its model changed",
    "its faces changed",
    "its clip changed",
    "what is kept beside it changed",
    NEAR,
)
_LAYERS = 5  # the place of what is kept beside the picture
_MORE_AND_MORE = ("none", "mask", "all")


def what_differs(before: str, now: str) -> str:
    """Which parts of two fingerprints differ, in words; empty where none does."""
    old, new = before.split("-"), now.split("-")
    if len(old) != len(new) or old[0] != new[0]:
        return _OTHER_VERSION
    differing = [words for words, a, b in zip(_PARTS, old, new, strict=True) if a != b]
    return ", ".join([words for words in differing if words != NEAR] or differing)


def keeps_only_less(before: str, now: str) -> bool:
    """Whether two fingerprints are of the same picture, and `now` has fewer layers beside it."""
    old, new = before.split("-"), now.split("-")
    if len(old) != len(new):
        return False
    kept_before, kept_now = old.pop(_LAYERS), new.pop(_LAYERS)
    return old == new and _MORE_AND_MORE.index(kept_before) > _MORE_AND_MORE.index(kept_now)


class Fingerprints:
    """The fingerprints of all frames of a clip that have faces."""

    def __init__(
        self,
        faces: FacesByFrame,
        *,
        info: ClipInfo,
        cast: Cast[KnownModel],
        settings: SettingsOverTime,
        shots: Sequence[int] = (),
        plate: Plate | None = None,
        clip_sha256: str = "",
    ) -> None:
        self._faces, self._cast, self._settings = faces, cast, settings
        starts = sorted({0, *shots})
        self._shot_starts, self._shot_ends = starts, (*starts[1:], info.frame_count)
        into = (plate.name, plate.footage.sha256) if plate is not None else ()
        into += (info.color_space,) if info.color_space else ()
        self._made_by: dict[str, str] = {}
        self._clip = _digest([info.width, info.height, info.frame_count, clip_sha256, *into])
        self._look = {
            frame: _digest(
                [sorted(_deciding(r, self._options(r)) for r in records), *self._places(frame, plate)]
            )
            for frame, records in faces.items()
        }
        self._models = self._by_frame(lambda record: _model_digest(cast.predictor_for(record)))
        self._measured = self._by_frame(lambda record: self._settings_digest(record, measured=True))

    def marks(self) -> dict[int, str]:
        """The fingerprint of every frame."""
        return {frame: self._mark(frame) for frame in self._faces}

    def reach(self, frame: int) -> int:
        """Frames before and after that decide this one's pixels too."""
        return max(_reach(as_type(Hashable, self._options(record))) for record in self._faces[frame])

    def near(self, frame: int) -> list[int]:
        """The frame and those that decide its pixels too: with a face, near enough, and in the same shot."""
        return self.within(frame, self.reach(frame))

    def seen_with(self, frame: int) -> list[int]:
        """The same, and those that its model looks at together with any of them."""
        return self.within(frame, self.reach(frame) + self._cast.reach)

    def within(self, frame: int, reach: int) -> list[int]:
        """The frames with a face that lie so near, in the same shot."""
        if not reach:
            return [frame]
        shot = self._shot_of(frame)
        first, stop = max(shot.start, frame - reach), min(shot.stop, frame + reach + 1)
        return [other for other in range(first, stop) if other in self._faces]

    def _shot_of(self, frame: int) -> range:
        place = bisect_right(self._shot_starts, frame) - 1
        return range(self._shot_starts[place], self._shot_ends[place])

    def _mark(self, frame: int) -> str:
        whole = self._settings.at(frame)
        own = [[self._who(r), self._settings_digest(r)] for r in self._faces[frame]]
        settings = _digest([sorted(own), _mode_of_frame(whole)])
        near = [(other - frame, self._measured[other], self._models[other]) for other in self.near(frame)]
        looks = [(other - frame, self._look[other]) for other in self.seen_with(frame)]
        around = _digest([[entry for entry in entries if entry[0]] for entries in (near, looks)])
        digests = [settings, self._models[frame], self._look[frame], self._clip, around]
        *own_parts, around = [digest[:12] for digest in digests]
        return "-".join([str(RECIPE), *own_parts, whole.kept_layers, around])

    def _by_frame(self, digest: Callable[[FaceRecord], str]) -> dict[int, str]:
        return {
            frame: _digest(sorted([self._who(record), digest(record)] for record in records))
            for frame, records in self._faces.items()
        }

    def _options(self, record: FaceRecord) -> MergeOptions:
        return self._settings.at(record.frame, self._cast.part_of(record))

    def _places(self, frame: int, plate: Plate | None) -> list[Any]:
        if plate is None:
            return []
        place = plate.face_for(frame)
        name = f"{plate.name} {space.mark()}" if (space := plate.footage.color_space) else plate.name
        return [name, place.frame, _deciding(place, self._settings.at(frame))]

    def _settings_digest(self, record: FaceRecord, *, measured: bool = False) -> str:
        options = self._options(record)
        digest = _settings_digest(as_type(Hashable, options), measured=measured)  # frozen, so hashable
        if options.segmenter in SEGMENTERS or "segmenter" in options.idle():
            return digest
        # What a project taught itself may have learned more since.
        if options.segmenter not in self._made_by:
            self._made_by[options.segmenter] = self._settings.segmenters.made_by(options.segmenter)
        return digest + self._made_by[options.segmenter]

    @staticmethod
    def _who(record: FaceRecord) -> list[int]:
        return [record.track, record.person]


def _mode_of_frame(options: MergeOptions) -> str | bool:
    """What of the frame's own mode decides pixels where its faces have modes of their own."""
    mode = MODES[options.mode]
    return options.mode if mode.raw else mode.paints


def _deciding(record: FaceRecord, options: MergeOptions) -> list[Any]:
    """What of a face decides pixels: where it is, whose it is, what was drawn by hand or stored."""
    drawn = [polygon.model_dump_json() for polygon in record.polygons]
    if record.painted is not None:
        drawn.append(record.painted.model_dump_json())
    landmarks = array("d", chain.from_iterable(record.landmarks_68)).tobytes().hex()
    stored: list[str] = []
    if record.masks and "seg-dst" in sources_of(options.mask):
        stored = [name + mask.model_dump_json() for name, mask in sorted(record.masks.items())]
        stored.append(record.mask_used)
    return [landmarks, record.track, record.person, record.brows_up, drawn, stored]


@lru_cache(4096)
def _settings_digest(hashed: Hashable, *, measured: bool = False) -> str:
    options = as_type(MergeOptions, hashed)
    if measured and not MODES[options.mode].histogram:
        options = options.model_copy(update={"mode": "overlay"})  # raw frames are measured as well
    unseen = WHOLE_CLIP | options.idle() | {"layers"}  # which stand apart
    if measured:
        # Histograms are measured after the transfer, so that its strength counts there, and the mode.
        by_mode = () if MODES[options.mode].histogram else ("mode", "color_strength")
        unseen |= {*AFTER_STEADYING, *by_mode}
    return _digest(sorted((k, v) for k, v in options.model_dump(mode="json").items() if k not in unseen))


@lru_cache(4096)
def _reach(hashed: Hashable) -> int:
    return as_type(MergeOptions, hashed).reach


def _model_digest(model: KnownModel) -> str:
    return _digest([model.sha256, model.face_type, model.size_px])


def _digest(value: Any) -> str:
    """Of lists and tuples of texts and numbers, whose `repr` is the same everywhere."""
    return hashlib.sha256(repr(value).encode()).hexdigest()[:24]
