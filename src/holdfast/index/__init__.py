"""The index of one vault: derived, in memory, disposable.

Plain entries go in, evidence about them comes out; nothing here knows storage, keys or asyncio.
Importing this package is cheap; `holdfast.index.vault_index` and the embedders import numpy.
"""

from holdfast.index.entries import Entry, Filter

__all__ = ["Entry", "Filter"]
