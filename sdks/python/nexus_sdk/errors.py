"""Errors as classes."""

from __future__ import annotations

import json
from typing import Any


class NexusError(Exception):
    """The API returned an error. ``suggestion`` says what to do about it."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        code: str = "",
        details: dict[str, Any] | None = None,
        suggestion: str = "",
        trace_id: str = "",
        request_id: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        #: Of HTTP; 0 when there was no answer.
        self.status = status
        #: Such as ``RESOURCE_NOT_FOUND``.
        self.code = code
        self.details: dict[str, Any] = details or {}
        self.suggestion = suggestion
        self.trace_id = trace_id
        self.request_id = request_id


class InvalidRequestError(NexusError):
    """400, 413, 415, 422: ``details`` names what is wrong with the request."""


class AuthenticationError(NexusError):
    """401: the key or token is missing, wrong or revoked."""


class BudgetExceededError(NexusError):
    """402: a hard budget does not cover the call."""


class PermissionDeniedError(NexusError):
    """403: a role is missing."""


class NotFoundError(NexusError):
    """404: the organization has no such record."""


class ConflictError(NexusError):
    """409: another request was first, or the state does not allow it."""


class RateLimitError(NexusError):
    """429, after all retries."""


class ServerError(NexusError):
    """5xx, after all retries."""


class NexusConnectionError(NexusError):
    """No answer came, after all retries."""


class WaitTimeoutError(NexusError):
    """``Nexus.wait_for_build`` and the like waited as long as they were allowed to."""


_CLASSES: dict[int, type[NexusError]] = {
    400: InvalidRequestError,
    401: AuthenticationError,
    402: BudgetExceededError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    413: InvalidRequestError,
    415: InvalidRequestError,
    422: InvalidRequestError,
    429: RateLimitError,
}


def error_of(status: int, content: bytes) -> NexusError:
    """The error of an answer, also of one that something in between gave."""
    try:
        body = json.loads(content)
    except ValueError:
        body = None
    found = body.get("error") if isinstance(body, dict) else None
    error: dict[str, Any] = found if isinstance(found, dict) else {}
    fallback = ServerError if status >= 500 else NexusError
    return _CLASSES.get(status, fallback)(
        error.get("message") or content[:200].decode(errors="replace") or f"The server answered {status}",
        status=status,
        code=error.get("code", f"HTTP_{status}"),
        details=error.get("details"),
        suggestion=error.get("suggestion", ""),
        trace_id=error.get("trace_id", ""),
        request_id=body.get("request_id", "") if isinstance(body, dict) else "",
    )


def connection_error(cause: Exception) -> NexusConnectionError:
    return NexusConnectionError(
        f"The server did not respond: {cause}",
        code="CONNECTION_FAILED",
        suggestion="Check base_url and that the platform is running.",
    )
