"""Where one painted face shows: its sources drawn, joined by the formula, regions drawn by hand, the edge.

Not here: the arithmetic (`mask`), which masks there are (`kinds`), who segments (`understudy.masks`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from understudy import geometry
from understudy.facesets.face_mask import drawn_mask, record_hull, stored_mask
from understudy.facesets.painted import Painted, painted, painted_over
from understudy.facesets.record import FaceRecord
from understudy.merging.masking.kinds import MASK_KINDS, SOURCES, mask_terms, sources_of
from understudy.merging.masking.mask import Edge, Sides, doubt, eroded, lowered, resized_mask, soft_mask
from understudy.merging.masking.options import MaskOptions
from understudy.merging.masking.segment import Segmented

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

_SMALLEST_MASK_PX = 256  # masks of small models are worked out finer than the model paints
# Above this doubt of a learned mask the hull shares in it, and from the second on stands for it. `quick` on the
# demo's pair: 0.75 after 25 iterations, 0.49 after 50, 0.21 after 80, 0.14 after 120 (docs/log.md).
_LEARNT_DOUBT, _UNLEARNT_DOUBT = 0.18, 0.36


@dataclass(frozen=True, kw_only=True, eq=False)
class MaskInputs:
    """All that the masks of one face are made of. Learned masks are (size_px, size_px), 0..1, in the crop."""

    record: FaceRecord
    crop_from_frame: Float64  # what the model saw, (2, 3)
    paste_from_frame: Float64  # where the painted crop goes, (2, 3): another place where it is scaled
    learned_prd_HW: Float32
    learned_dst_HW: Float32
    segmented: Segmented = field(default_factory=Segmented)

    @property
    def size_px(self) -> int:
        """The side of the model's crop."""
        return len(self.learned_prd_HW)

    @property
    def mask_px(self) -> int:
        """The side of the mask."""
        return max(self.size_px, _SMALLEST_MASK_PX)

    @cached_property
    def hull_shares(self) -> Mapping[str, float]:
        """How far the hull stands in for each learned mask: 0 for one that says where the face is."""
        masks = {"learned-prd": self.learned_prd_HW, "learned-dst": self.learned_dst_HW}
        span = _UNLEARNT_DOUBT - _LEARNT_DOUBT
        return {name: float(np.clip((doubt(HW) - _LEARNT_DOUBT) / span, 0, 1)) for name, HW in masks.items()}

    @cached_property
    def mask_from_frame(self) -> Float64:
        """Frame pixels to mask pixels, (2, 3)."""
        return geometry.resized_crop(self.paste_from_frame, from_px=self.size_px, to_px=self.mask_px)


@dataclass(frozen=True, kw_only=True, eq=False)
class FaceMask:
    """The mask of one face, a square in the painted crop, before and after its edge is made."""

    seen_HW: Float32  # what the formula gives; the same for a program at every frame of a shot
    edge: Edge = field(default_factory=Edge)
    included_HW: Float32 | None = None  # drawn by hand: replaces what was seen
    excluded_HW: Float32 | None = None  # drawn by hand: is taken away
    painted: Painted | None = None  # by hand, over all of these
    hairline_px: float = 0.0  # how far it is taken back at the top, but not from the hull
    hull_HW: Float32 | None = None  # of dst's landmarks
    hull_share: float = 0.0  # how far the hull stands in for a mask that is not learnt yet
    seam_erode_px: float = 0.0
    steady_frames: int = 0  # how far it asks to be averaged with its neighbours

    @cached_property
    def area_HW(self) -> Float32:
        """Where the face is, with what was drawn by hand, before its edge is made."""
        return self._with_drawn(self.seen_HW)

    def _with_drawn(self, seen_HW: Float32) -> Float32:
        area = seen_HW if self.included_HW is None else self.included_HW
        if self.excluded_HW is not None:
            area = np.asarray(np.minimum(area, 1 - self.excluded_HW), np.float32)
        return painted_over(area, self.painted)

    @cached_property
    def soft_HW(self) -> Float32:
        """What the face is blended with: exactly 0 at the crop's border."""
        if self.hull_HW is None:
            return soft_mask(self.area_HW, self.edge)
        seen = lowered(self.seen_HW, self.hull_HW, self.hairline_px, self.edge.right)
        return soft_mask(self._with_drawn(seen), self.edge)

    @cached_property
    def seam_HW(self) -> Float32:
        """Where the colours of the frame flow in: the soft mask, eroded for the seamless modes alone."""
        return eroded(self.soft_HW, self.seam_erode_px) if self.seam_erode_px else self.soft_HW


