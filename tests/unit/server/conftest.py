"""The world that the server's parts are tried in."""

from fix_keeper import clock, keeper, world

__all__ = ["clock", "keeper", "world"]
