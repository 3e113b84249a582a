"""Faces from and for other programs: DeepFaceLab and faceswap. Reading runs nothing that a file says."""
