"""What is asked again after a whole run: modules in the browser alone, and few of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.studio.web.again import failed_modules, main, may_be_asked_again

_REPORT = """<testsuites><testsuite>
<testcase classname="tests.studio.web.test_masks" name="a"/>
<testcase classname="tests.studio.web.test_masks" name="b"><failure message="no"/></testcase>
<testcase classname="tests.studio.web.test_masks" name="c"><error message="no"/></testcase>
<testcase classname="tests.media.test_clip" name="d"><skipped/></testcase>
{more}</testsuite></testsuites>"""


def _report(folder: Path, more: str = "") -> Path:
    path = folder / "report.xml"
    path.write_text(_REPORT.format(more=more))
    return path


def test_a_module_of_which_tests_failed_in_the_browser_is_asked_again_once(tmp_path: Path) -> None:
    assert failed_modules(_report(tmp_path)) == ["tests.studio.web.test_masks"]
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


def test_a_failure_elsewhere_and_a_run_without_a_report_stay_failures(tmp_path: Path) -> None:
    more = '<testcase classname="tests.media.test_clip" name="e"><failure/></testcase>'
    assert main(_report(tmp_path, more)) == 1
    assert main(tmp_path / "none.xml") == 1
