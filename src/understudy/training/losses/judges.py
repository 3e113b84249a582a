"""The networks that judge what a model paints, each made when it is first asked: fixed features, critics, an
embedder of identity, our own face network. Those that learn are kept in a checkpoint's part `critics`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

import torch
from torch import Tensor, nn

from understudy.networks.dense_face import DenseFaceNet, load_dense_face
from understudy.training.losses.adversarial import PatchUnet
from understudy.training.losses.critic import Critic
from understudy.training.losses.expression import directions
from understudy.training.losses.features import RandomFeatures
from understudy.training.losses.identity import Embedder, embedder_named
from understudy.training.losses.options import LossOptions
from understudy.training.losses.true_face import CodeCritic, code_shape
from understudy.training.machine.device import Compute

GAN, TRUE_FACE = "gan", "true_face"
_TITLES = {GAN: "The GAN's critic", TRUE_FACE: "The critic of true faces"}


class Judges:
    """Those of one model. `notices` are sentences for people, to be taken and shown."""

    def __init__(self, *, seed: int, compute: Compute) -> None:
        self.seed, self.compute = seed, compute
        self.notices: list[str] = []
        self._critics: dict[str, Critic] = {}
        self._kept: dict[str, dict[str, Tensor]] = {}  # loaded, but not asked for yet
        self._embedders: dict[str, Embedder] = {}
        self._directions: dict[int, Tensor] = {}
        self._noted: set[str] = set()

    def note_once(self, notice: str) -> None:
        """Leave a sentence for people, the first time that it is true."""
        if notice not in self._noted:
            self._noted.add(notice)
            self.notices.append(notice)

    @cached_property
    def features(self) -> RandomFeatures:
        """Fixed random filters from the model's seed."""
        network = RandomFeatures(self.seed).to(self.compute.device)
        return network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]

    @cached_property
    def dense(self) -> DenseFaceNet:
        """Our own face network, fixed: it sees where points lie. Raises WeightsMissing, UnsafeFile."""
        network = load_dense_face().folded().requires_grad_(False).to(self.compute.device)
        return network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]

    def directions(self, count: int) -> Tensor:
        """Fixed random directions among codes of so many numbers, from the model's seed."""
        if count not in self._directions:
            self._directions[count] = directions(count, seed=self.seed).to(self.compute.device)
        return self._directions[count]

    def networks(self) -> list[nn.Module]:
        """Those that learn, as far as they were asked for yet."""
        return [critic.network for critic in self._critics.values()]

    def gan(self, options: LossOptions, size_px: int) -> Critic:
        """The critic of patches. Another patch size or width is a new one."""
        shape = (options.gan_patch_size or max(3, size_px // 8), options.gan_dims)
        return self.critic(GAN, shape, lambda: PatchUnet(*shape))

    def true_face(self, code: Tensor) -> Critic:
        """The critic of codes."""
        shape = code_shape(code)
        return self.critic(TRUE_FACE, shape, lambda: CodeCritic(*shape))

    def embedder(self, options: LossOptions) -> Embedder:
        """Who tells identities. Raises OptionInvalid, ModelUnknown, CheckpointCorrupt."""
        name = options.identity_embedder
        if name not in self._embedders:
            self._embedders[name] = embedder_named(name, self.compute)
        return self._embedders[name]

    def critic(self, name: str, shape: tuple[int, ...], build: Callable[[], nn.Module]) -> Critic:
        """The critic of that name, built where there is none of that shape yet."""
        critic = self._critics.get(name)
        if critic is not None and critic.shape == shape:
            return critic
        with torch.random.fork_rng(devices=[]), torch.device("cpu"):
            torch.manual_seed(self.seed)
            new = Critic(build(), shape, self.compute)
        kept = self._kept.pop(name, None)
        if critic is not None or (kept is not None and not new.load(kept)):
            title = _TITLES.get(name, "A critic")
            self.notices.append(f"{title} has another shape now ({shape}) and starts to learn anew.")
        self._critics[name] = new
        return new

    def tensors(self) -> dict[str, Tensor]:
        """What the critics know, also those that nobody asks at the moment."""
        known = self._kept | {name: critic.tensors() for name, critic in self._critics.items()}
        return {f"{name}/{key}": value for name, tensors in known.items() for key, value in tensors.items()}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from `tensors`; critics that are not in there start anew when they are asked."""
        self._critics, self._kept = {}, {}
        for key, value in tensors.items():
            name, _, rest = key.partition("/")
            self._kept.setdefault(name, {})[rest] = value
