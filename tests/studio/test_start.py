"""The studio starts within two seconds because it imports little: `benchmarks/studio.py start` measures it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from understudy.project.project import Project

# Each takes a good part of a second or more, and is needed by some rooms only, when somebody works in them.
HEAVY = {
    "torch",
    "cv2",
    "av",
    "PIL",
    "faiss",
    "c2pa",
    "mtcnn",
    "OpenEXR",
    "onnx",
    "onnxruntime",
    "ray",
    "skimage",
}

START = """
import json, sys
from pathlib import Path
from fastapi.testclient import TestClient
from understudy.studio.door import Door
from understudy.studio.open_studio import Studio
from understudy.studio.server import served_app
import understudy.cli.studio

door = Door()
with TestClient(served_app(Studio(Path(sys.argv[1])), door), base_url="http://127.0.0.1:1") as window:
    page = window.get(f"/login?token={door.new_token()}")
    module = window.get("/web/shell.js")
    assert page.status_code == module.status_code == 200, (page.text, module.text)
print(json.dumps(sorted(sys.modules)))
"""


def test_until_the_page_is_there_nothing_heavy_is_imported(tmp_path: Path) -> None:
    folder = Project.create(tmp_path / "shot").folder
    ran = subprocess.run(
        [sys.executable, "-c", START, str(folder)], capture_output=True, text=True, check=False, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    imported = set(json.loads(ran.stdout.splitlines()[-1]))
    assert imported & HEAVY == set(), "import it inside the function that needs it"
    assert len({name.partition(".")[0] for name in imported}) < 250
