"""`studio/guide.py`: pages of the guide as HTML, and nothing else of the disk."""

from __future__ import annotations

import os
import re
import tomllib
from functools import partial
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException
from fastapi.testclient import TestClient

from understudy.studio import guide

ROOT = Path(__file__).parents[2]


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    docs = tmp_path / "docs"
    (docs / "guide" / "pictures").mkdir(parents=True)
    (docs / "guide" / "masks.md").write_text(
        "# Your `own` masks\n\nDraw a *hole*.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    )
    (docs / "guide" / "README.md").write_text("# The guide\n")
    (docs / "guide" / "make.py").write_text("secret = 1\n")
    (docs / "guide" / "pictures" / "a.png").write_bytes(b"picture")
    (tmp_path / "outside.md").write_text("# Outside\n")
    monkeypatch.setattr(guide, "docs_folder", lambda: docs)
    app = FastAPI()
    app.include_router(guide.routes)
    return TestClient(app)


def test_pages_are_listed_with_their_titles_and_words(client: Any) -> None:
    (page,) = client.get("/api/guide").json()["pages"]
    assert (page["place"], page["title"]) == ("guide/masks.md", "Your own masks")
    assert "hole" in page["words"].split()


def test_a_page_is_html_with_its_tables_and_pictures(client: Any) -> None:
    page = client.get("/docs/guide/masks.md").text
    assert "<em>hole</em>" in page and "<td>1</td>" in page
    assert "<title>Your own masks – understudy</title>" in page
    assert client.get("/docs/guide/pictures/a.png").content == b"picture"


@pytest.mark.parametrize(
    "place", ["../outside.md", "%2e%2e/outside.md", "guide/make.py", "guide/", "nothing.md"]
)
def test_nothing_but_pages_and_pictures_is_served(client: Any, place: str) -> None:
    assert client.get(f"/docs/{place}").status_code == 404


def test_the_real_guide_has_its_pages_where_it_is_there() -> None:
    pages = guide.guide_pages()["pages"]
    assert {"guide/masks.md", "guide/responsible-use.md"} <= {page["place"] for page in pages}
    assert any("consent" in page["words"].split() for page in pages)


def test_without_a_guide_the_list_is_empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(guide.metadata, "files", lambda name: None)
    monkeypatch.setattr(guide, "docs_folder", partial(guide.docs_folder, tmp_path / "a/b/c/guide.py"))
    assert guide.guide_pages() == {"pages": []}
    with pytest.raises(HTTPException):
        guide.page("guide/masks.md")


def installed(prefix: Path) -> tuple[Path, Path]:
    """(the module, the docs) where pip puts them below `prefix`."""
    docs = prefix / "share" / "understudy" / "docs"
    (docs / "guide").mkdir(parents=True)
    (docs / "guide" / "README.md").write_text("# The guide")
    packages = prefix / "lib" / "python3" / "site-packages"
    packages.mkdir(parents=True)
    return packages / "understudy" / "studio" / "guide.py", docs


def test_an_installed_studio_finds_the_guide_where_the_installer_wrote_it_down(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    module, docs = installed(tmp_path)
    listed = metadata.PackagePath("../../../share/understudy/docs/guide/README.md")
    listed.dist = SimpleNamespace(locate_file=lambda path: module.parents[2] / path)  # type: ignore[assignment]
    monkeypatch.setattr(guide.metadata, "files", lambda name: [metadata.PackagePath("understudy/x.py"), listed])
    found = guide.docs_folder(module)
    assert found is not None and found.resolve() == docs.resolve()


def test_a_package_that_was_unpacked_to_a_folder_of_its_own_has_the_guide_beside_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _, docs = installed(tmp_path)
    monkeypatch.setattr(guide.metadata, "files", lambda name: None)
    assert guide.docs_folder(tmp_path / "understudy" / "studio" / "guide.py") == docs


def test_the_wheel_takes_every_page_and_picture_that_the_guide_leads_to() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    told = build["data-files"].items()
    shipped = {Path(place) / path.name for place, globs in told for one in globs for path in ROOT.glob(one)}
    home = Path("share/understudy/docs/guide")
    assert home / "README.md" in shipped
    for page in (ROOT / "docs" / "guide").glob("*.md"):
        for link in re.findall(r"\]\(([^)#]+)|src=\"([^\"]+)", page.read_text(encoding="utf-8")):
            place = "".join(link)
            if "://" not in place:
                assert Path(os.path.normpath(home / place)) in shipped, f"{page.name}: {place}"
