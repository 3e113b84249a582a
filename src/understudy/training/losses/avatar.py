"""What is asked of an AVATAR: both performers' faces on gray in its first stage, src's views in its second.

Weights, critic and the order of frames are those of DeepFaceLab's AVATAR of 2019.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

from understudy.networks.architectures.avatar import FRAMES, GRAY, Avatar, AvatarPainted
from understudy.training.losses.case import Case, Scene
from understudy.training.losses.critic import Critic, verdict_loss
from understudy.training.losses.options import LossOptions
from understudy.training.losses.patch import PatchCritic
from understudy.training.losses.structure import windows
from understudy.training.losses.terms import Terms

_STRUCTURE, _FOOLING = 10.0, 0.1
_CRITIC_FACTORS = (2, 4, 8, 16)  # times the width of the encoder's finest maps: 128 to 1024


def asked(scene: Scene) -> Terms:
    """The terms of the stage that is trained."""
    model, stage = cast(Avatar, scene.model), scene.src.options.avatar_stage
    src: dict[str, Tensor] = {}
    dst: dict[str, Tensor] = {}
    if stage != "views":
        src["face"], dst["face"] = (
            _STRUCTURE * windows(face_of(case), goal_of(model, case)) for case in (scene.src, scene.dst)
        )
        with scene.compute.autocast():
            swapped = model.decoder_src(cast(Tensor, scene.made.code_dst))
        with _critic(scene).judging() as critic:
            src["critic"] = _FOOLING * verdict_loss(critic(swapped), real=1.0)
    if stage != "faces":
        src["view"] = _STRUCTURE * _view_difference(model, scene)
    return Terms(src, dst)


def resting(options: LossOptions) -> frozenset[str]:
    """The parts that a stage asks nothing of."""
    if options.avatar_stage == "views":
        return frozenset({"encoder", "inter_both", "decoder_src", "decoder_dst"})
    return frozenset({"view"} if options.avatar_stage == "faces" else ())


def taught(scene: Scene) -> None:
    """Let the critic learn to tell src's faces from dst's painted as src."""
    model, options = cast(Avatar, scene.model), scene.src.options
    if options.avatar_stage == "views":
        return
    critic = _critic(scene)
    with torch.no_grad(), scene.compute.autocast():
        swapped = model.decoder_src(cast(Tensor, scene.made.code_dst))
    with scene.compute.autocast():
        real, painted = critic.network(goal_of(model, scene.src)), critic.network(swapped)
    loss = (verdict_loss(real, real=1.0) + verdict_loss(painted, real=0.0)) / 2
    critic.learn(loss, rate=options.critic_rate)


def face_of(case: Case) -> Tensor:
    """The first network's face, in float32."""
    return cast(Tensor, cast(AvatarPainted, case.painted).face_BCHW).float()


def goal_of(model: Avatar, case: Case) -> Tensor:
    """The real face on gray."""
    goal, mask = (model.face_of(part) for part in (case.lesson.goal_BCHW, case.lesson.mask_B1HW))
    return goal * mask + GRAY * (1 - mask)


def _view_difference(model: Avatar, scene: Scene) -> Tensor:
    """How far src's views are from what the second network makes of src's faces, in both orders of time."""
    lesson = scene.src.lesson
    shown = lesson.goal_BCHW if lesson.frame_BCHW is None else lesson.frame_BCHW
    faces, views = in_runs(face_of(scene.src).detach()), in_runs(shown)
    faces, views = (torch.cat([runs, runs.flip(1)]) for runs in (faces, views))
    with scene.compute.autocast():
        painted = torch.cat(model.view_of(*faces.unbind(1)))
    return windows(painted.float(), torch.cat(views.unbind(1)))


def in_runs(frames_NCHW: Tensor) -> Tensor:
    """Frames of runs that follow one another to (runs, 3, C, H, W)."""
    return frames_NCHW.unflatten(0, (-1, FRAMES))


def _critic(scene: Scene) -> Critic:
    widths = tuple(cast(Avatar, scene.model).width * factor for factor in _CRITIC_FACTORS)
    return scene.judges.critic("avatar", widths, lambda: PatchCritic(*widths))
