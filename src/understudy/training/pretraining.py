"""Pretraining: a trunk that has learnt what faces are from many people, for models of two performers to start
from.

A trunk is an ordinary model folder, marked as one. Both sides learn from the same faces of everybody. A model
that starts from it takes encoder and decoders; its bottlenecks, iterations and average begin anew, as they do
when DeepFaceLab's pretraining is switched off. Not here: taking the parts (`keeping/starting.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from understudy.events import Events
from understudy.facesets.store import Faceset
from understudy.geometry import FaceType
from understudy.training.keeping.learnt_from import NOT_KNOWN, LearntFrom
from understudy.training.options import TrainOptions
from understudy.training.train import train

# What pretraining forces: straight faces of everybody, from both sides and every direction, and no extras that
# belong to two certain performers.
FORCED: Mapping[str, Any] = {
    "recipe": "plain",
    "random_warp": 0.0,
    "random_stretch": 0.0,
    "src_flip": True,
    "dst_flip": True,
    "hsv_power": 0.0,
    "ct_mode": "none",
    "relight": 0.0,
    "pose_pairing": 0.0,
    "yaw_matching": False,
    "sampling": "uniform-yaw",
    "src_scale": 0.0,
    "swap_sides": False,
    "lr_dropout": False,
    "gan_power": 0.0,
    "face_style_power": 0.0,
    "bg_style_power": 0.0,
    "true_face_power": 0.0,
    "identity_weight": 0.0,
    # How far eyes are open is measured by each performer's own.
    "random_blink": 0.0,
    "rare_expressions": 0.0,
    "expression_weight": 0.0,
    "follow_weight": 0.0,
}


def pretraining_options(options: TrainOptions) -> TrainOptions:
    """The same options with what pretraining forces."""
    return options.changed(**FORCED)


def pretrain(
    model_dir: Path,
    *,
    people: Sequence[Faceset],
    options: TrainOptions,
    preset: str = "quick",
    network: Mapping[str, Any] | None = None,
    face_type: FaceType | None = None,
    device: str = "auto",
    learnt: LearntFrom = NOT_KNOWN,
) -> Events:
    """Train the trunk in `model_dir`, which is made if it is new, on faces of many people.

    Resumes and raises like `train`; OptionInvalid where the model there is no trunk.
    """
    return train(
        model_dir,
        src=people,
        dst=people,
        options=pretraining_options(options),
        preset=preset,
        network=network,
        face_type=face_type,
        device=device,
        trunk=True,
        learnt=learnt,
    )
