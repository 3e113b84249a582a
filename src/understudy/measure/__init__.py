"""How good is it: picture measures inside the face, against the true swap or the plate."""
