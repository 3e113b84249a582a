"""Where the painted face shows: which masks count, eroded, feathered, within the crop."""
