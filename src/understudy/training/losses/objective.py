"""Everything that is asked of a model in one iteration, term by term, and the critics that ask some of it.

Each term lies in its own file; here they are weighted and told by name. Not here: what follows from them
(`steering`).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from understudy.errors import OptionInvalid
from understudy.networks.face_model import FaceModel, Reconstruction
from understudy.training.feeding.augment import Lesson
from understudy.training.losses import adversarial, true_face
from understudy.training.losses.case import Case, Scene
from understudy.training.losses.catalog import LOSSES
from understudy.training.losses.judges import Judges
from understudy.training.losses.options import LossOptions
from understudy.training.losses.own import OWN_LOSSES, unheard
from understudy.training.losses.terms import Terms
from understudy.training.machine.device import Compute


class Objective:
    """The losses of one model. Has networks of its own where a loss is judged by one (critics).

    Options are handed in at every iteration: a recipe may change them on the way.
    """

    def __init__(self, model: FaceModel, *, seed: int, compute: Compute) -> None:
        self.model, self.compute = model, compute
        self.judges = Judges(seed=seed, compute=compute)
        self._heard: LossOptions | None = None
        self._told: tuple[str, ...] = ()

    def ask(
        self, made: Reconstruction, src: Lesson, dst: Lesson, options: LossOptions, *, iteration: int
    ) -> Terms:
        """The terms of one iteration, in float32, with gradients towards the model alone.

        Raises OptionInvalid where a loss can't be asked of this network, and what an embedder's weights raise.
        """
        with self.compute.exactly():
            scene = self._scene(made, src, dst, options, iteration)
            if self.model.own_losses:
                self._tell_unheard(options)
                return OWN_LOSSES[self.model.own_losses].ask(scene)
            terms = Terms(_costs(scene.src, scene, options), _costs(scene.dst, scene, options))
        if not (terms.src or terms.dst):
            raise OptionInvalid(
                "All losses have the weight 0: nothing is asked of the model. Give one a weight."
            )
        return terms

    def learn(self, made: Reconstruction, src: Lesson, dst: Lesson, options: LossOptions) -> None:
        """Let the critics learn from what the model painted; called after the model's own step."""
        if self.model.own_losses:
            with torch.autocast(self.compute.device.type, enabled=False):
                OWN_LOSSES[self.model.own_losses].teach(self._scene(made, src, dst, options))
            return
        if not (options.gan_power or options.true_face_power):
            return
        with self.compute.exactly():
            scene = self._scene(made, src, dst, options)
            if options.true_face_power:
                code_src, code_dst = true_face.one_map(made.code_src), true_face.one_map(made.code_dst)
                critic = self.judges.true_face(code_src)
                critic.learn(true_face.taught(critic, code_src, code_dst), rate=options.critic_rate)
            if options.gan_power:
                self._teach_gan(scene, options)

    def _tell_unheard(self, options: LossOptions) -> None:
        """Note once which of these options do nothing for a network that has losses of its own."""
        if options == self._heard:
            return
        self._heard = options
        found = unheard(self.model.own_losses, options)
        if found and found != self._told:
            self.judges.notices.append(
                f"This network has losses of its own, so these options do nothing: {', '.join(found)}."
            )
        self._told = found

    def _teach_gan(self, scene: Scene, options: LossOptions) -> None:
        critic = self.judges.gan(options, self.model.size_px)
        cases = (scene.src, scene.dst) if options.gan_sides == "both" else (scene.src,)
        with torch.no_grad():
            painted = torch.cat([case.inside for case in cases])
            goal = torch.cat([case.goal_inside for case in cases])
        loss = adversarial.taught(critic, painted, goal, smoothing=options.gan_smoothing)
        critic.learn(loss, rate=options.critic_rate)

    def _scene(
        self, made: Reconstruction, src: Lesson, dst: Lesson, options: LossOptions, iteration: int = 0
    ) -> Scene:
        goals = (self.model.goal(src.goal_BCHW, "src"), self.model.goal(dst.goal_BCHW, "dst"))
        return Scene(
            self.model,
            made,
            Case("src", made.src, src.painting(goals[0]), options),
            Case("dst", made.dst, dst.painting(goals[1]), options),
            self.judges,
            self.compute,
            iteration,
        )

    def critics(self) -> list[nn.Module]:
        """The networks that learn to judge, as far as they were asked for yet."""
        return self.judges.networks()

    def take_notices(self) -> list[str]:
        """What happened to the critics since the last call, in sentences for people."""
        notices, self.judges.notices = self.judges.notices, []
        return notices

    def tensors(self) -> dict[str, Tensor]:
        """What the critics know, for a checkpoint; empty without any."""
        return self.judges.tensors()

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from a checkpoint's `tensors`; critics that are new start anew."""
        self.judges.load(tensors)


def _costs(case: Case, scene: Scene, options: LossOptions) -> dict[str, Tensor]:
    """Every loss that counts for this side."""
    weights = {name: loss.weight(options) for name, loss in LOSSES.items()}
    return {
        name: weights[name] * loss.ask(case, scene)
        for name, loss in LOSSES.items()
        if weights[name] and loss.applies(case, scene)
    }
