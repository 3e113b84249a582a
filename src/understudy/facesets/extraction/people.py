"""Who is who in a clip, and which one is meant.

Works on tracks alone; pictures of people are cut by `portraits.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from understudy.errors import PersonUnknown
from understudy.facesets.extraction.found import FoundFrame
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.extraction.tracks import Sighting, Track, best_of, tracks_of

_DOMINANT_SHARE = 0.8
_PASSING_SHARE = 0.02


@dataclass(frozen=True, eq=False)
class Person:
    """Everything seen of one person. `weight_share` counts faces by their size, of all people's."""

    number: int
    tracks: list[Track]
    weight_share: float
    frame_share: float

    @property
    def sightings(self) -> list[Sighting]:
        """All sights, in order of frames."""
        return sorted((s for track in self.tracks for s in track.sightings), key=lambda s: s.frame.index)

    def best(self) -> Sighting:
        """The sighting to show."""
        return best_of([sighting for track in self.tracks for sighting in track.sightings])


def people_of(frames: Sequence[FoundFrame], options: ExtractOptions) -> list[Person]:
    """All people in the finds, numbered from 1, most seen first."""
    return people_from(tracks_of(frames, options), frames=len(frames))


def people_from(tracks: Sequence[Track], *, frames: int) -> list[Person]:
    """The people of these tracks, of a clip of so many looked-at frames."""
    of_person: dict[int, list[Track]] = defaultdict(list)
    for track in tracks:
        of_person[track.person].append(track)
    weight = {number: sum(s.side_px for t in own for s in t.sightings) for number, own in of_person.items()}
    total = sum(weight.values()) or 1.0
    return [
        Person(
            number,
            own,
            weight_share=weight[number] / total,
            frame_share=len(set().union(*(track.frames() for track in own))) / frames,
        )
        for number, own in sorted(of_person.items())
    ]


def chosen_person(people: Sequence[Person], wanted: int | None) -> Person | None:
    """The person meant: the one asked for, the only one, or a clearly dominant one; None when it isn't clear.

    Raises PersonUnknown for a number that nobody has.
    """
    if wanted is not None:
        for person in people:
            if person.number == wanted:
                return person
        raise PersonUnknown(
            f"There is no person {wanted} here; seen are {described(people)}. Say which one is meant with "
            "--src-face or --dst-face NUMBER."
        )
    rivals = [person for person in people if person.weight_share >= _PASSING_SHARE]
    first = max(people, key=lambda person: person.weight_share)
    return first if len(rivals) <= 1 or first.weight_share >= _DOMINANT_SHARE else None


def described(people: Sequence[Person], *, most: int = 8) -> str:
    """ "person 1 in 80 % of the frames, person 2 in 35 %" and so on."""
    parts = [f"person {p.number} in {100 * p.frame_share:.0f} %" for p in people[:most]]
    parts[0] += " of the frames"
    return ", ".join(parts) + (f" and {len(people) - most} more" if len(people) > most else "")
