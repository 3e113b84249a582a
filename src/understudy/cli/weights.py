"""`understudy weights list | fetch | add`: the networks' weights that are not in a Python package."""

from __future__ import annotations

import json as text
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from understudy.cli.flags import Json

app = App(name="weights", help="See, fetch and add the weights of networks.")


@app.command(name="list")
def list_weights(*, json: Json = False) -> None:
    """List every file of weights: what uses it, its licence, size, state and SHA-256.

    Parameters
    ----------
    json:
        Print a JSON list instead of a table.
    """
    from understudy.networks.weight_store import WeightStore

    store = WeightStore()
    states = store.states()
    if json:
        print(text.dumps([state.as_json() for state in states], indent=2))
        return
    print(f"{'name':<14} {'state':<9} {'size':>9}  {'sha256':<64} pinned by")
    for state in states:
        size = f"{state.size_bytes / 1e6:.1f} MB" if state.size_bytes else "?"
        print(f"{state.name:<14} {state.state:<9} {size:>9}  {state.sha256 or '?':<64} {state.pinned_by}")
        print(f"{'':<14} {state.used_by}; {state.layout}; {state.licence}")
    print(f"kept in {store.folder}")


@app.command
def fetch(
    name: str,
    /,
    *,
    replace: Annotated[bool, Parameter(negative="")] = False,
    json: Json = False,
) -> None:
    """Fetch weights from their publisher over HTTPS; run again after a break, it goes on.

    Parameters
    ----------
    name:
        Which weights, as `understudy weights list` calls them.
    replace:
        Fetch again, and take the new file where only the first one seen was known.
    json:
        Print every event as a JSON line instead of a progress bar.
    """
    from understudy.cli.show import show
    from understudy.cli.words import print_result
    from understudy.networks import weight_fetching
    from understudy.networks.weight_store import WeightStore

    store = WeightStore()
    finished = show(weight_fetching.fetch(store, name, replace=replace), as_json=json)
    if not json:
        print_result(finished)


@app.command
def add(
    file: Path,
    /,
    *,
    as_: Annotated[str | None, Parameter(name="--as")] = None,
    replace: Annotated[bool, Parameter(negative="")] = False,
    json: Json = False,
) -> None:
    """Add a file of weights that was downloaded elsewhere.

    Parameters
    ----------
    file:
        The file.
    as_:
        Which weights it is, as `understudy weights list` calls them, when its name doesn't say it.
    replace:
        Take it even if another file was seen first under that name.
    json:
        Print its row of `understudy weights list` as JSON.
    """
    from understudy.networks.weight_store import WeightStore

    state = WeightStore().add(file, name=as_, replace=replace)
    if json:
        print(text.dumps(state.as_json(), indent=2))
        return
    print(f"added {state.name} (SHA-256 {state.sha256}, pinned by {state.pinned_by}), for: {state.used_by}")
