"""Our own face network: 70 points with their expected errors, a mask of visible skin, and a score.

One pass over a square crop. A pyramid of plain convolutions ends in heat maps at a quarter of the crop's size,
whose centres of mass are first points (integral regression: Sun et al., "Integral human pose regression", ECCV
2018). What the maps look at becomes one token a point, and the tokens talk to each other (after Tolstikhin et
al., "MLP-Mixer", NeurIPS 2021): there the net knows how a face hangs together, where points lie that are hidden
or outside the crop, and how sure each is. Not here: which crop it is shown (`faces.dense`), learning it
(`training.dense_face`).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from understudy.errors import UnsafeFile, WeightsMissing
from understudy.mean_face import MIRROR_68

CROP_PX = 128
POINTS = 70
PUPIL_LEFT, PUPIL_RIGHT = 68, 69  # as the image shows them
WEIGHTS_PATH = Path(__file__).parent / "trained" / "dense_face.safetensors"

_FINE, _NEAR, _MIDDLE, _FAR, _DEEP = 32, 64, 112, 176, 256  # channels at strides 2, 4, 8, 16, 32
_TOKEN = 96
_LEAST_SPREAD, _MOST_SPREAD = 5e-4, 1.0


def mirror_order_70() -> npt.NDArray[np.intp]:
    """Point i of the mirrored image is point `mirror_order_70()[i]` of the original."""
    return np.concatenate([MIRROR_68, [PUPIL_RIGHT, PUPIL_LEFT]])


class DenseFaceOutput(NamedTuple):
    """What the network says of B crops. Shares are of the crop's side, measured from its corner."""

    points_BK2: Tensor  # x, y in shares; beyond 0..1 where a point lies outside the crop
    spread_BK: Tensor  # expected distance from the truth, in shares
    mask_logits_B1HW: Tensor  # visible skin of the face, at the crop's size
    score_logit_B: Tensor  # this is a face


class DenseFaceFeatures(NamedTuple):
    """What the heads look at."""

    fine_BCHW: Tensor  # stride 2, from the first layer
    near_BCHW: Tensor  # stride 4, after the pyramid
    deep_BC: Tensor  # of the whole crop


class ConvUnit(nn.Module):
    """Convolution, batch normalisation, ReLU."""

    def __init__(self, inputs: int, outputs: int, *, kernel: int = 3, stride: int = 1) -> None:
        super().__init__()
        self.conv: nn.Conv2d = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.norm: nn.Module = nn.BatchNorm2d(outputs)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return functional.relu(self.norm(self.conv(x_BCHW)), inplace=True)

    def fold(self) -> None:
        """Put the normalisation into the convolution; for looking, not for learning."""
        if isinstance(self.norm, nn.BatchNorm2d):
            self.conv = fuse_conv_bn_eval(self.conv.eval(), self.norm.eval())
            self.norm = nn.Identity()


