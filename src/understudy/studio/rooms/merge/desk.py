"""What lies on the desk while a shot is looked at: its clip open, its models loaded, its last pictures encoded.

One shot at a time. Everything has a limit of memory, and all is put away when nobody has looked for a while.
Not here: what is asked over HTTP (`pictures`, `settings`, `shot`).
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends
from starlette.requests import HTTPConnection

from understudy.errors import OptionInvalid
from understudy.files import stat_of
from understudy.project.project import Project
from understudy.studio.open_studio import Studio
from understudy.studio.rooms.merge.state import Shot, picture_key, state_of_shot
from understudy.studio.rooms.merge.turns import Turns

if TYPE_CHECKING:
    from understudy.jobs.merging.frame_states import FramesWanted
    from understudy.merging.light import Picture
    from understudy.merging.preview import FramePreviews
    from understudy.networks.swap import Predictor

PUT_AWAY_AFTER_S = 300.0
PICTURES_BYTES = 96_000_000
_JPEG_QUALITY = 92


@dataclass(frozen=True)
class Shown:
    """A picture as it is sent. `steps_ms` is what it took, empty where it lay ready."""

    data: bytes
    etag: str
    reason: str = ""  # why no face, or not every face, is in it
    steps_ms: Mapping[str, float] | None = None


class Desk:
    """The shot that is looked at. Safe to be used by several threads."""

    def __init__(self, *, device: str = "auto", put_away_after_s: float = PUT_AWAY_AFTER_S) -> None:
        self.turns = Turns()
        self._device, self._after_s = device, put_away_after_s
        self._lock = threading.RLock()
        self._planning = threading.Lock()  # its own: pictures don't wait until a long shot is planned
        self._previews: tuple[Any, FramePreviews, ExitStack] | None = None
        self._models: dict[str, tuple[Any, Predictor]] = {}
        self._wanted: tuple[Any, FramesWanted] | None = None
        self._pictures: OrderedDict[str, Shown] = OrderedDict()
        self._size_bytes = 0
        self._timer: threading.Timer | None = None
        self._used = monotonic()

    def kept(self, key: str) -> Shown | None:
        """A picture that was encoded already."""
        with self._lock:
            if key in self._pictures:
                self._pictures.move_to_end(key)
            return self._pictures.get(key)

    def encoded(
        self,
        key: str,
        picture: Picture,
        *,
        width: int,
        reason: str = "",
        steps_ms: Mapping[str, float] | None = None,
    ) -> Shown:
        """A picture no wider than `width` as JPEG, kept under its key."""
        started = perf_counter()
        shown = Shown(jpeg(picture, width), f'"{key}"', reason)
        with self._lock:
            if (before := self._pictures.pop(key, None)) is not None:
                self._size_bytes -= len(before.data)
            self._pictures[key] = shown
            self._size_bytes += len(shown.data)
            while self._size_bytes > PICTURES_BYTES and len(self._pictures) > 1:
                self._size_bytes -= len(self._pictures.popitem(last=False)[1].data)
        steps = {**(steps_ms or {}), "encode": 1000 * (perf_counter() - started)}
        return Shown(shown.data, shown.etag, reason, steps)

    def previews(self, project: Project, shot: Shot) -> FramePreviews:
        """The shot, opened anew where its clip, faces, cast or model changed. Only for who has the turn."""
        from understudy.jobs.merging.explain import previews_of

        self._stay()
        state = state_of_shot(project, shot)
        if self._previews is not None and self._previews[0] == state:
            return self._previews[1]
        self._close_previews()
        stack = ExitStack()
        opened = stack.enter_context(
            previews_of(project, shot.model, shot.clip, said={}, device=self._device, load=self._load(project))
        )
        self._previews = (state, opened, stack)
        return opened

    def wanted(self, project: Project, shot: Shot) -> FramesWanted:
        """What a merge should have made of the shot, worked out anew where anything changed."""
        from understudy.jobs.merging.frame_states import FramesWanted
        from understudy.jobs.merging.inputs import cast_of

        self._stay()
        state = (picture_key(project, shot), stat_of(project.cache_folder / "sha256.json"))
        with self._planning:
            known = self._wanted
            if known is None or known[0] != state:
                cast = cast_of(project, shot.clip, shot.model, load=self._load(project))
                known = self._wanted = (state, FramesWanted(project, shot.clip, shot.model, cast=cast))
            return known[1]

    def put_away(self) -> None:
        """Close the clip and forget the models and all that was worked out."""
        with self.turns.turn("the desk", 0), self._lock:
            self._close_previews()
            self._models, self._wanted = {}, None
            self._pictures.clear()
            self._size_bytes = 0

    def close(self) -> None:
        """Put all away, and wait for nobody any more."""
        self.put_away()
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is open or loaded."""
        return self._previews is None and not self._models

    def _load(self, project: Project) -> Callable[[str], Predictor]:
        def load(name: str) -> Predictor:
            from understudy.training.predictor import load_predictor

            folder = project.model_folder(name)
            state = stat_of(folder / "checkpoints")
            with self._lock:
                if name not in self._models or self._models[name][0] != (folder, state):
                    self._models[name] = ((folder, state), load_predictor(folder, device=self._device))
                return self._models[name][1]

        return load

    def _close_previews(self) -> None:
        if self._previews is not None:
            self._previews[2].close()
            self._previews = None

    def _stay(self) -> None:
        """Begin to wait anew for nobody to look any more."""
        with self._lock:
            self._used = monotonic()
            if self._timer is None:
                self._wait(self._after_s)

    def _wait(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._look_whether_used)
        self._timer.daemon = True
        self._timer.start()

    def _look_whether_used(self) -> None:
        with self._lock:
            left_s = self._used + self._after_s - monotonic()
            if left_s > 0:
                self._wait(left_s)
                return
            self._timer = None
        self.put_away()


def said_of(text: str) -> dict[str, Any]:
    """Options that are only tried, from JSON. Raises OptionInvalid."""
    try:
        said = json.loads(text or "{}")
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise OptionInvalid("What is tried must be a JSON object of options.")
    return said


def jpeg(picture: Picture, width: int) -> bytes:
    """A picture of any depth as 8-bit JPEG without lost colour detail, made smaller where it is wider."""
    import cv2

    from understudy.media.images import eight_bit

    rgb = eight_bit(picture)
    if 0 < width < rgb.shape[1]:
        height = max(1, round(rgb.shape[0] * width / rgb.shape[1]))
        rgb = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA)
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR) if rgb.ndim == 3 else rgb
    how = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    how += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    return cv2.imencode(".jpg", bgr, how)[1].tobytes()


def desk_of(connection: HTTPConnection) -> Desk:
    """The desk of the studio that serves this connection."""
    studio: Studio = connection.app.state.studio
    with studio.keeping:
        if "merge desk" not in studio.kept:
            studio.kept["merge desk"] = Desk()
            studio.at_end(studio.kept["merge desk"].close)
        return studio.kept["merge desk"]


DeskHere = Annotated[Desk, Depends(desk_of)]
