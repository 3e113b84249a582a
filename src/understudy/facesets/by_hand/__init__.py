"""Faces drawn and corrected by hand: what is known of each frame, what a hand does, and taking it back."""
