"""What is asked of a RecycleGAN: translations that look real, and frames that come back after a look ahead.

Bansal et al., ECCV 2018; critics by least squares: Mao et al., "Least squares generative adversarial networks",
ICCV 2017. Weights are those of DeepFaceLab's RecycleGAN of January 2019.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor
from torch.nn import functional as nnf

from understudy.networks.architectures.recyclegan import FRAMES, RecycleGan
from understudy.networks.swap import Side
from understudy.training.losses.case import Scene
from understudy.training.losses.critic import Critic
from understudy.training.losses.patch import PatchCritic
from understudy.training.losses.terms import Terms

_IN_TIME = 10.0
_RANGE = 4.0  # squares of differences in -1..1, where ours are in 0..1
_CRITIC_FACTORS = (1, 2, 4)  # times the width of the translators' finest maps: 64 to 256


def asked(scene: Scene) -> Terms:
    """The terms of both performers."""
    with scene.compute.autocast():
        fakes: dict[Side, Tensor] = {side: translated(scene, side) for side in ("src", "dst")}
        return Terms(_terms(scene, "src", fakes), _terms(scene, "dst", fakes))


def taught(scene: Scene) -> None:
    """Let each performer's critic learn to tell real frames from translations."""
    for side in ("src", "dst"):
        with torch.no_grad(), scene.compute.autocast():
            fake = translated(scene, side)
        critic = _critic(scene, side)
        with scene.compute.autocast():
            real, painted = critic.network(scene.case(side).goal), critic.network(fake)
        loss = (_squares(real, 1.0) + _squares(painted, 0.0)) / 2
        critic.learn(loss, rate=scene.src.options.critic_rate)


def translated(scene: Scene, side: Side) -> Tensor:
    """The other performer's frames, painted as `side`."""
    model, made = cast(RecycleGan, scene.model), scene.made
    seen = cast(Tensor, made.features_dst if side == "src" else made.features_src)
    return model.decode(seen, side).faces_BCHW


def _terms(scene: Scene, side: Side, fakes: dict[Side, Tensor]) -> dict[str, Tensor]:
    model = cast(RecycleGan, scene.model)
    other: Side = "dst" if side == "src" else "src"
    ahead, ahead_other = (model.next_src, model.next_dst) if side == "src" else (model.next_dst, model.next_src)
    seen = cast(Tensor, scene.made.features_src if side == "src" else scene.made.features_dst)
    first, second, _ = in_runs(seen)
    *_, third = in_runs(scene.case(side).goal)
    fake_first, fake_second, _ = in_runs(fakes[other])
    back = model.decode(ahead_other(fake_first, fake_second), side).faces_BCHW
    with _critic(scene, side).judging() as critic:
        verdicts = critic(fakes[side])
    return {
        "critic": _squares(verdicts, 1.0),
        "recurrent": _IN_TIME * _RANGE * nnf.mse_loss(ahead(first, second), third),
        "recycle": _IN_TIME * _RANGE * nnf.mse_loss(back, third),
    }


def in_runs(frames_NCHW: Tensor) -> tuple[Tensor, ...]:
    """All first, all second and all third frames of runs that follow one another."""
    return frames_NCHW.unflatten(0, (-1, FRAMES)).unbind(1)


def _squares(verdicts: Tensor, truth: float) -> Tensor:
    return (verdicts.float() - truth).square().mean()


def _critic(scene: Scene, side: Side) -> Critic:
    widths = tuple(cast(RecycleGan, scene.model).width * factor for factor in _CRITIC_FACTORS)
    return scene.judges.critic(f"recycle {side}", widths, lambda: PatchCritic(*widths))
