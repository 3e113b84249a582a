"""What segmenters and models see in a face: a few stay loaded, each once, and look one at a time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from understudy.project.project import Project
from understudy.project.unknown import model_named

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from understudy.facesets.record import FaceRecord

    UInt8 = npt.NDArray[np.uint8]
    Look = Callable[[UInt8, FaceRecord], UInt8]

LOADED = 2  # segmenters and models
_SEEN = 48  # masks


class Seeing:
    """Keeps the last few that were asked for, and the masks they made."""

    def __init__(self) -> None:
        self._turn = threading.Lock()  # a network takes all cores by itself
        self._looks: OrderedDict[tuple[str, ...], Look] = OrderedDict()
        self._seen: OrderedDict[tuple[str, ...], UInt8] = OrderedDict()

    @property
    def loaded(self) -> list[str]:
        """The names of what is loaded now."""
        return [key[1] for key in self._looks]

    def mask(
        self,
        project: Project,
        faceset: str,
        face: str,
        name: str,
        *,
        seen: tuple[UInt8, FaceRecord, FaceRecord] | None = None,
    ) -> UInt8:
        """A mask over a face's square picture, (size, size), 0 to 255. `name` is seg:SEGMENTER, learned:MODEL,
        or one of `jobs.facesets.drawing.mask_there`. `seen` is what `picture_and_record` gave, where at hand.

        Raises SegmenterUnknown, WeightsMissing, ModelUnknown, OptionInvalid.
        """
        from understudy.jobs.facesets.drawing import mask_there, picture_and_record

        kind, _, who = name.partition(":")
        picture, cut, record = seen or picture_and_record(project, faceset, face)
        if kind not in ("seg", "learned") or not who:
            return mask_there(record, cut, name)
        key = (str(project.folder), name, _state(project, kind, who))
        place = (*key, faceset, face, str(hash(picture.tobytes())))
        with self._turn:
            if place not in self._seen:
                self._seen[place] = self._look(key, project, kind, who)(picture, cut)
                while len(self._seen) > _SEEN:
                    self._seen.popitem(last=False)
            self._seen.move_to_end(place)
            return self._seen[place]

    def _look(self, key: tuple[str, ...], project: Project, kind: str, who: str) -> Look:
        if key not in self._looks:
            for old in [one for one in self._looks if one[:2] == key[:2]]:
                del self._looks[old]  # it has learned more since
            while len(self._looks) >= LOADED:
                self._looks.popitem(last=False)
            self._looks[key] = _segmenter(project, who) if kind == "seg" else _model(project, who)
        self._looks.move_to_end(key)
        return self._looks[key]


def seeing_of(app: Any) -> Seeing:
    """The one of this application."""
    if not hasattr(app.state, "masks_seeing"):
        app.state.masks_seeing = Seeing()
    return app.state.masks_seeing


def _state(project: Project, kind: str, who: str) -> str:
    """Another text as soon as it might see otherwise."""
    if kind == "seg":
        from understudy.jobs.facesets.masks import segmenters_of

        return segmenters_of(project).made_by(who)
    model_named(project, who)
    from understudy.training.keeping.checkpoint import FOLDER_NAME

    folder = project.model_folder(who) / FOLDER_NAME
    return max((path.name for path in folder.iterdir()), default="") if folder.is_dir() else ""


def _segmenter(project: Project, who: str) -> Look:
    import numpy as np

    from understudy.geometry import transform_points
    from understudy.jobs.facesets.masks import segmenters_of

    segmenter = segmenters_of(project).load(who)

    def look(picture: UInt8, cut: FaceRecord) -> UInt8:
        points = transform_points(cut.crop_matrix(), cut.landmarks())
        mask = segmenter.segment(picture[None], points[None])[0]
        return np.rint(np.clip(mask, 0, 1) * 255).astype(np.uint8)

    return look


def _model(project: Project, who: str) -> Look:
    """How a model sees dst's own face: the mask it learned for it."""
    import numpy as np

    from understudy.geometry import compose, crop_from_frame, inverse
    from understudy.masks.own import laid_back, square
    from understudy.training.predictor import load_predictor

    predictor = load_predictor(project.model_folder(who), "cpu")

    def look(picture: UInt8, cut: FaceRecord) -> UInt8:
        matrix = crop_from_frame(cut.landmarks(), face_type=predictor.face_type, size_px=predictor.size_px)
        from_picture = compose(matrix, inverse(cut.crop_matrix()))
        seen = predictor.predict(square(picture, from_picture, predictor.size_px)[None]).dst_mask_NHW[0]
        return np.rint(np.clip(laid_back(seen, from_picture, len(picture)), 0, 1) * 255).astype(np.uint8)

    return look
