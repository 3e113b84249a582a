"""Crowds of rendered people who are nobody: the truth that our own face network learns from.

For whoever trains on it:
- `draw.sample(number, seed, size_px, part="train")` is one `sample.Sample`: any number, always the same pixels,
  five neighbours in number share a person. `part="test"` has other people and other lights.
- `shards.render_shards(folder, ShardPlan(samples, size_px, seed, part), processes=, seconds=)` yields events
  and fills a folder, going on where it stopped; `shards.shard_paths(folder)` and `shards.read_shard(path)` give
  back `rgb` uint8 (n, S, S, 3), `person`, `skin` uint8 (n, S, S), `points` float32 (n, 70, 2) and `labels`.
- `scenery.render_scenery(folder, SceneryPlan(...), processes=)` fills a folder with what is composed with them,
  `scenery.read_scenery(folder)` maps it: `backgrounds` uint8 (n, S, S, 3), `cards` uint8 (n, 128, 128, 4) with
  straight alpha to hold before faces, `no_faces` uint8 (n, S, S, 3) for the face score.
- The face lies in the middle of the picture: about 290 mm are shown, of which brows to chin take 120 mm.
- Colours are straight: the person's own also under a soft edge, so a picture over a room is
  `rgb * person + room * (1 - person)`.

Drawing imports numpy and OpenCV alone. `jaw.seen_jaw` moves jaw points onto the contour that is seen.
"""
