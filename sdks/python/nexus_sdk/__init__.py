"""Client of the Nexus API: sign-in, retries, iterators of pages, events that resume, waiting, and errors as classes."""

from .errors import (
    AuthenticationError,
    BudgetExceededError,
    ConflictError,
    InvalidRequestError,
    NexusConnectionError,
    NexusError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    WaitTimeoutError,
)
from .events import BuildEvent, Event, FlowRunEvent, ImportEvent, RunEvent
from .nexus import Nexus

__all__ = [
    "AuthenticationError",
    "BudgetExceededError",
    "BuildEvent",
    "ConflictError",
    "Event",
    "FlowRunEvent",
    "ImportEvent",
    "InvalidRequestError",
    "Nexus",
    "NexusConnectionError",
    "NexusError",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "RunEvent",
    "ServerError",
    "WaitTimeoutError",
]
