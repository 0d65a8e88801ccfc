"""Sends the query that a path stands for, and answers the value of its field."""

from __future__ import annotations

import json
import re

import httpx

from .queries import QUERIES
from .runtime import ApiError, RetryTransport

PATH = re.compile(r"/(?:query|mutation)/(\w+)$")
OWN_HEADERS = ("content-length", "content-type", "transfer-encoding")


class GraphqlTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Raises ApiError for errors of GraphQL, whatever the status."""

    def __init__(self, transport: RetryTransport) -> None:
        self.transport = transport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        field, sent = _query(request)
        response = self.transport.handle_request(sent)
        if field is None or not response.is_success:
            return response
        try:
            response.read()
        finally:
            response.close()
        return _value(response, field)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        field, sent = _query(request)
        response = await self.transport.handle_async_request(sent)
        if field is None or not response.is_success:
            return response
        try:
            await response.aread()
        finally:
            await response.aclose()
        return _value(response, field)

    def close(self) -> None:
        self.transport.close()

    async def aclose(self) -> None:
        await self.transport.aclose()


def _query(request: httpx.Request) -> tuple[str | None, httpx.Request]:
    """The field, and the request that asks for it."""
    found = PATH.search(request.url.path)
    query = QUERIES.get(found[0]) if found else None
    if found is None or query is None:
        return None, request
    raw = request.url.raw_path.decode().replace(found[0], "", 1)
    headers = {name: value for name, value in request.headers.items() if name not in OWN_HEADERS}
    variables = json.loads(request.content) if request.content else {}
    sent = httpx.Request(
        "POST",
        request.url.copy_with(raw_path=(raw if raw.startswith("/") else f"/{raw}").encode()),
        headers=headers,
        json={"query": query, "variables": variables},
        extensions=request.extensions,
    )
    return found[1], sent


def _value(response: httpx.Response, field: str) -> httpx.Response:
    answer = json.loads(response.content)
    if answer.get("errors"):
        raise ApiError(response.status_code, response.content)
    return httpx.Response(response.status_code, json=(answer.get("data") or {}).get(field))
