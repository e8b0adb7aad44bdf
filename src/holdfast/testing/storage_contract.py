"""What every `Storage` must do, sentence by sentence of its protocol."""

from __future__ import annotations

from holdfast.testing._contract_erase import ErasingContract
from holdfast.testing._contract_read import ReadingContract
from holdfast.testing._contract_write import WritingContract

__all__ = ["StorageContract"]


class StorageContract(WritingContract, ReadingContract, ErasingContract):
    """Tests of a `Storage`. A subclass gives the fixture `storage`: empty, open, closed after."""
