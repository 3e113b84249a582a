"""The reference page of the face metadata, written from the record's own JSON schema.

docs/reference/face-metadata.md is this page; a test keeps it fresh. Says nothing that the schema or the
writer does not know.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from understudy.facesets.record import NAMESPACE, PACKET_LIMIT_BYTES, RECORD_VERSION, FaceRecord

_INTRODUCTION = """\
# Face metadata, version {version}

<!-- Made from the code by `make docs`; edit src/understudy/facesets/record.py instead. -->

A face is an ordinary JPEG or PNG file. What is known about it stands inside the file as XMP, so that it
survives renaming and copying:

- JPEG: an APP1 segment with the identifier `http://ns.adobe.com/xap/1.0/`, after JFIF and Exif.
- PNG: an `iTXt` chunk with the keyword `XML:com.adobe.xmp`.
- The packet is UTF-8 and at most {limit:,} bytes. It holds one property `record` in the namespace
  `{namespace}`; its value is the JSON object below. Other programs' properties in the same
  packet are kept.
- Readers ignore names they don't know and take a file without a whole, valid record for an ordinary picture.
- Positions are in pixels of the upright frame, measured from its top left corner: the first pixel's centre
  is at (0.5, 0.5). A crop spans 0 to `size_px` in both directions.

| name | type | must be there | meaning |
|---|---|---|---|
"""


def schema_page() -> str:
    """The whole page as Markdown."""
    schema = FaceRecord.model_json_schema()
    required = schema.get("required", [])
    rows = [
        f"| `{name}` | {_type(part)} | {'yes' if name in required else 'no'} | {part.get('description', '')} |"
        for name, part in schema["properties"].items()
    ]
    head = _INTRODUCTION.format(version=RECORD_VERSION, limit=PACKET_LIMIT_BYTES, namespace=NAMESPACE)
    body = json.dumps(schema, indent=2, ensure_ascii=False)
    return head + "\n".join(rows) + f"\n\n## JSON schema\n\n```json\n{body}\n```\n"


def _type(part: Mapping[str, Any]) -> str:
    if "enum" in part:
        return ", ".join(f"`{choice}`" for choice in part["enum"])
    if "$ref" in part:
        return f"`{part['$ref'].rpartition('/')[2]}`"
    if "anyOf" in part:
        return " or ".join(_type(one) for one in part["anyOf"] if one.get("type") != "null") + ", or nothing"
    if part.get("type") == "object":
        return f"{_type(part['additionalProperties'])} by name"
    if part.get("type") != "array":
        kind = str(part["type"])
        return {"integer": "whole number", "string": "text", "boolean": "yes or no"}.get(kind, kind)
    same = part.get("maxItems") is not None and part["maxItems"] == part.get("minItems")
    count = part["maxItems"] if same else "n"
    inner = part.get("items") or part["prefixItems"][0]
    return f"{count} × ({_type(inner)})"
