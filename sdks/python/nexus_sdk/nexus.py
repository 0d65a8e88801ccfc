"""The client of one platform, as one caller."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from types import ModuleType, TracebackType
from typing import Any, TypeVar
from urllib.parse import quote

import attrs
import httpx

from . import operations
from .errors import WaitTimeoutError, connection_error, error_of
from .events import BuildEvent, Event, FlowRunEvent, ImportEvent, RunEvent, follow
from .generated.client import Client
from .retries import RetryingTransport

E = TypeVar("E", bound=Event)
_WAIT_SECONDS = 30 * 60.0
_FLOW_RUN_OVER = {"completed", "failed", "compensated", "cancelled", "timed_out"}


class Nexus:
    """Calls the API as the owner of an API key or of an access token. Safe to share between threads.

    base_url stands without ``/api/v1``. retries are the attempts after the first.
    """

    def __init__(
        self,
        base_url: str = "http://127.0.0.1:8000",
        *,
        api_key: str | None = None,
        access_token: str | Callable[[], str] | None = None,
        headers: dict[str, str] | None = None,
        retries: int = 3,
        timeout_seconds: float = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._api_key = api_key
        self._access_token = access_token
        inner = transport if transport is not None else httpx.HTTPTransport()
        #: The generated client: pass it to generated operations to call them without this class.
        self.client = Client(
            base_url=base_url.rstrip("/"),
            headers=headers or {},
            timeout=httpx.Timeout(timeout_seconds),
            httpx_args={
                "transport": RetryingTransport(inner, retries),
                "event_hooks": {"request": [self._sign]},
            },
        )

    def __enter__(self) -> Nexus:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.client.get_httpx_client().close()

    def call(self, operation: ModuleType, *args: Any, **kwargs: Any) -> Any:
        """Calls an operation, such as ``operations.get_project``, with its arguments. A body may be a model or a dict.

        Returns ``data`` of the envelope. A POST gets an Idempotency-Key unless it has one, so that it may be sent again.
        Raises NexusError, of the class that fits the status.
        """
        if isinstance(kwargs.get("body"), dict):
            kwargs["body"] = _Body(kwargs["body"])
        try:
            response = operation.sync_detailed(*args, client=self.client, **kwargs)
        except httpx.TransportError as error:
            raise connection_error(error) from error
        if response.status_code >= 400:
            raise error_of(int(response.status_code), response.content)
        parsed = response.parsed
        return parsed.data if hasattr(parsed, "data") and hasattr(parsed, "success") else parsed

    def items(self, operation: ModuleType, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """The items of all pages of a list, which are read as they are needed. Raises NexusError."""
        last_key: str | None = None
        while True:
            page = kwargs if last_key is None else kwargs | {"last_key": last_key}
            data = self.call(operation, *args, **page)
            values = [getattr(data, field.name) for field in attrs.fields(type(data))]
            yield from next((value for value in values if isinstance(value, list)), [])
            following = getattr(data, "last_key", None)
            if not isinstance(following, str) or following == last_key:
                return
            last_key = following

    def build_events(self, project_id: str, *, last_event_id: str = "") -> Iterator[BuildEvent]:
        """The events of a project's build, until it has ended. Raises NexusError."""
        return self._build_events(project_id, last_event_id)

    def run_events(self, invocation_id: str, *, last_event_id: str = "") -> Iterator[RunEvent]:
        """The events of an agent's run that was started in the background or streamed. Raises NexusError."""
        return self._run_events(invocation_id, last_event_id)

    def flow_run_events(self, run_id: str, *, last_event_id: str = "") -> Iterator[FlowRunEvent]:
        """The events of a flow's run, until it has ended. Raises NexusError."""
        return self._flow_run_events(run_id, last_event_id)

    def import_events(self, integration_id: str) -> Iterator[ImportEvent]:
        """The state of an integration's import each time that it changes, until it has ended. Raises NexusError."""
        return self._import_events(integration_id)

    def wait_for_build(self, project_id: str, *, timeout_seconds: float = _WAIT_SECONDS) -> Any:
        """Waits until the build has completed or failed, and returns the project. Raises WaitTimeoutError, NexusError."""
        return self._waited(
            lambda: self.call(operations.get_project, project_id),
            lambda project: project.status in ("completed", "failed"),
            lambda deadline: self._build_events(project_id, "", deadline),
            timeout_seconds,
        )

    def wait_for_run(self, invocation_id: str, *, timeout_seconds: float = _WAIT_SECONDS) -> Any:
        """Waits until the run has ended, or waits for an approval. Raises WaitTimeoutError, NexusError."""
        return self._waited(
            lambda: self.call(operations.get_invocation, invocation_id),
            lambda invocation: invocation.status not in ("queued", "running"),
            lambda deadline: self._run_events(invocation_id, "", deadline),
            timeout_seconds,
        )

    def wait_for_flow_run(self, run_id: str, *, timeout_seconds: float = _WAIT_SECONDS) -> Any:
        """Waits until the run of a flow has ended, and returns it. Raises WaitTimeoutError, NexusError."""
        return self._waited(
            lambda: self.call(operations.get_flow_run, run_id),
            lambda run: run.status in _FLOW_RUN_OVER,
            lambda deadline: self._flow_run_events(run_id, "", deadline),
            timeout_seconds,
        )

    def wait_for_import(self, integration_id: str, *, timeout_seconds: float = _WAIT_SECONDS) -> Any:
        """Waits until an import has ended, and returns the integration. Raises WaitTimeoutError, NexusError."""
        return self._waited(
            lambda: self.call(operations.get_integration, integration_id),
            lambda one: one.status != "importing" and getattr(one.import_, "status", None) != "running",
            lambda deadline: self._import_events(integration_id, deadline),
            timeout_seconds,
        )

    def _build_events(self, project_id: str, last: str, deadline: float | None = None) -> Iterator[BuildEvent]:
        path = f"/api/v1/projects/{quote(project_id, safe='')}/events"
        return self._events(path, BuildEvent, lambda one: one.event == "done", last, deadline)

    def _run_events(self, invocation_id: str, last: str, deadline: float | None = None) -> Iterator[RunEvent]:
        path = f"/api/v1/invocations/{quote(invocation_id, safe='')}/events"
        return self._events(path, RunEvent, lambda one: one.event in ("done", "error"), last, deadline)

    def _flow_run_events(self, run_id: str, last: str, deadline: float | None = None) -> Iterator[FlowRunEvent]:
        path = f"/api/v1/flow-runs/{quote(run_id, safe='')}/events"
        return self._events(path, FlowRunEvent, lambda one: one.event == "run.ended", last, deadline)

    def _import_events(self, integration_id: str, deadline: float | None = None) -> Iterator[ImportEvent]:
        path = f"/api/v1/integrations/{quote(integration_id, safe='')}/events"

        def is_last(one: ImportEvent) -> bool:
            run = one.data.get("import") or {}
            return one.data["status"] != "importing" and run.get("status") != "running"

        return self._events(path, ImportEvent, is_last, "", deadline)

    def _events(
        self, path: str, kind: type[E], is_last: Callable[[E], bool], last: str, deadline: float | None
    ) -> Iterator[E]:
        return follow(self.client.get_httpx_client(), path, kind, is_last, last, deadline)

    def _waited(
        self,
        read: Callable[[], Any],
        is_over: Callable[[Any], bool],
        events: Callable[[float], Iterator[Event]],
        timeout_seconds: float,
    ) -> Any:
        """Reads, follows the events until there are no more, and reads again."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            found = read()
            if is_over(found):
                return found
            for _ in events(deadline):
                if time.monotonic() >= deadline:
                    break
            if time.monotonic() >= deadline:
                raise WaitTimeoutError(
                    f"It did not end within {timeout_seconds:g} seconds",
                    code="WAIT_TIMEOUT",
                    suggestion="Wait again, or with a larger timeout_seconds.",
                )

    def _sign(self, request: httpx.Request) -> None:
        if self._api_key is not None:
            request.headers["x-api-key"] = self._api_key
        token = self._access_token() if callable(self._access_token) else self._access_token
        if token is not None:
            request.headers["authorization"] = f"Bearer {token}"
        if request.method == "POST" and "idempotency-key" not in request.headers:
            request.headers["idempotency-key"] = f"sdk-{secrets.token_hex(16)}"


class _Body(dict[str, Any]):
    """A dict where generated code expects a model."""

    def to_dict(self) -> dict[str, Any]:
        return dict(self)
