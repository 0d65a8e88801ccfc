"""Requests that are sent again."""

from __future__ import annotations

import random
import time
from email.utils import parsedate_to_datetime

import httpx

WAIT_MAX_SECONDS = 60.0
_REPEATABLE = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"}


class RetryingTransport(httpx.BaseTransport):
    """Sends a request again when that is safe.

    After 429 and 503 always; after 502, 504 and a lost connection when the method or an Idempotency-Key makes a repeat harmless.
    Waits as long as Retry-After says, at most a minute.
    """

    def __init__(self, transport: httpx.BaseTransport, retries: int) -> None:
        self._transport = transport
        self._retries = retries

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        is_repeatable = request.method in _REPEATABLE or "idempotency-key" in request.headers
        for attempt in range(self._retries + 1):
            try:
                response = self._transport.handle_request(request)
            except httpx.TransportError:
                if not is_repeatable or attempt == self._retries:
                    raise
                time.sleep(wait_of(None, attempt))
                continue
            status = response.status_code
            may_retry = status in (429, 503) or (is_repeatable and status in (502, 504))
            if attempt == self._retries or not may_retry:
                return response
            response.close()
            time.sleep(wait_of(response.headers.get("retry-after"), attempt))
        raise AssertionError("unreachable")

    def close(self) -> None:
        self._transport.close()


def wait_of(header: str | None, attempt: int) -> float:
    """What Retry-After says, in seconds; otherwise longer with each attempt, with chance."""
    wait: float = 0.25 * 2.0**attempt * (0.5 + random.random() / 2)
    if header is not None:
        try:
            wait = float(header)
        except ValueError:
            try:
                wait = parsedate_to_datetime(header).timestamp() - time.time()
            except (TypeError, ValueError):
                pass
    return min(max(wait, 0.0), WAIT_MAX_SECONDS)
