"""What goes over the wire, apart from the nouns of the library: those may change, this is kept."""

from __future__ import annotations

from holdfast.server.schemas.base import ErrorDetail, ErrorOut, HealthOut, In, Out, TicketOut
from holdfast.server.schemas.conversations import (
    ConversationOut,
    ConversationsOut,
    FileOut,
    MessageOut,
    SessionOut,
    SessionWithTurns,
    ToolOut,
    TurnOut,
)
from holdfast.server.schemas.events import (
    DeltaEvent,
    ErrorEvent,
    FailedEvent,
    FinishedEvent,
    Frame,
    HistoryEvent,
    PongEvent,
    RecalledEvent,
    ServerEvent,
    StartedEvent,
)
from holdfast.server.schemas.frames import (
    CancelFrame,
    ClientFrame,
    MessageFrame,
    PingFrame,
    client_frames,
)
from holdfast.server.schemas.recall import HitOut

__all__ = [
    "CancelFrame",
    "ClientFrame",
    "ConversationOut",
    "ConversationsOut",
    "DeltaEvent",
    "ErrorDetail",
    "ErrorEvent",
    "ErrorOut",
    "FailedEvent",
    "FileOut",
    "FinishedEvent",
    "Frame",
    "HealthOut",
    "HistoryEvent",
    "HitOut",
    "In",
    "MessageFrame",
    "MessageOut",
    "Out",
    "PingFrame",
    "PongEvent",
    "RecalledEvent",
    "ServerEvent",
    "SessionOut",
    "SessionWithTurns",
    "StartedEvent",
    "TicketOut",
    "ToolOut",
    "TurnOut",
    "client_frames",
]
