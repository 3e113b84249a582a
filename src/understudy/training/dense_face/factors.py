"""What a lesson varies, by name, so that a training can leave parts of it out and what each helps be measured.

Not here: the parts themselves (`lessons`, `lighting`, `camera`, `windows`).
"""

from __future__ import annotations

FACTORS = {
    "covers": "things before faces",
    "props": "rooms and cards that were drawn before",
    "relight": "other light, shadow edges and mottled skin",
    "grade": "other exposure, colours and contrast, black and white",
    "blur": "lens and motion blur",
    "grain": "noise",
    "coarse": "low resolution",
    "codec": "blocks as of JPEG and H.264",
    "roll": "heads and crops that lean",
}
NOTHING: frozenset[str] = frozenset()  # is left out
