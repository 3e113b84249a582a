"""All options of a merge, each declared in its room. Only declarations: no images, no heavy imports."""

from __future__ import annotations

from understudy.merging.blending.modes import MODES
from understudy.merging.blending.options import BlendOptions
from understudy.merging.coloring.options import ColorOptions
from understudy.merging.effects.options import EffectOptions
from understudy.merging.masking.options import MaskOptions
from understudy.options import Names, option
from understudy.workers.options import WorkerOptions

WHOLE_CLIP = frozenset({"batch", "workers"})  # change how fast a clip is merged, not its pixels
FIXED = WHOLE_CLIP | {"plate"}  # can't change within a clip
WHOLE_FRAME = frozenset(
    {"light", "layers", "plate_denoise", "plate_bicubic", "color_degrade"}
)  # not of one face

_MASK_AREA = {"mask", "segmenter", "steady_mask"}  # what the mask is before its edge is made


class MergeOptions(ColorOptions, MaskOptions, BlendOptions, EffectOptions, WorkerOptions):
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
    steady_face: int = option(
        2,
        "What is painted is averaged over this many frames before and after, each moved as dst's own face "
        "moved in between, so that it does not boil. What really changes, and the other side of a cut, is left "
        "out.",
        low=0,
        high=15,
        unit="frames",
    )
    plate: str = option(
        "",
        "Paint into the frames of this clip of the project instead of dst's own, into the places of its faces: "
        "with an avatar, or any model, dst then moves the performer of that clip in their own footage. Its "
        "frames go along with dst's, the last is held where it is shorter; pictures have that clip's size.",
        names=Names(lambda: [""], of_project="clips"),
    )
    batch: int = option(8, "Faces painted at once.", low=1, high=256, unit="faces")

    @property
    def reach(self) -> int:
        """Frames before and after a face that are looked at too, to steady measures and to see its way."""
        moves = self.motion_blur > 0 and "motion_blur" not in self.idle()
        return max(self.steady_reach, 1 if moves else 0)

    @property
    def steady_reach(self) -> int:
        """Those of them that what is measured is averaged with, so that it does not flicker."""
        asked = {name: getattr(self, name) for name in ("steady_frames", "steady_mask", "steady_face")}
        return max(0 if name in self.idle() else frames for name, frames in asked.items())

    def idle(self) -> frozenset[str]:
        mode, idle = MODES[self.mode], super().idle()
        if mode.raw or not mode.paints:
            idle |= {"steady_face", *ColorOptions.model_fields, *EffectOptions.model_fields}
        elif mode.histogram:
            idle -= {"steady_frames", "color_area", "color"}  # tones of one transfer are averaged
        elif mode.histogram_after:
            idle -= {"color_area"}
        if mode.raw:  # no soft mask
            seen = self.mode == "raw-mask" or self.kept_layers != "none"
            idle |= MaskOptions.model_fields.keys() - (_MASK_AREA if seen else set())
        if not mode.paints or (mode.raw and self.kept_layers != "all"):
            idle |= {"light"}
        if not (mode.histogram or mode.histogram_after):
            idle |= {"hist_match_top"}
        return idle if mode.poisson else idle | {"erode_seamless"}
