"""The guide in the browser: pages of `docs/` as HTML, and what the finding of things lists of them.

The pages lie beside the source, or, in an installed package, where its wheel puts them (`pyproject.toml`);
without them the list is empty and nothing is served.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse, HTMLResponse, Response

_FIRST_PAGE = "docs/guide/README.md"
_SHARED = Path("share/understudy")  # of an installed package, as pyproject.toml says
PICTURE_SUFFIXES = frozenset({".jpg", ".png", ".svg"})

routes = APIRouter()


@cache
def docs_folder(source: Path = Path(__file__)) -> Path | None:
    """The folder with the pages that belong to this studio; None where it came without them."""
    for folder in _homes(source):
        if (folder / _FIRST_PAGE).is_file():
            return folder / "docs"
    return None


def _homes(source: Path) -> Iterator[Path]:
    """Where `docs` can be: a checkout, what the installer wrote down, beside the package (pip's --target)."""
    package = source.parents[1]
    yield package.parents[1]
    try:
        files = metadata.files("understudy") or ()
    except metadata.PackageNotFoundError:
        files = ()
    listed = (
        Path(str(file.locate())) for file in files if file.as_posix().endswith(f"{_SHARED}/{_FIRST_PAGE}")
    )
    yield from (path.parents[2] for path in listed)
    yield package.parent / _SHARED


@routes.get("/api/guide")
def guide_pages() -> dict[str, list[dict[str, str]]]:
    """Name, title and words of every page of the guide."""
    return {"pages": _pages(docs_folder())}


@routes.get("/docs/{place:path}")
def page(place: str) -> Response:
    """One page as HTML, or one of its pictures."""
    found = _files(docs_folder()).get(place)
    if found is None:
        raise HTTPException(404, "The guide has no such page")
    if found.suffix in PICTURE_SUFFIXES:
        return FileResponse(found)
    return HTMLResponse(page_html(found.read_text(encoding="utf-8")))


def page_html(text: str) -> str:
    """A page of Markdown as a whole HTML page in the studio's looks.

    Only for pages of our own: HTML in them stays.
    """
    from markdown_it import MarkdownIt

    body = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    return (
        '<!doctype html><html lang="en" data-theme="dark"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(_title(text))} – understudy</title>"
        '<link rel="icon" href="/web/style/icon.svg"><link rel="stylesheet" href="/web/style/theme.css">'
        '<link rel="stylesheet" href="/web/style/controls.css">'
        '<link rel="stylesheet" href="/web/style/guide.css">'
        '<script type="module" src="/web/shell/theme.js"></script>'
        f'<body class="guide"><main>{body}</main></body></html>'
    )


@cache
def _files(docs: Path | None) -> dict[str, Path]:
    """What may be asked for, by its place below `docs`: nothing else can be reached."""
    if docs is None:
        return {}
    found = (path for path in docs.rglob("*") if path.suffix in {".md", *PICTURE_SUFFIXES})
    return {path.relative_to(docs).as_posix(): path for path in found}


@cache
def _pages(docs: Path | None) -> list[dict[str, str]]:
    told = []
    for path in sorted(docs.glob("guide/*.md") if docs else ()):
        if path.name != "README.md":
            text = path.read_text(encoding="utf-8")
            told.append({"place": f"guide/{path.name}", "title": _title(text), "words": _words(text)})
    return told


def _title(text: str) -> str:
    heading = re.search(r"^# (.+)$", text, re.MULTILINE)
    return heading.group(1).replace("`", "") if heading else "Guide"


def _words(text: str) -> str:
    """All words of a page, each once, without its code blocks."""
    plain = re.sub(r"```.*?```|<[^>]+>|\]\([^)]*\)", " ", text, flags=re.DOTALL)
    return " ".join(dict.fromkeys(re.findall(r"[\w-]{3,}", plain.lower())))
