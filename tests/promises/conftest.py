"""The world that each promise is tried in."""

from fix_keeper import clock, keeper, world

__all__ = ["clock", "keeper", "world"]