class ResidualUnit(nn.Module):
    """A convolution beside the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inner = ConvUnit(channels, channels)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return x_BCHW + self.inner(x_BCHW)


class Pyramid(nn.Module):
    """From a crop to its features: down to stride 32, and up again to stride 4."""

    def __init__(self) -> None:
        super().__init__()
        self.fine = ConvUnit(3, _FINE, stride=2)
        self.near = nn.Sequential(ConvUnit(_FINE, _NEAR, stride=2), ResidualUnit(_NEAR))
        self.middle = nn.Sequential(ConvUnit(_NEAR, _MIDDLE, stride=2), *_residuals(_MIDDLE, 2))
        self.far = nn.Sequential(ConvUnit(_MIDDLE, _FAR, stride=2), *_residuals(_FAR, 2))
        self.deep = nn.Sequential(ConvUnit(_FAR, _DEEP, stride=2), *_residuals(_DEEP, 1))
        self.far_from_deep = nn.Conv2d(_DEEP, _FAR, 1)
        self.far_joined = ResidualUnit(_FAR)
        self.middle_from_far = nn.Conv2d(_FAR, _MIDDLE, 1)
        self.middle_joined = ResidualUnit(_MIDDLE)
        self.near_from_middle = nn.Conv2d(_MIDDLE, _NEAR, 1)
        self.near_joined = nn.Sequential(*_residuals(_NEAR, 2))

    def forward(self, crops_BCHW: Tensor) -> DenseFaceFeatures:
        fine = self.fine(crops_BCHW * 2 - 1)
        near = self.near(fine)
        middle = self.middle(near)
        far = self.far(middle)
        deep = self.deep(far)
        far = self.far_joined(far + _twice(self.far_from_deep(deep)))
        middle = self.middle_joined(middle + _twice(self.middle_from_far(far)))
        near = self.near_joined(near + _twice(self.near_from_middle(middle)))
        return DenseFaceFeatures(fine, near, deep.mean((2, 3)))


class MixerUnit(nn.Module):
    """Points exchange what they saw, then each thinks about it."""

    def __init__(self, tokens: int, channels: int) -> None:
        super().__init__()
        self.norm_across = nn.LayerNorm(channels)
        self.across = nn.Sequential(nn.Linear(tokens, 2 * tokens), nn.GELU(), nn.Linear(2 * tokens, tokens))
        self.norm_within = nn.LayerNorm(channels)
        self.within = nn.Sequential(
            nn.Linear(channels, 2 * channels), nn.GELU(), nn.Linear(2 * channels, channels)
        )

    def forward(self, x_BKC: Tensor) -> Tensor:
        x_BKC = x_BKC + self.across(self.norm_across(x_BKC).transpose(1, 2)).transpose(1, 2)
        return x_BKC + self.within(self.norm_within(x_BKC))


class PointHead(nn.Module):
    """Heat maps, their centres, and what the points tell each other."""

    def __init__(self) -> None:
        super().__init__()
        self.heat = nn.Conv2d(_NEAR, POINTS, 1)
        self.from_seen = nn.Linear(_NEAR, _TOKEN)
        self.from_place = nn.Linear(3, _TOKEN)
        self.from_whole = nn.Linear(_DEEP, _TOKEN)
        self.which = nn.Parameter(torch.zeros(POINTS, _TOKEN))
        self.mixers = nn.Sequential(MixerUnit(POINTS, _TOKEN), MixerUnit(POINTS, _TOKEN))
        self.norm = nn.LayerNorm(_TOKEN)
        self.out = nn.Linear(_TOKEN, 3)
        nn.init.normal_(self.which, std=0.1)
        nn.init.normal_(self.out.weight, std=1e-3)
        nn.init.constant_(self.out.bias, 0.0)

    def forward(self, near_BCHW: Tensor, deep_BC: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Points (B, K, 2), log spread (B, K), first points (B, K, 2), logits of the heat maps (B, K, h, w)."""
        logits_BKHW = self.heat(near_BCHW).float()
        heat_BKN = logits_BKHW.flatten(2).softmax(2)
        first_BK2, width_BK = _centres(heat_BKN, near_BCHW.shape[2], near_BCHW.shape[3])
        seen_BKC = torch.bmm(heat_BKN.to(near_BCHW.dtype), near_BCHW.flatten(2).transpose(1, 2))
        place_BK3 = torch.cat([first_BK2 * 2 - 1, width_BK[..., None] * 8], 2)
        token_BKC = self.from_seen(seen_BKC) + self.from_place(place_BK3) + self.which
        token_BKC = token_BKC + self.from_whole(deep_BC)[:, None]
        said_BK3 = self.out(self.norm(self.mixers(token_BKC))).float()
        points_BK2 = first_BK2 + 0.1 * said_BK3[..., :2]
        return points_BK2, said_BK3[..., 2] - 3.5, first_BK2, logits_BKHW


class MaskHead(nn.Module):
    """The mask from the pyramid's end, sharpened by the first layer; small enough to be taught one shot.

    What the second, finer look adds is nothing in a new network, so weights from before it mean what they did.
    """

    def __init__(self) -> None:
        super().__init__()
        self.near = nn.Conv2d(_NEAR, _FINE, 1)
        self.joined = ConvUnit(_FINE, _FINE)
        self.out = nn.Conv2d(_FINE, 4, 1)
        self.finer = ConvUnit(_FINE, _FINE)
        self.finer_out = nn.Conv2d(_FINE, 4, 1, bias=False)
        nn.init.zeros_(self.finer_out.weight)
        self.register_load_state_dict_pre_hook(_without_finer_look)

    def forward(self, fine_BCHW: Tensor, near_BCHW: Tensor) -> Tensor:
        joined = self.joined(_twice(self.near(near_BCHW)) + fine_BCHW)
        return functional.pixel_shuffle(self.out(joined) + self.finer_out(self.finer(joined)), 2).float()


