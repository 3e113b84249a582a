"""A wheel of the checkout, installed into an environment of its own, has a studio with the guide."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
_ASKS = "from understudy.studio import guide; print(guide.docs_folder(), len(guide.guide_pages()['pages']))"

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built offline from a copy, so that nothing is left in the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "source"
    copy.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for name in ("src", "docs"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    words = ("wheel", str(copy), "--no-deps", "--no-build-isolation", "-w", str(folder))
    subprocess.run([*PIP, *words], check=True, timeout=300)
    (made,) = folder.glob("*.whl")
    return made


def test_the_wheel_holds_the_pages_of_the_guide_with_their_pictures(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        names = {name.partition(".data/data/")[2] for name in opened.namelist()}
    for path in [*ROOT.glob("docs/guide/*.md"), *ROOT.glob("docs/guide/pictures/*.jpg")]:
        assert f"share/understudy/{path.relative_to(ROOT).as_posix()}" in names


def test_a_studio_from_the_wheel_has_the_guide(wheel: Path, tmp_path: Path) -> None:
    # Without `--ignore-installed` pip would take the checkout's own installation out of this environment.
    words = ("install", "--no-deps", "--ignore-installed", "--prefix", str(tmp_path / "there"), str(wheel))
    before = metadata.distribution("understudy").files
    subprocess.run([*PIP, *words], check=True)
    assert metadata.distribution("understudy").files == before
    (packages,) = (tmp_path / "there").rglob("site-packages")
    asked = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(packages)!r}); {_ASKS}"],
        env={"PATH": "", "PYTHONSAFEPATH": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    folder, count = asked.stdout.split()
    assert Path(folder).resolve() == (tmp_path / "there" / "share" / "understudy" / "docs").resolve()
    assert int(count) == len([*ROOT.glob("docs/guide/*.md")]) - 1
