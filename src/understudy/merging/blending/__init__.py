"""How the painted face and the frame become one picture: the modes, overlay and Poisson."""
