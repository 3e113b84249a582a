"""Flags that several commands share, declared once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

# Print events as JSON lines.
Json = Annotated[bool, Parameter(name="--json", negative="")]
# Any number of clips after one flag.
Clips = Annotated[tuple[Path, ...], Parameter(consume_multiple=True, negative="", show_default=False)]
# Any number of facesets after one flag.
Sets = Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative="", show_default=False)]
# Any number of NAME=VALUE after one flag.
Network = Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative="", show_default=False)]
# Any number of parts of a network after one flag, also with commas.
Parts = Annotated[
    tuple[str, ...],
    Parameter(
        consume_multiple=True,
        negative="",
        show_default=False,
        converter=lambda _, tokens: tuple(part for token in tokens for part in token.value.split(",") if part),
    ),
]
# The help shows it before the groups that are sorted by name: how long to train is asked first.
TRAINING = Group("Training", sort_key=1)
# Look, but change nothing.
DryRun = Annotated[bool, Parameter(name="--dry-run", negative="")]


@dataclass(frozen=True)
class Which:
    """Which faces of a faceset a command means.

    Parameters
    ----------
    where:
        A filter over what is known of faces, like "yaw_deg > 20 and clip == 'a'".
    sort:
        The order: a column, or one of the sorts of the reference.
    backwards:
        The order the other way round.
    limit:
        Only the first so many.
    listed:
        A file with one name a line; - reads them from the standard input.
    """

    where: str = ""
    sort: Annotated[str, Parameter(name=["--sort", "--by"])] = ""
    backwards: Annotated[bool, Parameter(negative="")] = False
    limit: Annotated[int | None, Parameter(name=["--limit", "--target"])] = None
    listed: Annotated[Path | None, Parameter(name="--from", allow_leading_hyphen=True)] = None
