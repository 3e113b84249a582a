"""Ask the studio's tests in a browser once more where they, and nothing else, failed: `python -m
tests.studio.web.again FOLDER`, with the folder in which `make test-all` leaves its reports and exit codes.

On a machine that others share, a browser can be starved for longer than any test waits. Modules that failed run
anew from their beginning, once, and are named; what fails twice fails. Any failure elsewhere is final, and so
is a run that did not come to its end.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

_HERE = "tests.studio.web."
_MOST_MODULES = 6  # more than these fail for a reason
# pytest's codes for runs that came to their end; those that were interrupted write reports too.
_PASSED, _SOME_FAILED = "0", "1"


def failed_modules(report: Path) -> list[str]:
    """Dotted names of the modules of which a test failed, or ended in an error; in order."""
    names = (
        case.get("classname", "")
        for case in ElementTree.parse(report).iter("testcase")
        if case.find("failure") is not None or case.find("error") is not None
    )
    return list(dict.fromkeys(names))


def may_be_asked_again(modules: list[str]) -> bool:
    """Whether all that failed is the browser's, and little."""
    return 0 < len(modules) <= _MOST_MODULES and all(name.startswith(_HERE) for name in modules)


def _ended(code: Path) -> str:
    return code.read_text().strip() if code.is_file() else ""


def main(folder: Path) -> int:
    """The exit code of the second run, or 1 where there is none."""
    report = folder / "browser.xml"
    ends = _ended(folder / "tests.exit"), _ended(folder / "browser.exit")
    modules = failed_modules(report) if ends == (_PASSED, _SOME_FAILED) and report.is_file() else []
    if not may_be_asked_again(modules):
        return 1
    print(f"These failed in the browser and are asked once more: {', '.join(modules)}", flush=True)
    files = [name.replace(".", os.sep) + ".py" for name in modules]
    return subprocess.run([sys.executable, "-m", "pytest", *files], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
