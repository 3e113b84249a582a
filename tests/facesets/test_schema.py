from pathlib import Path

from understudy.facesets.record import FaceRecord
from understudy.facesets.schema import schema_page

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "face-metadata.md"


def test_the_page_in_the_docs_is_fresh():
    assert PAGE.read_text(encoding="utf-8") == schema_page(), (
        "run: python -m understudy.facesets.schema > " + str(PAGE)
    )


def test_every_field_stands_in_the_table_with_a_meaning():
    rows = [line.split("|") for line in schema_page().splitlines() if line.startswith("| `")]
    assert [row[1].strip(" `") for row in rows] == list(FaceRecord.model_fields)
    assert all(row[4].strip() for row in rows)
