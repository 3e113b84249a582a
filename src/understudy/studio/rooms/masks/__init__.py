"""Masks: regions drawn and painted on faces, and segmenters that learn from them."""

from understudy.studio.rooms.masks.addresses import routes

__all__ = ["routes"]
