"""All options of a merge, each declared in its room. Only declarations: no images, no heavy imports."""

from __future__ import annotations

from understudy.merging.blending.options import BlendOptions
from understudy.merging.coloring.options import ColorOptions
from understudy.merging.effects.options import EffectOptions
from understudy.merging.masking.options import MaskOptions
from understudy.options import option


class MergeOptions(ColorOptions, MaskOptions, BlendOptions, EffectOptions):
    """How the painted face goes into a frame of dst."""

    morph: float = option(
        1.0,
        "How much of src is in the painted face, for models that blend the performers (amp); 0 paints dst.",
        low=0.0,
        high=1.0,
        unit="share",
    )
    face_scale: float = option(
        1.0, "Size of the painted face; above 1 it is larger than dst's.", low=0.5, high=1.5, unit="factor"
    )
    batch: int = option(8, "Faces painted at once.", low=1, high=256, unit="faces")