def face_mask(inputs: MaskInputs, options: MaskOptions) -> FaceMask:
    """The mask that `options` ask for."""
    drawn: dict[str, Float32] = {}

    def source(name: str) -> Float32:
        if name not in drawn:
            drawn[name] = _DRAWN_BY[name](inputs)
        return drawn[name]

    to_mask, size_px = inputs.mask_from_frame, inputs.mask_px
    # As large as dst's face is in the crop, whatever face_scale makes of the painted one.
    face_px = geometry.face_width_px(inputs.record.landmarks(), inputs.crop_from_frame)
    face_px *= size_px / inputs.size_px
    takes_back = options.erode_hairline > 0 and "erode_hairline" not in MaskOptions.idle(options)
    return FaceMask(
        seen_HW=combined(options.mask, source),
        edge=_edge(options, inputs, face_px),
        included_HW=drawn_mask(inputs.record, to_mask, size_px, "include"),
        excluded_HW=drawn_mask(inputs.record, to_mask, size_px, "exclude"),
        painted=painted(inputs.record, to_mask, size_px),
        hairline_px=options.erode_hairline * face_px,
        hull_HW=source("dst-hull") if takes_back else None,
        hull_share=max(inputs.hull_shares.get(name, 0.0) for name in sources_of(options.mask)),
        seam_erode_px=options.erode_seamless * face_px,
        steady_frames=options.steady_mask,
    )


def combined(text: str, source: Callable[[str], Float32]) -> Float32:
    """The mask `text` of `source` pictures of one shape: products, summed and clipped at 1."""
    total: Float32 | None = None
    for term in mask_terms(text):
        parts = [source(name) if name in SOURCES else combined(MASK_KINDS[name], source) for name in term]
        product = np.asarray(parts[0], np.float32)
        for part in parts[1:]:
            product = product * part
        total = product if total is None else total + product
    assert total is not None
    return np.asarray(np.clip(total, 0, 1), np.float32)


def _full(inputs: MaskInputs) -> Float32:
    return np.ones((inputs.mask_px, inputs.mask_px), np.float32)


def _dst_hull(inputs: MaskInputs) -> Float32:
    return record_hull(inputs.record, inputs.mask_from_frame, inputs.mask_px)


def _learned_prd(inputs: MaskInputs) -> Float32:
    return _or_hull("learned-prd", resized_mask(inputs.learned_prd_HW, inputs.mask_px), inputs)


def _learned_dst(inputs: MaskInputs) -> Float32:
    return _or_hull("learned-dst", _where_dst_is(inputs.learned_dst_HW, inputs), inputs)


def _or_hull(name: str, mask_HW: Float32, inputs: MaskInputs) -> Float32:
    """A model that has hardly learnt says a half everywhere, which would lay a see-through square over dst."""
    share = inputs.hull_shares[name]
    return np.asarray(mask_HW + share * (_dst_hull(inputs) - mask_HW), np.float32) if share else mask_HW


def _seg_prd(inputs: MaskInputs) -> Float32:
    assert inputs.segmented.prd_HW is not None, "the batch was segmented by other settings"
    return resized_mask(inputs.segmented.prd_HW, inputs.mask_px)


def _seg_dst(inputs: MaskInputs) -> Float32:
    stored = stored_mask(inputs.record, inputs.mask_from_frame, inputs.mask_px)
    if stored is not None:
        return stored
    assert inputs.segmented.dst_HW is not None, "the batch was segmented by other settings"
    return _where_dst_is(inputs.segmented.dst_HW, inputs)


_DRAWN_BY: Mapping[str, Callable[[MaskInputs], Float32]] = {
    "full": _full,
    "dst-hull": _dst_hull,
    "learned-prd": _learned_prd,
    "learned-dst": _learned_dst,
    "seg-prd": _seg_prd,
    "seg-dst": _seg_dst,
}


def _where_dst_is(mask_HW: Float32, inputs: MaskInputs) -> Float32:
    """A mask of dst's crop as it lies under the painted one, which may be scaled."""
    if np.allclose(inputs.crop_from_frame, inputs.paste_from_frame):
        return resized_mask(mask_HW, inputs.mask_px)
    matrix = geometry.compose(inputs.mask_from_frame, geometry.inverse(inputs.crop_from_frame))
    moved = cv2.warpAffine(
        mask_HW,
        geometry.for_pixel_grid(matrix),
        (inputs.mask_px, inputs.mask_px),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
    )
    return np.asarray(moved, np.float32)


def _edge(options: MaskOptions, inputs: MaskInputs, face_px: float) -> Edge:
    right = geometry.inverse(geometry.unit_from_frame(inputs.record.landmarks()))[:, 0]
    right = inputs.mask_from_frame[:, :2] @ right
    right = right / np.linalg.norm(right)
    return Edge(
        erode_px=options.erode * face_px,
        blur_px=options.blur * face_px,
        border_px=options.border * inputs.mask_px,
        more_erode=Sides(
            left=options.erode_left * face_px,
            right=options.erode_right * face_px,
            top=options.erode_top * face_px,
            bottom=options.erode_bottom * face_px,
        ),
        more_blur=Sides(
            left=options.blur_left * face_px,
            right=options.blur_right * face_px,
            top=options.blur_top * face_px,
            bottom=options.blur_bottom * face_px,
        ),
        right=(float(right[0]), float(right[1])),
    )
