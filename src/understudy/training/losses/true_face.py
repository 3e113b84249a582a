"""A critic of codes: src's codes shall look like dst's, so that dst's codes can be painted as src.

It makes the swap more like src and can cost expression; meant for networks whose performers share one inter.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as nnf

from understudy.errors import OptionInvalid
from understudy.networks.face_model import FaceModel
from understudy.training.losses.critic import Critic, verdict_loss

_WIDTH = 256
_MOST_TIMES = 8
_LEAK = 0.1


class CodeCritic(nn.Module):
    """Verdicts (logits) on codes (B, C, side, side); flat codes (B, C) count as side 1."""

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for number in range(1 + side // 8):
            width = _WIDTH * min(2**number, _MOST_TIMES)
            kernel = 4 if number == 0 else 3
            layers.append(nn.Conv2d(channels, width, kernel, 2, 1 if side > 1 else kernel // 2))
            channels = width
        self.layers, self.last = nn.ModuleList(layers), nn.Conv2d(channels, 1, 1)

    def forward(self, code: Tensor) -> Tensor:
        code = code if code.ndim == 4 else code.flatten(1)[..., None, None]
        for layer in self.layers:
            code = nnf.leaky_relu(layer(code), _LEAK)
        return self.last(code)


def one_map(code: object) -> Tensor:
    """The code as one tensor. Raises OptionInvalid for networks whose code is no single map."""
    if isinstance(code, Tensor):
        return code
    raise OptionInvalid(
        "Option 'true_face_power' can't be used with this network: its code has several parts. Set it to 0."
    )


def require_one_inter(model: FaceModel) -> None:
    """Raise OptionInvalid unless both performers' codes come from the same layers.

    Where each has layers of its own before the decoder, codes differ by design: what tells them apart is not
    the face, and a code of src that is made like dst's paints dst.
    """
    own = [
        name for name in model.parts() if name.startswith(("inter_", "g_block_")) and not name.endswith("_both")
    ]
    if own:
        raise OptionInvalid(
            f"Option 'true_face_power' can't be used with this network: its performers have codes of their own "
            f"({', '.join(own)}). Set it to 0, or take a network with one inter for both, like df."
        )


def code_shape(code: Tensor) -> tuple[int, int]:
    """(channels, side) of a code."""
    return (code.shape[1], code.shape[-1]) if code.ndim == 4 else (code[0].numel(), 1)


def asked(critic: Critic, code_src: Tensor) -> Tensor:
    """What the model pays where src's codes can be told from dst's."""
    with critic.judging() as judge:
        return verdict_loss(judge(code_src), real=1)


def taught(critic: Critic, code_src: Tensor, code_dst: Tensor) -> Tensor:
    """What the critic pays for taking one performer's codes for the other's."""
    with critic.compute.autocast():
        of_src, of_dst = critic.network(code_src.detach()), critic.network(code_dst.detach())
    return (verdict_loss(of_dst, real=1) + verdict_loss(of_src, real=0)) / 2
