"""Which files of a faceset are other ones than when somebody last asked: whoever follows a faceset of very many
faces pays for what changed alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from understudy.facesets.index import Row


class Changes:
    """What one follower of a faceset has not seen yet; at first all that is there."""

    def __init__(self, rows: Mapping[str, Row]) -> None:
        self._names = set(rows)

    def note(self, names: Iterable[str]) -> None:
        """These came, went or are other ones."""
        self._names.update(names)

    def among(self, rows: Mapping[str, Row]) -> dict[str, Row | None]:
        """What was noted since `seen`, as it is now: rows by name, None for those gone."""
        return {name: rows.get(name) for name in self._names}

    def seen(self) -> None:
        """The follower knows all of it."""
        self._names = set()


def changed_names(before: Mapping[str, Row], now: Mapping[str, Row]) -> set[str]:
    """Names whose row came, went or is another one."""
    other = {name for name, row in now.items() if before.get(name) is not row}
    return other | (before.keys() - now.keys())
