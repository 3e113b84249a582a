"""`understudy studio`: the same work in a browser, on this machine or on one far away."""

from __future__ import annotations

import json as json_text
import os
import sys
import threading
import time
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from understudy.cli.flags import Json
from understudy.cli.keyboard import keys, person_sits_here
from understudy.errors import FolderMissing
from understudy.studio.options import StudioOptions

_LAST_WAIT_S = 2.0

if TYPE_CHECKING:
    from understudy.studio.server import Serving


def studio(
    project: Path | None = None,
    /,
    *,
    new_link: Annotated[bool, Parameter(negative="")] = False,
    json: Json = False,
    options: Annotated[StudioOptions, Parameter(name="*", group="Serving")] = StudioOptions(),
) -> None:
    """Open the studio.

    Its first line is the link that lets one browser in; Enter prints another. Ctrl-C closes it: what it started
    runs on, and is found again.

    Parameters
    ----------
    project
        The project's folder. Without it the studio offers to make or open one.
    new_link:
        Start none, but print a link for one more browser: into the studio that runs on this project, or into
        each of yours on this machine.
    json:
        Print the link as a JSON line, {"event": "StudioOpen", "url": …}, and open no browser.
    """
    from understudy.project.project import Project
    from understudy.studio.open_studio import Studio
    from understudy.studio.running import links, running
    from understudy.studio.server import serve

    if new_link:
        for note, link in links(project.absolute() if project else None):
            _say_link(link, note.port, f"Another browser, {note.project or 'no project yet'}", as_json=json)
        return
    folder = Project.open(project.absolute()).folder if project else None
    for note in running():
        if folder is not None and note.project == str(folder) and not json:
            print(
                f"This project is open at {note.url} too, which is fine: both show the same.", file=sys.stderr
            )
    opened = Studio(
        folder,
        projects=_projects(folder, options),
        clips=tuple(_folder(clip) for clip in options.clips),
        flags=tuple(_flags_of_another(options)),
    )
    serve(opened, options, when_open=lambda serving: _tell(serving, options, as_json=json))
    if not json:
        print("\nThe studio is closed. What it started runs on; the next one finds it again.")
    _leave()


def _leave() -> None:
    """Python would wait for a thread that still computes a picture or loads a model, be it for minutes. What
    such a thread writes it writes aside, so that nothing is broken when it ends with the process."""
    until = time.monotonic() + _LAST_WAIT_S
    others = [one for one in threading.enumerate() if not one.daemon and one is not threading.main_thread()]
    for thread in others:
        thread.join(max(0.0, until - time.monotonic()))
    if any(thread.is_alive() for thread in others):
        sys.stdout.flush()
        os._exit(0)


def _projects(project: Path | None, options: StudioOptions) -> Path:
    if options.projects is not None:
        return _folder(options.projects)
    return project.parent if project else Path.cwd()


def _flags_of_another(options: StudioOptions) -> Iterator[str]:
    """What a studio for another project beside this one is started with."""
    places = {"clips": [str(_folder(clip)) for clip in options.clips]}
    if options.projects is not None:
        places["projects"] = [str(_folder(options.projects))]
    for name in ("certificate", "key"):
        if (path := getattr(options, name)) is not None:
            places[name] = [str(Path(path).absolute())]
    for name, values in {"host": [options.host], **places}.items():
        for value in values:
            yield f"--{name}"
            yield value
    if not options.encryption:
        yield "--no-encryption"


def _folder(said: str) -> Path:
    folder = Path(said).expanduser().absolute()
    if not folder.is_dir():
        raise FolderMissing("This folder is not there. Make it, or name another.", folder)
    return folder


def _tell(serving: Serving, options: StudioOptions, *, as_json: bool) -> None:
    link = serving.new_link()
    _say_link(link, serving.address.port, "The studio is open", as_json=as_json)
    if as_json:
        return
    print("The link is good once. Enter: a link for another browser. Ctrl-C: close the studio.", flush=True)
    if "SSH_CONNECTION" in os.environ and not serving.address.beyond_this_machine:
        port = serving.address.port
        print(f"On your own machine, first: ssh -L {port}:localhost:{port} THIS-MACHINE", flush=True)
    if not options.encryption and serving.address.beyond_this_machine:
        print("understudy: whoever sees the network's traffic sees everything.", file=sys.stderr)
    if person_sits_here():
        threading.Thread(target=_links_on_enter, args=(serving,), daemon=True).start()
    if options.browser and _has_browser():
        webbrowser.open(link)


def _say_link(link: str, port: int, words: str, *, as_json: bool) -> None:
    event = {"event": "StudioOpen", "url": link, "port": port}
    print(json_text.dumps(event) if as_json else f"{words}: {link}", flush=True)


def _links_on_enter(serving: Serving) -> None:
    with keys() as pressed:
        while not serving.ending.wait(0.2):
            if "\n" in (typed := pressed()) or "\r" in typed:
                print(f"Another browser: {serving.new_link()}", flush=True)


def _has_browser() -> bool:
    """A machine reached over SSH, or one without a screen, has none that anyone looks at."""
    if "SSH_CONNECTION" in os.environ:
        return False
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
