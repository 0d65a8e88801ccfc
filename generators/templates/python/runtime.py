"""How requests are sent: authentication, retries, errors and pages."""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import httpx

from .client import AuthenticatedClient, Client
from .types import UNSET, Response, Unset

BASE_URL = "{{server}}"
RETRY_WAIT_MAX_SECONDS = 60.0
REPEATABLE = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"}

T = TypeVar("T")


class ApiError(Exception):
    """The API returned an error."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"The API returned {status}")
        self.status = status
        self.body = body


def create_client(
    base_url: str = BASE_URL,
    *,
    token: str | None = None,
    key: str | None = None,
    key_name: str = "X-Api-Key",
    key_in: str = "header",
    basic: tuple[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    retries: int = 3,
    timeout: float = 30.0,
) -> Client:
    """A client that authenticates and retries. Without token, key or basic it sends no credential."""
{{graphql_import}}    sent = dict(headers or {})
    cookies: dict[str, str] = {}
    args: dict[str, Any] = {"transport": {{transport}}}
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    if key is not None and key_in == "header":
        sent[key_name] = key
    if key is not None and key_in == "cookie":
        cookies[key_name] = key
    if key is not None and key_in == "query":
        args["params"] = {key_name: key}
    if basic is not None:
        args["auth"] = httpx.BasicAuth(*basic)
    return Client(
        base_url=base_url, headers=sent, cookies=cookies, timeout=httpx.Timeout(timeout), httpx_args=args
    )


def checked(response: Response[T]) -> T | None:
    """The data of an answer. Raises ApiError."""
    if response.status_code >= 400:
        raise ApiError(int(response.status_code), response.content)
    return response.parsed


class RetryTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Sends requests again when the API asks for it."""

    def __init__(
        self,
        retries: int = 3,
        transport: httpx.BaseTransport | None = None,
        async_transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.retries = retries
        self.transport = transport or httpx.HTTPTransport()
        self.async_transport = async_transport or httpx.AsyncHTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        for attempt in range(self.retries + 1):
            try:
                response = self.transport.handle_request(request)
            except httpx.TransportError:
                if request.method not in REPEATABLE or attempt == self.retries:
                    raise
                time.sleep(_wait(None, attempt))
                continue
            if attempt == self.retries or not _may_retry(request.method, response.status_code):
                return response
            response.close()
            time.sleep(_wait(response.headers.get("retry-after"), attempt))
        raise AssertionError("unreachable")

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        for attempt in range(self.retries + 1):
            try:
                response = await self.async_transport.handle_async_request(request)
            except httpx.TransportError:
                if request.method not in REPEATABLE or attempt == self.retries:
                    raise
                await asyncio.sleep(_wait(None, attempt))
                continue
            if attempt == self.retries or not _may_retry(request.method, response.status_code):
                return response
            await response.aclose()
            await asyncio.sleep(_wait(response.headers.get("retry-after"), attempt))
        raise AssertionError("unreachable")

    def close(self) -> None:
        self.transport.close()

    async def aclose(self) -> None:
        await self.async_transport.aclose()


def _may_retry(method: str, status: int) -> bool:
    return status in (429, 503) or (method in REPEATABLE and status in (502, 504))


def _wait(header: str | None, attempt: int) -> float:
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
    return min(max(wait, 0.0), RETRY_WAIT_MAX_SECONDS)


def items(
    operation: Any,
    arguments: tuple[Any, ...],
    parameters: dict[str, Any],
    client: AuthenticatedClient | Client,
    *,
    kind: str,
    param: str | None,
    size_param: str | None,
    next_field: str | None,
    items_field: str,
    items_name: str,
    body_type: Any = None,
) -> Iterator[Any]:
    """The items of all pages. Pages of another host are not followed. Raises ApiError."""
    response = operation.sync_detailed(*arguments, client=client, **parameters)
    current = dict(parameters)
    seen: set[str] = set()
    while True:
        if response.status_code >= 400:
            raise ApiError(int(response.status_code), response.content)
        parsed = response.parsed
        found = parsed if items_field == "" else getattr(parsed, items_name, None)
        body = _json(response.content)
        if not isinstance(found, list):  # an answer that the generator has no type for
            found = body if items_field == "" else _at(body, items_field)
        listed = found if isinstance(found, list) else []
        yield from listed
        address = (
            _link(response.headers.get("link", "")) if kind == "link" else _at(body, next_field)
        )
        if next_field and _at(body, ".".join([*next_field.split(".")[:-1], "hasNextPage"])) is False:
            return
        if body_type is not None and param is not None:
            if not isinstance(address, str) or address in seen:
                return
            seen.add(address)
            sent = current.get("body", UNSET)
            fields = {} if isinstance(sent, Unset) else sent.to_dict()
            current["body"] = body_type.from_dict({**fields, param: address})
            response = operation.sync_detailed(*arguments, client=client, **current)
            continue
        if kind == "link" or (isinstance(address, str) and re.match(r"(https?:/)?/", address)):
            base = str(client.get_httpx_client().base_url)
            url = urljoin(base, address) if isinstance(address, str) else None
            if url is None or url in seen or urlsplit(url)[:2] != urlsplit(base)[:2]:
                return
            seen.add(url)
            raw = client.get_httpx_client().request("GET", url)
            response = operation._build_response(client=client, response=raw)
            continue
        if param is None or not listed:
            return
        size = current.get(size_param) if size_param is not None else None
        if kind in ("offset", "page"):
            if isinstance(size, int) and len(listed) < size:
                return
            now = current.get(param, UNSET)
            first = 0 if kind == "offset" else 1
            step = len(listed) if kind == "offset" else 1
            current[param] = (now if isinstance(now, int) else first) + step
        else:
            if not isinstance(address, (str, int)) or address == "" or str(address) in seen:
                return
            seen.add(str(address))
            current[param] = address
        response = operation.sync_detailed(*arguments, client=client, **current)


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None


def _at(value: Any, path: str | None) -> Any:
    if path is None:
        return None
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _link(header: str) -> str | None:
    for part in re.split(r",\s*(?=<)", header):
        found = re.match(r"\s*<([^>]*)>(.*)$", part)
        if found and re.search(r";\s*rel=\"?next\"?(?:\s|;|$)", found[2], re.IGNORECASE):
            return found[1]
    return None
