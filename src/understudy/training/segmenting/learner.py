"""One segmenter that learns: the network, its running average, the optimiser, and one step.

Not here: what it is shown (`variety.py`), for how long (`train.py`).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as nnf

from understudy.errors import TrainingDiverged
from understudy.masks.own import filled, mask_logits, mask_of_two_looks
from understudy.networks.dense_face import DenseFaceNet
from understudy.training.keeping.checkpoint import Checkpoint
from understudy.training.machine.device import Compute
from understudy.training.segmenting.options import MaskTrainOptions
from understudy.training.segmenting.variety import MaskLesson
from understudy.training.steering.average import follow

_DECAY = 0.98  # of the average, from one batch to the next
_RATE, _RATE_FROM_NOTHING = 5e-4, 4e-3
_WARM_UP = 20  # batches until the learning rate is whole
_AT_ONCE = 16


class MaskLearner:
    """`weights` are what a new network begins as; without, it is random."""

    def __init__(
        self, compute: Compute, weights: Mapping[str, Tensor] | None, *, options: MaskTrainOptions
    ) -> None:
        self.compute, self.iteration = compute, 0
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(options.seed)
            network = DenseFaceNet() if weights is None else filled(weights)
        # A few dozen faces must not move what a network knows of all faces' brightness and contrast.
        self.learns_norms = weights is None
        self.network = network.to(compute.device).train(self.learns_norms)
        self.average: DenseFaceNet = copy.deepcopy(self.network).eval().requires_grad_(False)
        learning = [self.network.mask_head] + ([self.network.pyramid] if options.learns == "all" else [])
        self.network.requires_grad_(False)  # what does not learn needs no gradients either
        self._learning = [p.requires_grad_() for part in learning for p in part.parameters()]
        self.optimizer = torch.optim.AdamW(self._learning, lr=_RATE, weight_decay=1e-4)

    def step(self, shown: MaskLesson, options: MaskTrainOptions) -> float:
        """Learn from one batch; returns its loss. Raises TrainingDiverged."""
        whole = options.learning_rate or (_RATE_FROM_NOTHING if self.learns_norms else _RATE)
        rate = whole * min(1.0, (self.iteration + 1) / _WARM_UP)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        with self.compute.autocast():
            logits = mask_logits(self.network, shown.seen_BCHW)
        loss = mask_loss(logits.float(), shown.mask_B1HW)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._learning, 1.0)
        self.optimizer.step()
        self.iteration += 1  # not sooner: a step for which memory ends is none
        value = loss.item()
        if not np.isfinite(value):
            raise TrainingDiverged(
                f"The loss is no number any more at iteration {self.iteration}. Run it again with a smaller "
                "learning_rate; it goes on from its last save."
            )
        follow(self.average, self.network, decay=min(_DECAY, self.iteration / (self.iteration + 9)))
        return value

    def seen(self, images_NHWC: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Masks of faces by the average network, (n, size, size), 0..1."""
        return masks_of(self.average, images_NHWC, self.compute)

    def checkpoint(self, state: Mapping[str, Any]) -> Checkpoint:
        """All that is needed to go on."""
        moments = {
            f"{number}.{name}": value
            for number, values in self.optimizer.state_dict()["state"].items()
            for name, value in values.items()
        }
        return Checkpoint(
            iteration=self.iteration,
            model=self.network.state_dict(),
            ema=self.average.state_dict(),
            optimizer=moments,
            state={**state, "learns_norms": self.learns_norms},
        )

    def load(self, checkpoint: Checkpoint) -> bool:
        """Go on from a checkpoint; whether the optimiser goes on too, as it can where the same parts of the
        network learn."""
        self.iteration = checkpoint.iteration
        self.network.load_state_dict(dict(checkpoint.model))
        self.average.load_state_dict(dict(checkpoint.ema))
        self.learns_norms = bool(checkpoint.state.get("learns_norms"))
        self.network.train(self.learns_norms)
        moments: dict[int, dict[str, Tensor]] = {}
        for key, value in checkpoint.optimizer.items():
            number, _, name = key.partition(".")
            moments.setdefault(int(number), {})[name] = value
        if moments and len(moments) != len(self._learning):
            return False
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        return True


def mask_loss(logits_B1HW: Tensor, mask_B1HW: Tensor) -> Tensor:
    """Cross-entropy, and how far the soft intersection over union is from 1."""
    seen = logits_B1HW.sigmoid()
    both = (seen * mask_B1HW).sum((1, 2, 3))
    either = (seen + mask_B1HW - seen * mask_B1HW).sum((1, 2, 3))
    overlap = (both + 1) / (either + 1)
    return nnf.binary_cross_entropy_with_logits(logits_B1HW, mask_B1HW) + (1 - overlap).mean() * 0.5


@torch.inference_mode()
def masks_of(
    network: DenseFaceNet, images_NHWC: npt.NDArray[np.uint8], compute: Compute
) -> npt.NDArray[np.float32]:
    """What a segmenter with this network sees of faces (n, size, size, 3): masks (n, size, size), 0..1."""
    parts = []
    for at in range(0, len(images_NHWC), _AT_ONCE):
        images = torch.from_numpy(np.ascontiguousarray(images_NHWC[at : at + _AT_ONCE])).to(compute.device)
        with compute.autocast():
            masks = mask_of_two_looks(network, images.permute(0, 3, 1, 2).float() / 255)
        parts.append(masks[:, 0].cpu().numpy())
    return np.concatenate(parts) if parts else np.empty((0, *images_NHWC.shape[1:3]), np.float32)


def mean_iou(masks_NHW: npt.NDArray[np.floating], truth_NHW: npt.NDArray[np.floating]) -> float:
    """Intersection over union of what is over one half in each, averaged over faces; 0..1."""
    seen, true = masks_NHW > 0.5, truth_NHW > 0.5
    either = (seen | true).sum((1, 2))
    both = (seen & true).sum((1, 2))
    return float(np.mean(np.where(either > 0, both / np.maximum(either, 1), 1.0)))
