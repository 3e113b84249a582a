"""Enter what was finished into the project's ledger, and the ledger into this user's list of them.

How a ledger and that list look is `provenance.exports`.
"""

from __future__ import annotations

from understudy.project.lock import exclusive
from understudy.project.project import Project
from understudy.provenance import exports
from understudy.provenance.identity import home_folder


def enter(project: Project, line: exports.Export) -> None:
    """Write the line, and remember how the ledger ends now.

    Raises MarksUnreadable where a line of the ledger is none, FolderUnwritable and DiskFull.
    """
    # The list is of all projects of a user, and two of them may finish something at once.
    with exclusive(project.ledger_lock), exclusive(home_folder() / ".ledgers.lock"):
        exports.append(project.exports_ledger, line)
        exports.remember_ledger(project.exports_ledger)
