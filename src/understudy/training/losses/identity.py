"""Whether the swap is src to somebody who knows faces: an embedder that is handed in.

An embedder has to be differentiable. Ours are none of identity yet: recognisers that run inside OpenCV (SFace)
give no gradients. What can be used today is the encoder of another trained model (`encoder:FOLDER`), best one
that learned many people, or a network of one's own, added to EMBEDDERS.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

from understudy.errors import CheckpointCorrupt, ModelUnknown, OptionInvalid
from understudy.networks.catalog import build
from understudy.training.keeping.about import read_about
from understudy.training.keeping.checkpoint import Checkpoint, newest_checkpoint
from understudy.training.losses.expression import flat_code
from understudy.training.machine.device import Compute


class Embedder(nn.Module):
    """Faces (B, 3, `size_px`, `size_px`), RGB 0..1, to (B, E) numbers whose direction tells who it is."""

    size_px: int

    def forward(self, faces_BCHW: Tensor) -> Tensor:
        raise NotImplementedError


class EncoderEmbedder(Embedder):
    """What the encoder of a trained model makes of a face."""

    def __init__(self, model_dir: Path) -> None:
        super().__init__()
        about = read_about(model_dir)
        found = newest_checkpoint(model_dir, parts=("ema",)) if about else ()
        checkpoint = next((one for one in found if isinstance(one, Checkpoint)), None)
        if about is None or checkpoint is None:
            raise ModelUnknown("There is no trained model whose encoder could tell identities.", model_dir)
        self.model = build(about.architecture, about.network)
        try:
            self.model.load_state_dict(dict(checkpoint.ema))
        except RuntimeError as error:
            raise CheckpointCorrupt(f"These weights are of another network ({error}).", model_dir) from error
        self.size_px = self.model.seen_px

    def forward(self, faces_BCHW: Tensor) -> Tensor:
        return flat_code(self.model.encode(faces_BCHW))  # ufm's are several maps


EMBEDDERS: dict[str, Callable[[Path], Embedder]] = {
    "encoder": EncoderEmbedder,
}


def embedder_named(name: str, compute: Compute) -> Embedder:
    """The embedder `NAME:PLACE`, fixed, on the device. Raises OptionInvalid, ModelUnknown,
    CheckpointCorrupt."""
    kind, _, place = name.partition(":")
    if kind not in EMBEDDERS:
        raise OptionInvalid(
            f"Option 'identity_embedder' can't be {name!r}: say one of {', '.join(EMBEDDERS)} with a colon and "
            "the folder of its weights, like encoder:models/everyone. Or set identity_weight to 0."
        )
    return EMBEDDERS[kind](Path(place)).to(compute.device).eval().requires_grad_(False)


def identity_distance(embedder: Embedder, swap_BCHW: Tensor, src_BCHW: Tensor) -> Tensor:
    """One minus the cosine between each swap's embedding and the mean direction of src's real faces; 0..2."""

    def directions(faces: Tensor) -> Tensor:
        size = (embedder.size_px, embedder.size_px)
        if faces.shape[-1] != embedder.size_px:
            faces = nnf.interpolate(faces, size=size, mode="bilinear", antialias=True)
        return nnf.normalize(embedder(faces).float(), dim=1)

    with torch.no_grad():
        centre = nnf.normalize(directions(src_BCHW).mean(0, keepdim=True), dim=1)
    return (1 - (directions(swap_BCHW) * centre).sum(1)).mean()
