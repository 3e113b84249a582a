"""What the numbers in the names of an image sequence say of frames that are not there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

_LAST_NUMBER = re.compile(r"(\d+)(?!.*\d)")


def last_number(name: str) -> int | None:
    """The number that counts the images of a sequence, of one's name without its ending; None without."""
    found = _LAST_NUMBER.search(name)
    return None if found is None else int(found[1])


def skipped_numbers(files: Sequence[Path]) -> str:
    """One sentence on gaps in the numbering of files in their order, or empty.

    Files that are called alike but for their last number are one sequence; of others nothing is known. Numbers
    that go on in equal steps, as when every tenth frame was rendered, are meant so.
    """
    found = [_LAST_NUMBER.search(file.stem) for file in files]
    matches = [match for match in found if match is not None]
    if len(matches) < len(files) or len({match.string[: match.start()] for match in matches}) > 1:
        return ""
    numbers = [int(match[1]) for match in matches]
    steps = [later - earlier for earlier, later in pairwise(numbers)]
    if len(set(steps)) < 2 or min(steps) < 1:
        return ""
    first = next(place for place, step in enumerate(steps) if step > min(steps))
    count = sum(step // min(steps) - 1 for step in steps)
    gap = "number is" if count == 1 else "numbers are"
    return (
        f"{count} {gap} left out among the images, first after {files[first].name}, and nothing is shown in "
        "place of them: a movie is that much shorter, and no longer goes with its sound."
    )
