"""Models that paint src's whole frame from dst's face: what of a merge counts for them, and what can't be.

The picture they paint is the result: it covers the frame, whose shape tells how it is to be stretched. Not
here: where it is laid into the frame (`stream`, `place`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from understudy.errors import OptionInvalid
from understudy.facesets.record import FaceRecord
from understudy.merging.blending.modes import MODES
from understudy.merging.cast import Cast
from understudy.merging.coloring.options import ColorOptions
from understudy.merging.masking.options import MaskOptions
from understudy.merging.options import MergeOptions
from understudy.networks.swap import KnownModel

# Of the face's edge and of what lies behind it: there is no edge, and nothing behind it.
_UNHEARD = frozenset(
    {*ColorOptions.model_fields, *MaskOptions.model_fields, "face_scale", "motion_blur", "steady_face"}
)


def whole_frame_options(options: MergeOptions) -> MergeOptions:
    """What counts of these settings where the painted picture is the result: sharpening, enlarging, grain."""
    mode = MODES[options.mode]
    changed: dict[str, Any] = {"mask": "full", "color": "none", "face_scale": 1.0, "motion_blur": 0.0}
    changed |= {"steady_frames": 0, "steady_mask": 0, "steady_face": 0}
    if not mode.raw and mode.paints:
        changed["mode"] = "overlay"
    return options.changed(**changed)


def unheard_settings(options: MergeOptions, cast: Cast[KnownModel]) -> list[str]:
    """What people asked for that means nothing to such a model, in a sentence; empty where there is none."""
    names = [model.name for model in cast.predictors() if model.paints_frame]
    fields = MergeOptions.model_fields
    said = sorted(name for name in _UNHEARD if getattr(options, name) != fields[name].default)
    mode = MODES[options.mode]
    if mode.poisson or mode.histogram:
        said.append("mode")
    if not names or not said:
        return []
    return [
        f"The model {names[0]!r} paints whole frames, for which these settings do nothing: {', '.join(said)}."
    ]


def require_whole_frames(
    frames: Iterable[tuple[Sequence[FaceRecord], MergeOptions]], cast: Cast[KnownModel], *, plated: bool
) -> None:
    """Raise OptionInvalid where a whole frame is to be painted into dst's own footage, or beside other faces.

    `frames` are the faces of each, and its settings.
    """
    if not any(model.paints_frame for model in cast.predictors()):
        return
    for records, options in frames:
        painters = [cast.predictor_for(record) for record in records]
        whole = next((model for model in painters if model.paints_frame), None)
        if whole is None:
            continue
        if len(records) > 1:
            raise OptionInvalid(
                f"Frame {records[0].frame} shows {len(records)} faces, but the model {whole.name!r} paints a "
                "whole frame from one. Delete the faces of everybody else from dst's faceset."
            )
        if not plated and options.mode != "raw-predict":
            raise OptionInvalid(
                f"The model {whole.name!r} paints src's whole frame, which has no place in dst's own footage. "
                "Name the clip of src that it learned from: --plate CLIP. Or take its squares: --mode "
                "raw-predict."
            )
