"""Which faces make up a batch: dst evenly, src partly by its likeness in pose to dst, with a light to borrow.

Not here: what is done to them (`augment.py`), how they are stored (`cache.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt
import torch
from torch import Generator, Tensor

from understudy.faces.openings import openings_of_performer
from understudy.faces.pose import poses_from_landmarks
from understudy.grading.color_transfer import recolored
from understudy.mean_face import MIRROR_68
from understudy.training.feeding.augment import Faces, Lesson, Variation, joined, lesson
from understudy.training.feeding.cache import FaceCache
from understudy.training.feeding.options import FeedOptions
from understudy.training.feeding.runs import lesson_of_runs, runs_of
from understudy.training.feeding.sampling import (
    Bins,
    evenly_open,
    evenly_turned,
    matching_bins,
    opening_bins,
    turned_like,
    uniform_bins,
    without_repeats,
)
from understudy.training.machine.device import free_memory_bytes
from understudy.training.machine.memory import is_out_of_memory

_NEAREST = 8
_LOOKED_AT = 8192  # faces that are compared to find like ones
_ON_DEVICE_LIMIT_BYTES = 2 << 30  # a cache this small is kept on an accelerator whole
_SHARE_OF_FREE = 0.25  # that it may take of an accelerator's memory: steps need the rest
_STEADY = [*range(17, 48), 48, 54]


@dataclass(frozen=True)
class Told:
    """What is told of faces beside their pictures and masks; as much as nobody asks for is not looked up."""

    frames: bool = False
    landmarks: bool = False
    openings: bool = False


NOTHING_TOLD = Told()


class Side:
    """The faces of one performer, mirrored ones counted behind the others when `flip` is set."""

    def __init__(self, cache: FaceCache, *, flip: bool, device: torch.device) -> None:
        self.cache, self.flip, self.device = cache, flip, device
        points = torch.from_numpy(cache.landmarks_N68.astype(np.float32))
        if flip:
            mirrored = points[:, torch.from_numpy(MIRROR_68)].clone()
            mirrored[..., 0] = 1 - mirrored[..., 0]
            points = torch.cat([points, mirrored])
        self.shapes_NF = points[:, _STEADY].flatten(1)
        self._resident = self._kept_on_device()

    def _kept_on_device(self) -> tuple[Tensor, Tensor] | None:
        """All pictures and masks on an accelerator that has the room; None where they stay in files."""
        if self.device.type == "cpu":
            return None
        limit = min(_ON_DEVICE_LIMIT_BYTES, _SHARE_OF_FREE * free_memory_bytes(self.device))
        if self.cache.images_NHWC.nbytes + self.cache.masks_NHW3.nbytes > limit:
            return None
        try:
            return self._read(np.arange(len(self.cache)))
        except (RuntimeError, MemoryError) as error:  # another program was faster
            if not is_out_of_memory(error):
                raise
            return None

    def __len__(self) -> int:
        return len(self.shapes_NF)

    @cached_property
    def yaws_deg(self) -> npt.NDArray[np.float64]:
        """Which way the faces look, mirrored ones behind the others."""
        yaws = poses_from_landmarks(self.cache.landmarks_N68)[:, 0]
        return np.concatenate([yaws, -yaws]) if self.flip else yaws

    @cached_property
    def uniform_bins(self) -> Bins:
        """Faces by yaw, for showing every direction as often."""
        return uniform_bins(self.yaws_deg)

    @cached_property
    def matching_bins(self) -> Bins:
        """Faces by yaw, for finding one that looks the same way."""
        return matching_bins(self.yaws_deg)

    @cached_property
    def openings_N2(self) -> Tensor:
        """How far eyes and mouth are open, by `openings_of_performer`, mirrored faces behind the others."""
        told = torch.from_numpy(openings_of_performer(self.cache.landmarks_N68)).float()
        return torch.cat([told, told]) if self.flip else told

    @cached_property
    def opening_bins(self) -> tuple[Bins, ...]:
        """Faces as they are, none mirrored, by how far eyes and mouth are open, where landmarks tell that."""
        found = (opening_bins(column) for column in self.openings_N2[: len(self.cache)].double().numpy().T)
        return tuple(bins for bins in found if bins is not None)

    def faces(self, numbers: Tensor, told: Told = NOTHING_TOLD) -> Faces:
        """Faces by number on the device, RGB and masks 0..1, and of the rest what is to be told."""
        place, mirrored = numbers % len(self.cache), numbers >= len(self.cache)
        if self._resident is not None:
            images, masks = (part[place.to(self.device)] for part in self._resident)
        else:
            images, masks = self._read(place.numpy())
        images = images.permute(0, 3, 1, 2).float() / 255
        masks = masks.permute(0, 3, 1, 2).float() / 255
        if self.flip:
            turn = mirrored.to(self.device).view(-1, 1, 1, 1)
            images = torch.where(turn, images.flip(-1), images)
            masks = torch.where(turn, masks.flip(-1), masks)
        return Faces(
            images,
            masks,
            self.cache.size_px,
            self._frames(place, mirrored) if told.frames else None,
            self._landmarks(numbers).to(self.device) if told.landmarks else None,
            self.openings_N2[numbers].to(self.device) if told.openings else None,
        )

    def _landmarks(self, numbers: Tensor) -> Tensor:
        """(B, 68, 2), -1..1 across the crop."""
        place, mirrored = numbers % len(self.cache), numbers >= len(self.cache)
        points = torch.from_numpy(self.cache.landmarks_N68[place.numpy()].astype(np.float32)) * 2 - 1
        other_way = points[:, torch.from_numpy(MIRROR_68)] * torch.tensor([-1.0, 1.0])
        return torch.where(mirrored.view(-1, 1, 1), other_way, points)

    def _frames(self, places: Tensor, mirrored: Tensor) -> Tensor | None:
        """The whole frames of faces, RGB 0..1, where the cache has them."""
        if self.cache.frames_NHWC is None:
            return None
        frames = torch.from_numpy(self.cache.frames_NHWC[places.numpy()]).to(self.device)
        frames = frames.permute(0, 3, 1, 2).float() / 255
        turn = mirrored.to(self.device).view(-1, 1, 1, 1)
        return torch.where(turn, frames.flip(-1), frames) if self.flip else frames

    def _read(self, places: np.ndarray) -> tuple[Tensor, Tensor]:
        images = torch.from_numpy(self.cache.images_NHWC[places])
        masks = torch.from_numpy(self.cache.masks_NHW3[places])
        return images.to(self.device), masks.to(self.device)


@dataclass(frozen=True, eq=False)
class Draw:
    """Numbers of the faces in one batch: src, dst, and the dst faces whose light src borrows."""

    src: Tensor
    dst: Tensor
    light: Tensor

    def parts(self, count: int) -> list[Draw]:
        """The batch in so many parts of the same size."""
        each = len(self.src) // count
        sides = (numbers.split(each) for numbers in (self.src, self.dst, self.light))
        return [Draw(*part) for part in zip(*sides, strict=True)]


class Feed:
    """Makes batches for both performers: a function of its options and of the randomness handed in."""

    def __init__(
        self,
        src: FaceCache,
        dst: FaceCache,
        options: FeedOptions,
        device: torch.device,
        *,
        size_px: int | None = None,
        seen_px: int | None = None,
        seed: int = 0,
        frames_together: int = 1,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        """`size_px` is the side of what is painted, `seen_px` that of what is seen: the cache's own without.

        `seed` is that of orders that reach over many batches. Where a network sees several `frames_together`, a
        batch holds so many consecutive ones about each face drawn, one such run after the other. Of several
        processes that draw at once, `share` is which this is, from 0, and how many there are.
        """
        self.seed, self.share = seed, share
        self.options, self.device = options, device
        self.size_px = size_px or dst.size_px
        self.seen_px = seen_px or self.size_px
        self.src = Side(src, flip=options.src_flip, device=device)
        self.dst = Side(dst, flip=options.dst_flip, device=device)
        self.runs = (
            [runs_of(side.cache.moments, frames_together, mirrored=side.flip) for side in (self.src, self.dst)]
            if frames_together > 1
            else []
        )

    def draw(self, generator: Generator, options: FeedOptions | None = None, *, shown: int = 0) -> Draw:
        """Choose the faces of one batch; so many of each performer were shown before, by all processes."""
        options = options or self.options
        count = options.batch_size
        dst = self._numbers("dst", options, generator, shown)
        src = self._numbers("src", options, generator, shown)
        if options.yaw_matching:
            src = turned_like(self.src.matching_bins, self.dst.yaws_deg[dst.numpy()], generator)
        alike = _one_of_nearest(self.dst.shapes_NF[dst], self.src.shapes_NF, generator)
        paired = torch.rand(count, generator=generator) < options.pose_pairing
        src = torch.where(paired, alike, src)
        light = _one_of_nearest(self.src.shapes_NF[src], self.dst.shapes_NF, generator)
        return Draw(src, dst, light)

    def _numbers(self, who: str, options: FeedOptions, generator: Generator, shown: int) -> Tensor:
        """The faces of one side, before any is drawn by its likeness to the other side's."""
        side, count = (self.src if who == "src" else self.dst), options.batch_size
        numbers = self._in_order(side, who, options, generator, shown)
        if options.rare_expressions and side.opening_bins:
            rare = torch.rand(count, generator=generator) < options.rare_expressions
            as_open = self._some_mirrored(
                evenly_open(side.opening_bins, count, generator), side, options, generator
            )
            numbers = torch.where(rare, as_open, numbers)
        return numbers

    def _in_order(self, side: Side, who: str, options: FeedOptions, generator: Generator, shown: int) -> Tensor:
        """The faces of one side as `sampling` has them."""
        count = options.batch_size
        which, _ = self.share
        order = {"position": shown + which * count, "seed": self.seed, "who": who}
        if options.sampling == "uniform-yaw":
            return evenly_turned(side.uniform_bins, count, **order)
        total = len(side.cache)
        if options.sampling == "epoch":
            numbers = without_repeats(total, count, **order)
        else:
            numbers = torch.randint(0, total, (count,), generator=generator)
        return self._some_mirrored(numbers, side, options, generator)

    def _some_mirrored(self, numbers: Tensor, side: Side, options: FeedOptions, generator: Generator) -> Tensor:
        mirrored = torch.rand(len(numbers), generator=generator) < (options.flip_share if side.flip else 0)
        return torch.where(mirrored, numbers + len(side.cache), numbers)

    def lessons(
        self,
        generator: Generator,
        *,
        options: FeedOptions | None = None,
        shown: int = 0,
        openings: bool = False,
        parts: int = 1,
    ) -> tuple[Lesson, Lesson]:
        """A batch of each performer: (src, dst), as the feed's own options say or these `options`.

        So many faces of each were `shown` before, by all processes, which counts where they are not to repeat;
        with `openings` a lesson tells how far eyes and mouth are open, as a loss may ask. A batch that is gone
        through in `parts` is made in these, since making faces takes several times the memory that they have.
        """
        options = options or self.options
        draw = self.draw(generator, options, shown=shown)
        told = Told(frames=True, landmarks=bool(options.random_blink), openings=openings)
        make = self._lessons_of_runs if self.runs else self._lessons_of
        made = [make(part, told, options, generator) for part in draw.parts(parts)]
        return joined([src for src, _ in made]), joined([dst for _, dst in made])

    def _lessons_of(
        self, draw: Draw, told: Told, options: FeedOptions, generator: Generator
    ) -> tuple[Lesson, Lesson]:
        """Single faces, of which src's borrow dst's light."""
        src, dst, light = (
            self.src.faces(draw.src, told),
            self.dst.faces(draw.dst, told),
            self.dst.faces(draw.light),
        )
        if options.ct_mode != "none":
            src = self._recolored(src, dst, options, generator)
        relit = torch.rand(len(draw.src), generator=generator) < options.relight
        made = partial(lesson, size_px=self.size_px, seen_px=self.seen_px, generator=generator)
        varied = variation(options)
        return made(src, variation=replace(varied, hue=options.hsv_power), light=light, relit_B=relit), made(
            dst, variation=varied
        )

    def _lessons_of_runs(
        self, draw: Draw, told: Told, options: FeedOptions, generator: Generator
    ) -> tuple[Lesson, Lesson]:
        """Consecutive frames about each face drawn, in their own light."""
        varied = variation(options)
        sides = (
            (self.src, draw.src, replace(varied, hue=options.hsv_power)),
            (self.dst, draw.dst, varied),
        )
        lessons = []
        for (side, drawn, strengths), runs in zip(sides, self.runs, strict=True):
            made = partial(
                lesson, size_px=self.size_px, seen_px=self.seen_px, variation=strengths, generator=generator
            )
            faces = [side.faces(numbers, told) for numbers in runs[drawn].unbind(1)]
            lessons.append(lesson_of_runs(faces, made, generator))
        return lessons[0], lessons[1]

    def unheard(self, options: FeedOptions) -> tuple[str, ...]:
        """The options that are set to something else than usual and do nothing for such a network: what is
        seen in runs keeps its colours and its light."""
        usual = FeedOptions.model_fields
        deaf = ("ct_mode", "ct_share", "relight") if self.runs else ()
        return tuple(name for name in deaf if getattr(options, name) != usual[name].default)

    def _recolored(self, src: Faces, dst: Faces, options: FeedOptions, generator: Generator) -> Faces:
        """Some of src's faces in the colours of the dst faces beside them."""
        chosen = torch.rand(len(src.images_BCHW), generator=generator) < options.ct_share
        if not chosen.any():
            return src
        where = chosen.nonzero()[:, 0].to(self.device)
        images = src.images_BCHW.clone()
        images[where] = recolored(
            images[where],
            src.masks_B3HW[where, :1],
            dst.images_BCHW[where],
            dst.masks_B3HW[where, :1],
            mode=options.ct_mode,
            generator=generator,
        )
        return replace(src, images_BCHW=images)


def variation(options: FeedOptions) -> Variation:
    """The strengths that options ask for."""
    return Variation(
        shift=options.random_shift,
        blink=options.random_blink,
        stretch=options.random_stretch,
        warp=options.random_warp,
        color_jitter=options.color_jitter,
        levels=options.random_levels,
        downscale=options.random_downscale,
        blur=options.random_blur,
        motion_blur=options.random_motion_blur,
        noise=options.random_noise,
        jpeg=options.random_jpeg,
    )


def _one_of_nearest(shapes_BF: Tensor, among_NF: Tensor, generator: Generator) -> Tensor:
    """For each shape, the number of one of the few likest among others."""
    numbers = None
    if len(among_NF) > _LOOKED_AT:
        # Among so many there is always a like one, and looking at all would take longer than a step.
        numbers = torch.randint(0, len(among_NF), (_LOOKED_AT,), generator=generator)
        among_NF = among_NF[numbers]
    count = min(_NEAREST, len(among_NF))
    likest = torch.cdist(shapes_BF, among_NF).topk(count, dim=1, largest=False).indices
    choice = torch.randint(0, count, (len(shapes_BF),), generator=generator)
    found = likest[torch.arange(len(shapes_BF)), choice]
    return found if numbers is None else numbers[found]
