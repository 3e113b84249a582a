"""What is done to the painted face or to the frame so that both look shot by one camera."""
