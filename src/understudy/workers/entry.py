"""How a process of a crew begins. Imports nothing heavy before threads are counted."""

from __future__ import annotations

from multiprocessing.connection import Connection

from understudy.workers.begin import begin


def serve(connection: Connection) -> None:
    """Run the work that comes first through `connection`; its modules are imported when it arrives."""
    begin()
    work = connection.recv()
    work(connection)