def _without_finer_look(head: nn.Module, state: dict[str, Tensor], prefix: str, *_: object) -> None:
    """Let weights through that were made before the finer look: they get one that adds nothing."""
    if not any(name.startswith(f"{prefix}finer") for name in state):
        new = {name: value for name, value in head.state_dict().items() if name.startswith("finer")}
        new["finer_out.weight"] = torch.zeros_like(new["finer_out.weight"])
        state |= {f"{prefix}{name}": value for name, value in new.items()}


class DenseFaceNet(nn.Module):
    """Crops (B, 3, 128, 128), RGB 0..1, to a `DenseFaceOutput`.

    `features` and `mask_head` are apart so that a head can be taught alone.
    """

    def __init__(self) -> None:
        super().__init__()
        self.pyramid = Pyramid()
        self.point_head = PointHead()
        self.mask_head = MaskHead()
        self.score_head = nn.Sequential(nn.Linear(_DEEP, 64), nn.ReLU(), nn.Linear(64, 1))

    def features(self, crops_BCHW: Tensor) -> DenseFaceFeatures:
        """What all heads look at."""
        return self.pyramid(crops_BCHW)

    def forward(self, crops_BCHW: Tensor) -> DenseFaceOutput:
        seen = self.features(crops_BCHW)
        points_BK2, log_spread_BK, _, _ = self.point_head(seen.near_BCHW, seen.deep_BC)
        spread_BK = log_spread_BK.exp().clamp(_LEAST_SPREAD, _MOST_SPREAD)
        mask = self.mask_head(seen.fine_BCHW, seen.near_BCHW)
        return DenseFaceOutput(points_BK2, spread_BK, mask, self.score_head(seen.deep_BC).float().flatten())

    def folded(self) -> DenseFaceNet:
        """This network ready to look: its normalisation goes into the convolutions. Changes self."""
        self.eval()
        for module in self.modules():
            if isinstance(module, ConvUnit):
                module.fold()
        return self


def load_dense_face(path: Path | None = None, *, device: torch.device | str = "cpu") -> DenseFaceNet:
    """The network with the weights at `path`, by default those shipped, ready to look or to be taught further.

    Raises WeightsMissing where there are none, UnsafeFile for a damaged file or weights of another network.
    """
    path = path or WEIGHTS_PATH
    if not path.is_file():
        raise WeightsMissing(
            "The weights of our own face network are not here: this copy of understudy was made without them. "
            "Install a whole one, or train them with `make face-model`.",
            path,
        )
    try:
        stored = load_file(path)
    except (SafetensorError, OSError) as error:
        raise UnsafeFile("This weights file is damaged; it was not used.", path) from error
    network = DenseFaceNet()
    try:
        network.load_state_dict(stored)  # half floats become the network's own
    except RuntimeError as error:
        raise UnsafeFile("These weights belong to another network; they were not used.", path) from error
    return network.to(device).eval()


def _residuals(channels: int, count: int) -> list[nn.Module]:
    return [ResidualUnit(channels) for _ in range(count)]


def _twice(x_BCHW: Tensor) -> Tensor:
    return functional.interpolate(x_BCHW, scale_factor=2.0, mode="nearest")


def _centres(heat_BKN: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Centres of mass in shares (B, K, 2) and how wide the mass lies about them, in shares (B, K)."""
    heat_BKHW = heat_BKN.unflatten(2, (height, width))
    x_W = (torch.arange(width, device=heat_BKN.device, dtype=heat_BKN.dtype) + 0.5) / width
    y_H = (torch.arange(height, device=heat_BKN.device, dtype=heat_BKN.dtype) + 0.5) / height
    over_x, over_y = heat_BKHW.sum(2), heat_BKHW.sum(3)
    x, y = (over_x * x_W).sum(2), (over_y * y_H).sum(2)
    spread = (over_x * x_W.square()).sum(2) - x.square() + (over_y * y_H.square()).sum(2) - y.square()
    return torch.stack([x, y], 2), spread.clamp(min=1e-8).sqrt()
