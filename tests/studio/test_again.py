"""What is asked again after a whole run: modules in the browser alone, and few of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.studio.web import again
from tests.studio.web.again import failed_modules, main, may_be_asked_again

_REPORT = """<testsuites><testsuite>
<testcase classname="tests.studio.web.test_masks" name="a"/>
<testcase classname="tests.studio.web.test_masks" name="b"><failure message="no"/></testcase>
<testcase classname="tests.studio.web.test_masks" name="c"><error message="no"/></testcase>
<testcase classname="tests.media.test_clip" name="d"><skipped/></testcase>
{more}</testsuite></testsuites>"""


def _left(folder: Path, more: str = "", *, browser: int = 1, others: int = 0) -> Path:
    """The folder as `make test-all` leaves it, with these exit codes."""
    (folder / "browser.xml").write_text(_REPORT.format(more=more))
    (folder / "browser.exit").write_text(f"{browser}\n")
    (folder / "tests.exit").write_text(f"{others}\n")
    return folder


def test_a_module_of_which_tests_failed_in_the_browser_is_asked_again_once(tmp_path: Path) -> None:
    assert failed_modules(_left(tmp_path) / "browser.xml") == ["tests.studio.web.test_masks"]
    assert may_be_asked_again(["tests.studio.web.test_masks"])


@pytest.mark.parametrize(
    "modules",
    [
        [],
        ["tests.studio.web.test_masks", "tests.media.test_clip"],
        ["tests.studio.test_app"],
        [f"tests.studio.web.test_{number}" for number in range(7)],
    ],
)
def test_nothing_else_is(modules: list[str]) -> None:
    assert not may_be_asked_again(modules)


@pytest.mark.parametrize(("browser", "others"), [(2, 0), (1, 1), (1, 2), (0, 1)])
def test_a_run_that_was_interrupted_or_failed_elsewhere_stays_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, browser: int, others: int
) -> None:
    """A report lists what failed until an interruption, and nothing of what was never asked."""
    asked: list[object] = []
    monkeypatch.setattr(again.subprocess, "run", lambda words, check: asked.append(words) or Done())
    assert main(_left(tmp_path, browser=browser, others=others)) == 1
    assert not asked
    assert main(_left(tmp_path)) == 0
    assert len(asked) == 1


class Done:
    """What a second run without failures gives."""

    returncode = 0


def test_a_failure_elsewhere_and_a_run_without_a_report_stay_failures(tmp_path: Path) -> None:
    more = '<testcase classname="tests.media.test_clip" name="e"><failure/></testcase>'
    assert main(_left(tmp_path, more)) == 1
    assert main(tmp_path / "none") == 1
