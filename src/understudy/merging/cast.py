"""Who is painted by which model: the clip's cast, and the model of everybody it does not name.

A part is said as `person 2` or `track 7`; a track's counts more than its person's. Not here: loading models
(`jobs`), their settings (`settings_over_time`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from understudy.errors import CastInvalid
from understudy.facesets.record import FaceRecord
from understudy.networks.swap import KnownModel, Predictor

Model = TypeVar("Model", bound=KnownModel, covariant=True)
One = TypeVar("One", bound=KnownModel)
_PART = re.compile(r"(person|track) ([0-9]+)")


def require_part(name: str) -> None:
    """Raise CastInvalid unless `name` is a person or a track, by number."""
    if not _PART.fullmatch(name):
        raise CastInvalid(
            f"The cast names {name!r}; it takes persons and tracks by number, like 'person 2' or 'track 7'. "
            "`understudy tracks` lists them."
        )


def part_for(track: int, person: int, parts: Container[str]) -> str:
    """The name of the part that this track and person play; empty where `parts` name neither."""
    return next((name for name in (f"track {track}", f"person {person}") if name in parts), "")


def parts_played(seen: Iterable[tuple[int, int]]) -> list[str]:
    """The parts that can be given to models, of faces by (track, person): people first, each by number."""
    names = {name for track, person in seen for name in (f"track {track}", f"person {person}")}
    return sorted(names, key=_by_number)


def name_of(record: FaceRecord) -> str:
    """How a report calls a face."""
    return f"person {record.person} (track {record.track})"


class Cast(Generic[Model]):
    """A model for every face: those of `parts`, and `lead` for everybody else. To plan, what is known of models
    is enough; to paint, it takes predictors."""

    def __init__(
        self, lead: Model | None, parts: Mapping[str, Model] | None = None, *, of: str = "PROJECT CLIP"
    ) -> None:
        """`of` is how commands that are said name the clip."""
        for name in parts or {}:
            require_part(name)
        self.lead, self.parts, self._of = lead, dict(parts or {}), of

    @classmethod
    def of(cls, models: Cast[One] | One) -> Cast[One]:
        """A lone predictor as a cast of one."""
        return models if isinstance(models, Cast) else Cast(models)

    def part_of(self, record: FaceRecord) -> str:
        """The name of a face's part; empty for everybody the cast does not name."""
        return part_for(record.track, record.person, self.parts)

    def predictor_for(self, record: FaceRecord) -> Model:
        """Who paints this face. Raises CastInvalid where nobody does."""
        predictor = self.parts.get(self.part_of(record)) or self.lead
        if predictor is None:
            raise CastInvalid(
                f"Track {record.track} (person {record.person}) of clip {record.clip!r} has no model: the cast "
                "does not name it, and there is no model for everybody else. Name it in the cast, say --model, "
                "or delete its faces from the faceset."
            )
        return predictor

    @property
    def reach(self) -> int:
        """Frames before and after a face that the models see too, at most."""
        return max((predictor.frames_together // 2 for predictor in self.predictors()), default=0)

    def predictors(self) -> list[Model]:
        """Every model once, the lead first."""
        models = [self.lead, *self.parts.values()]
        return list({(model.name, model.sha256): model for model in models if model is not None}.values())

    def painters(self, records: Iterable[FaceRecord]) -> list[Model]:
        """The models that paint these faces, in the order of `predictors`; where there are none, the first."""
        busy = {id(self.predictor_for(record)) for record in records}
        models = [
            model for model in (self.lead, *self.parts.values()) if model is not None and id(model) in busy
        ]
        return list({(model.name, model.sha256): model for model in models}.values()) or self.predictors()[:1]

    def sources(self) -> CastSources | None:
        """How another process gets these models; None where one of them can't be loaded again."""
        loaders: dict[_Key, Callable[[str], Predictor]] = {}
        for model in self.predictors():
            # Not part of what a predictor must know: one that was made by hand can't be made again.
            source = getattr(model, "source", None)
            if source is None:
                return None
            loaders[model.name, model.sha256] = source
        lead = (self.lead.name, self.lead.sha256) if self.lead is not None else None
        parts = {part: (model.name, model.sha256) for part, model in self.parts.items()}
        return CastSources(loaders, lead, parts)

    def without_models(self) -> Cast[Model]:
        """Nobody who could paint: what is sent to processes that load the models themselves."""
        return Cast(None)

    def require_seen(self, records: Iterable[FaceRecord]) -> None:
        """Raise CastInvalid where the cast names a part that no face plays, or a face has no model."""
        seen: dict[tuple[int, int], FaceRecord] = {}
        for record in records:
            seen.setdefault((record.track, record.person), record)
        names = parts_played(seen)
        for name in self.parts:
            if seen and name not in names:
                raise CastInvalid(
                    f"The cast names {name!r}, whom no face of this clip shows. There are {', '.join(names)}. "
                    f'Take it out with `understudy cast {self._of} "{name}="`.'
                )
        for record in seen.values():
            self.predictor_for(record)


_Key = tuple[str, str]  # a model's name and the SHA-256 of its weights


@dataclass(frozen=True)
class CastSources:
    """How a process loads a cast for itself, on a device of its own. Can be pickled."""

    loaders: Mapping[_Key, Callable[[str], Predictor]]  # each takes the device's name
    lead: _Key | None
    parts: Mapping[str, _Key]

    def cast(self, device: str) -> Cast[Predictor]:
        """Load every model once."""
        loaded = {key: load(device) for key, load in self.loaders.items()}
        lead = loaded[self.lead] if self.lead is not None else None
        return Cast(lead, {part: loaded[key] for part, key in self.parts.items()})


def _by_number(name: str) -> tuple[str, int]:
    kind, _, number = name.partition(" ")
    return kind, int(number)
