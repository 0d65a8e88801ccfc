"""Server-Sent Events that go on after a dropped connection."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import httpx

from .errors import connection_error, error_of
from .retries import wait_of

_RECONNECTS_MAX = 10


@dataclass(frozen=True)
class Event:
    """One event of a stream."""

    #: Its position; pass it as ``last_event_id`` to go on after it.
    id: str
    event: str
    data: dict[str, Any]


@dataclass(frozen=True)
class BuildEvent(Event):
    """What happens in a build. ``done`` is the last of an attempt."""

    event: Literal["stage", "progress", "log", "done"]


@dataclass(frozen=True)
class RunEvent(Event):
    """What happens in the run of an agent. ``done`` or ``error`` is the last."""

    event: Literal["start", "delta", "tool_call", "tool_result", "approval_required", "approval_decided", "done", "error"]


@dataclass(frozen=True)
class FlowRunEvent(Event):
    """What happens in the run of a flow: ``run.…`` and ``step.…``. ``run.ended`` is the last."""


@dataclass(frozen=True)
class ImportEvent(Event):
    """The state of an import, each time that it changes."""

    event: Literal["import"]


E = TypeVar("E", bound=Event)


def follow(
    client: httpx.Client,
    path: str,
    kind: type[E],
    is_last: Callable[[E], bool],
    last_event_id: str = "",
    deadline: float | None = None,
) -> Iterator[E]:
    """The events of a stream, until its last or until the server has nothing more.

    Raises NexusError; NexusConnectionError after ten connections in a row that brought nothing. A deadline of the monotonic
    clock ends the stream early.
    """
    last = last_event_id
    empty = 0
    while True:
        failure: Exception = RuntimeError("the stream ended early")
        headers = {"accept": "text/event-stream"} | ({"last-event-id": last} if last else {})
        try:
            with client.stream("GET", path, headers=headers, timeout=_timeout(deadline)) as response:
                if response.status_code == 204:
                    return
                if response.status_code >= 400:
                    raise error_of(response.status_code, response.read())
                for found in _events(response):
                    empty = 0
                    last = found.id or last
                    event = kind(found.id, found.event, found.data)
                    yield event
                    if is_last(event):
                        return
        except httpx.TransportError as error:
            failure = error
        if deadline is not None and time.monotonic() >= deadline:
            return
        if empty >= _RECONNECTS_MAX:
            raise connection_error(failure)
        time.sleep(wait_of(None, min(empty, 4)))
        empty += 1


def _timeout(deadline: float | None) -> httpx.Timeout:
    """Streams are silent for at most fifteen seconds: the server sends comments."""
    read = 60.0 if deadline is None else min(60.0, max(0.1, deadline - time.monotonic()))
    return httpx.Timeout(30.0, read=read)


def _events(response: httpx.Response) -> Iterator[Event]:
    fields = {"id": "", "event": "message"}
    data: list[str] = []
    for line in response.iter_lines():
        if line == "":
            if data:
                yield Event(fields["id"], fields["event"], json.loads("\n".join(data)))
            fields = {"id": "", "event": "message"}
            data = []
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name in fields:
            fields[name] = value
