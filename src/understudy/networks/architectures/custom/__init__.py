"""A network put together from options: encoder, bottleneck, inters, G-block, decoder. `model.py` wires them.

After Phaze-A of faceswap (2021) and its 256 px presets of Faceswap++ (2022).
"""
