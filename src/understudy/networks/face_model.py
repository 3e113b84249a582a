"""The shape of every network we train: encode, inter, decode, for two performers.

Training, preview, prediction and export know only `FaceModel`. Not here: how a model learns (`training`), which
models there are (`catalog.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as nnf

from understudy.networks.swap import Side


@dataclass(frozen=True, eq=False)
class Painted:
    """What a decoder painted: faces (B, 3, size_px, size_px) and masks (B, 1, size_px, size_px), all 0..1.

    `smaller_BCHW` holds the same faces at a half, a quarter, … of the side, from decoders of several scales.
    """

    faces_BCHW: Tensor
    masks_B1HW: Tensor
    smaller_BCHW: tuple[Tensor, ...] = ()


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """One training pass: src painted as src, dst painted as dst, and what lay between.

    `features_*` is what `encode` gave, `code_*` what `inter` gave: tensors, or tuples of them where a network
    keeps maps of several sizes.
    """

    src: Painted
    dst: Painted
    features_src: object
    features_dst: object
    code_src: object
    code_dst: object


class FaceModel(nn.Module):
    """An encoder whose features can be painted as either performer.

    The swap is nothing but a dst face seen and src shown, unless a model says otherwise in `swap`: whatever is
    routed differently for the two performers is decided by who is shown, never by who was seen.
    """

    # The entry of `training.losses.own` for networks that are asked something else than the faces they paint.
    own_losses: ClassVar[str] = ""
    # So many consecutive frames of a clip lie together in training, one such run after the other.
    frames_together: ClassVar[int] = 1
    # Paints src's whole frame, squeezed into a square, instead of the crop that it sees.
    paints_frame: bool = False

    def __init__(self, size_px: int, *, seen_px: int | None = None) -> None:
        super().__init__()
        self.size_px = size_px
        self.seen_px = seen_px or size_px  # side of what `encode` takes; most networks see what they paint
        # How much of src is in a swap, 0..1; None in networks that cannot blend the performers.
        self.morph: float | None = None
        self.random_parts: frozenset[str] = frozenset()  # parts that stay as they were drawn

    def encode(self, faces_BCHW: Tensor) -> Tensor:
        """What is seen, whoever it is. `faces_BCHW` is RGB 0..1 of side `seen_px`."""
        raise NotImplementedError

    def inter(self, features: Tensor, shown: Side, generator: Generator | None = None) -> Tensor:
        """The code of what was seen, to be painted as `shown`. Networks without such a stage pass it through.

        `generator` is given in training alone, for networks whose codes are mixed at random.
        """
        return features

    def decode(self, code: Tensor, shown: Side) -> Painted:
        """Paint a code as one performer."""
        raise NotImplementedError

    def forward(self, faces_BCHW: Tensor, shown: Side) -> Painted:
        """Paint faces as one performer."""
        return self.decode(self.inter(self.encode(faces_BCHW), shown), shown)

    def swap(self, faces_BCHW: Tensor) -> Painted:
        """Paint dst faces as src: what previews, merges and exports show."""
        return self(faces_BCHW, "src")

    def swap_code(self, features: Tensor) -> Tensor:
        """The code that a swap is painted from, whoever was seen: by no route that training alone takes."""
        return self.inter(features, "src")

    def swap_run(self, run: Sequence[Tensor]) -> Painted:
        """The same for the middle one of `frames_together` consecutive frames, each (B, 3, size, size)."""
        return self.swap(run[len(run) // 2])

    def goal(self, faces_BCHW: Tensor, side: Side) -> Tensor:
        """What the network is to paint when it reconstructs these faces; nearly always the faces themselves."""
        return faces_BCHW

    def reconstruct(
        self, src_BCHW: Tensor, dst_BCHW: Tensor, generator: Generator | None = None
    ) -> Reconstruction:
        """Paint src faces as src and dst faces as dst: what training asks for, in one pass where possible."""
        count = len(src_BCHW)
        features = self.encode(torch.cat([src_BCHW, dst_BCHW]))
        seen_src, seen_dst = features[:count], features[count:]
        code_src, code_dst = self.inter(seen_src, "src", generator), self.inter(seen_dst, "dst", generator)
        return Reconstruction(
            self.decode(code_src, "src"), self.decode(code_dst, "dst"), seen_src, seen_dst, code_src, code_dst
        )

    def of_trunk(self, part: str, learnt: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What this new model begins one of its parts with, of what a trunk learnt: all but who it is.

        A trunk shows everybody as themselves on both sides, so its bottleneck lets through whose face it is. An
        inter that is a part of its own isn't taken; a network without one says here what begins as drawn.
        """
        return dict(learnt)

    def parts(self) -> dict[str, nn.Module]:
        """The parts that can be counted, frozen or taken from another model, by the field's names: encoder,
        inter (or inter_src, inter_b, …), decoder (or decoder_src, …)."""
        return dict(self.named_children())


def of_side(faces_BCHW: Tensor, size_px: int) -> Tensor:
    """Faces at another size, such as a network's `seen_px`; smoothed where they become smaller."""
    if faces_BCHW.shape[-1] == size_px:
        return faces_BCHW
    return nnf.interpolate(faces_BCHW, size=(size_px, size_px), mode="bilinear", antialias=True)


def parameter_count(module: nn.Module) -> int:
    """How many numbers a module learns."""
    return sum(parameter.numel() for parameter in module.parameters())
