"""How much an import file may cost before it is refused."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["MIB", "Limits"]

MIB = 1024 * 1024


class Limits(Struct, frozen=True, kw_only=True):
    """Bounds on one import file. What is over them ends in HostileFile or a Broken item."""

    max_depth: int = 100
    """Nested arrays and objects in one JSON document."""
    max_conversation_bytes: int = 32 * MIB
    """JSON of one conversation; also of a file that is one JSON object."""
    max_values: int = 1_500_000
    """Values in the JSON of one conversation. Small values cost far more memory than bytes."""
    max_line_bytes: int = 16 * MIB
    """One line of a JSON Lines or text file."""
    max_file_bytes: int = 100 * MIB
    """One attached file."""
    max_conversations: int = 1_000_000
    max_broken: int = 10_000
    """Broken conversations after which the file is given up."""
    max_members: int = 100_000
    """Files in a ZIP or a folder."""
    max_directory_bytes: int = 16 * MIB
    """Central directory of a ZIP, which has to be held in memory."""
    max_unpacked_bytes: int = 2048 * MIB
    """Everything that is unpacked from one ZIP, counted as it is unpacked."""
    max_ratio: int = 100
    """Unpacked to packed size of a ZIP member above 1 MiB."""
