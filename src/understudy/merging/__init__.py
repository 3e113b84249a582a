"""Paint a trained model into the footage: predict, mask, match colour, blend, encode."""
