"""`understudy swap`: the main job in one command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from understudy.cli.flags import TRAINING, DryRun, Json
from understudy.cli.show import show
from understudy.cli.words import print_result
from understudy.facesets.extraction.options import ExtractOptions
from understudy.jobs.request import SwapRequest
from understudy.merging.delivery.options import EncodeOptions
from understudy.merging.options import MergeOptions
from understudy.training.options import TrainOptions


def swap(
    src: Path | None = None,
    dst: Path | None = None,
    /,
    *,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    project: Path | None = None,
    more_src: Annotated[
        tuple[Path, ...], Parameter(name="--src", consume_multiple=True, negative="", show_default=False)
    ] = (),
    more_dst: Annotated[
        tuple[Path, ...], Parameter(name="--dst", consume_multiple=True, negative="", show_default=False)
    ] = (),
    src_face: int | None = None,
    dst_face: int | None = None,
    consent: str | None = None,
    model: str | None = None,
    preset: str | None = None,
    device: str = "auto",
    dry_run: DryRun = False,
    json: Json = False,
    train: Annotated[TrainOptions, Parameter(name="*", group=TRAINING)] = TrainOptions(),
    extract: Annotated[ExtractOptions, Parameter(group="Extracting")] = ExtractOptions(),
    merge: Annotated[MergeOptions, Parameter(group="Merging")] = MergeOptions(),
    encode: Annotated[EncodeOptions, Parameter(group="Encoding")] = EncodeOptions(),
) -> None:
    """Two clips in, a finished, signed shot out.

    Run it again and it goes on where it stopped. Once it is finished, --minutes or --iterations train that much
    more.

    Parameters
    ----------
    src:
        Footage of the performer whose face will be shown: a video or a folder of images.
    dst:
        The footage that receives the face: a video or a folder of images.
    out:
        The finished file; a folder when there are several dst clips. Without it the shot goes into the
        project's folder `out`.
    project:
        The project folder. Without it: beside the finished file, with its name and `.understudy`; without that
        file too: here, with the name of DST.
    more_src:
        Further footage of the same src performer.
    more_dst:
        Further footage to receive the face.
    src_face:
        Which person of SRC, by number, where several are seen.
    dst_face:
        Which person of DST, by number, where several are seen.
    consent:
        How both performers agreed: agreed, fictional or "not stated". Dates and scope go into understudy.toml.
    model:
        Name of the model in the project; one that isn't there yet is made. Without it: main, unless the project
        has models and none is called so.
    preset:
        Which network and settings to train with: quick, h64, df or liaef128. Quick for a new model.
    device:
        Where to compute: auto, cpu, cuda, cuda:1, mps, xpu.
    dry_run:
        Only say what would be done, stage by stage, what of it is done already, what the training would take
        and where the shot would go; or what would stop it.
    json:
        Print every event as a JSON line instead of a progress bar.
    """
    from understudy.jobs.swap import swap as run
    from understudy.jobs.swap_outlook import swap_outlook

    request = SwapRequest(
        src=tuple(p for p in (src, *more_src) if p),
        dst=tuple(p for p in (dst, *more_dst) if p),
        out=out,
        project=project,
        src_face=src_face,
        dst_face=dst_face,
        consent=consent,
        model=model or "",
        preset=preset,
        device=device,
        train=train.model_dump(exclude_unset=True),
        extract=extract.model_dump(exclude_unset=True),
        merge=merge.model_dump(exclude_unset=True),
        encode=encode.model_dump(exclude_unset=True),
    )
    finished = show(swap_outlook(request) if dry_run else run(request), as_json=json)
    if not (json or dry_run):  # which has said its figures already, stage by stage
        print_result(finished)
