"""The sentence that refuses a name which nothing in a project has: with the names there are, and the nearest.

Which error carries it is the matter of whoever looked for the name.
"""

from __future__ import annotations

from collections.abc import Iterable

from understudy.options import meant


def unknown(what: str, name: str, known: Iterable[str], *, short: Iterable[str] = ()) -> str:
    """`what` is what was looked for, like "dst clip". `short` are further ways to name one of those known."""
    names = list(known)
    near = meant(name, [*names, *short])
    return f"The project has no {what} called {name!r}; it has {', '.join(names) or 'none yet'}.{near}"
