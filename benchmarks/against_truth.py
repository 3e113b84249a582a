"""How much nearer to a known true swap a result is than the untouched dst, inside the face.

Run: python benchmarks/against_truth.py RESULT DST TRUTH [--landmarks FILE.npz --key truth]

All three are clips of the same frames. With landmarks (frames, 68, 2) in pixels the face is their hull;
without, faces are found in TRUTH.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from understudy.faces.detect import DETECTORS
from understudy.faces.inputs import FinderInputs
from understudy.faces.landmark import LANDMARKERS
from understudy.measure.shots import MaskOf, compare_all, masks_of_landmarks
from understudy.media.opening import open_clip


def found_in(truth: Path) -> MaskOf:
    """Masks of the largest face that the detector finds in every frame."""
    detector, landmarker = DETECTORS["mtcnn"](FinderInputs()), LANDMARKERS["five-point"](FinderInputs())
    known = {}
    with open_clip(truth) as clip:
        for frame in clip.frames():
            if detections := detector.detect([frame])[0]:
                known[frame.index] = landmarker.landmarks_68([frame], [detections[:1]])[0][0]
    return masks_of_landmarks(known)


def main() -> None:
    """Print PSNR and SSIM of the result, of dst, and of dst with its colours matched to the truth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("result", type=Path)
    parser.add_argument("dst", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--landmarks", type=Path)
    parser.add_argument("--key", default="truth")
    said = parser.parse_args()
    if said.landmarks:
        with np.load(said.landmarks, allow_pickle=False) as stored:
            masks = masks_of_landmarks(stored[said.key])
    else:
        masks = found_in(said.truth)
    scores = compare_all({"result": said.result, "dst": said.dst}, said.truth, masks=masks, tinted="dst")
    for name, score in scores.items():
        print(f"{name:<14} PSNR {score.psnr_db:6.2f} dB   SSIM {score.ssim:.4f}")
    gain_db = scores["result"].psnr_db - scores["dst"].psnr_db
    print(f"gain over dst  PSNR {gain_db:+6.2f} dB   SSIM {scores['result'].ssim - scores['dst'].ssim:+.4f}")
    worst = ", ".join(f"{frame.frame} ({frame.psnr_db:.1f} dB)" for frame in scores["result"].worst())
    print(f"worst frames   {worst}")


if __name__ == "__main__":
    main()
