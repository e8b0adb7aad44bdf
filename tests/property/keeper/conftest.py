"""The world that the keeper is tried in."""

from fix_keeper import clock, keeper, world

__all__ = ["clock", "keeper", "world"]
