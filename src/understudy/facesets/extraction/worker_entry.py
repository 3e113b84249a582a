"""How a process that looks at frames begins. Imports nothing heavy before threads are counted."""

from __future__ import annotations

from multiprocessing.connection import Connection

from understudy.actors.worker import begin


def serve(connection: Connection) -> None:
    """Run the work that comes first through `connection`; its modules are imported when it arrives."""
    begin()
    work = connection.recv()
    work(connection)
