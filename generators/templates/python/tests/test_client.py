"""Calls operations on a mock of the API: a small one in this process, or the one whose address is in API_BASE_URL."""

import datetime
import enum
import importlib
import inspect
import json
import os
import re
import threading
import types
import typing
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from {{module}} import pages
from {{module}}.runtime import ApiError, checked, create_client

HERE = Path(__file__).parent
EXCHANGES = json.loads((HERE / "mock.json").read_text())
LISTS = json.loads((HERE / "lists.json").read_text())


class Mock(BaseHTTPRequestHandler):
    refused = 0
    failing = False

    def answer(self) -> None:
        sent = self.rfile.read(int(self.headers.get("content-length") or 0))
        wanted = {"method": self.command, "path": urlsplit(self.path).path}
        if any("query" in one["request"] for one in EXCHANGES):
            wanted["query"] = json.loads(sent)["query"]
        found = next((one for one in EXCHANGES if one["request"] == wanted), None)
        status, headers, body = 404, {}, None
        if Mock.failing:
            status, headers, body = 200, {"content-type": "application/json"}, {"errors": [{"message": "no"}]}
        elif Mock.refused > 0:
            Mock.refused -= 1
            status, headers = 429, {"retry-after": "0"}
        elif found:
            status, headers, body = (found["response"][name] for name in ("status", "headers", "body"))
        text = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = answer

    def log_message(self, *_: Any) -> None:
        pass


def build(hint: Any, value: Any) -> Any:
    """A value of the type that the client takes."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        for one in typing.get_args(hint):
            try:
                return build(one, value)
            except Exception:
                continue
        raise TypeError(f"{value!r} is no {hint}")
    if origin is list:
        return [build(typing.get_args(hint)[0], one) for one in value]
    if hint is None or hint is type(None):
        if value is not None:
            raise TypeError
        return None
    if inspect.isclass(hint):
        if hint.__name__ == "Unset":
            raise TypeError
        if hasattr(hint, "from_dict"):
            return hint.from_dict(value)
        if issubclass(hint, enum.Enum):
            return hint(value)
        if issubclass(hint, datetime.date):
            return hint.fromisoformat(value)
        if hint is UUID:
            return UUID(value)
        if hint in (str, int, float, bool) and not isinstance(value, (str, int, float, bool)):
            raise TypeError
    return value


def plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def call(exchange: dict[str, Any], client: Any) -> tuple[Any, dict[str, Any]]:
    """The module of an operation and the arguments of a call."""
    module = importlib.import_module(f"{{module}}.api.default.{exchange['operation']}")
    hints = typing.get_type_hints(module.sync_detailed)
    given = {**exchange["query"], **exchange["headers"], **exchange["path"]}
    arguments: dict[str, Any] = {}
    for name in inspect.signature(module.sync_detailed).parameters:
        wire = next((one for one in given if plain(name) in (plain(one), plain(one) + "query", plain(one) + "path")), None)
        if name == "body" and exchange["body"] is not None:
            arguments[name] = build(hints[name], exchange["body"])
        elif wire is not None:
            arguments[name] = build(hints[name], given[wire])
    return module, arguments


class ClientTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.server = ThreadingHTTPServer(("127.0.0.1", 0), Mock)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.local = f"http://127.0.0.1:{cls.server.server_address[1]}"

    @classmethod
    def tearDownClass(cls) -> None:
        cls.server.shutdown()
        cls.server.server_close()

    def test_operations_give_the_answers_of_the_mock(self) -> None:
        client = create_client(os.environ.get("API_BASE_URL", self.local), token="test")
        for exchange in EXCHANGES:
            with self.subTest(exchange["operation"]):
                module, arguments = call(exchange, client)
                answer = module.sync_detailed(client=client, **arguments)
                self.assertEqual(answer.status_code, exchange["response"]["status"])
                if exchange["response"]["body"] is not None:
                    expected = exchange["result"] if "query" in exchange["request"] else exchange["response"]["body"]
                    self.assertEqual(json.loads(answer.content), expected)

    def test_lists_give_every_item(self) -> None:
        for name, field in LISTS.items():
            with self.subTest(name):
                exchange = next(one for one in EXCHANGES if f"{one['operation']}_items" == name)
                client = create_client(self.local)
                _, arguments = call(exchange, client)
                body = exchange["result"] if "query" in exchange["request"] else exchange["response"]["body"]
                expected = body if field == "" else body[field]
                found = []
                for item in getattr(pages, name)(client=client, **arguments):
                    found.append(item)
                    if len(found) > 100:
                        break
                self.assertEqual(len(found[: len(expected)]), len(expected))

    def test_a_refused_request_is_sent_again_and_an_error_has_its_status(self) -> None:
        if not EXCHANGES:
            return
        exchange = EXCHANGES[0]
        client = create_client(self.local)
        module, arguments = call(exchange, client)
        Mock.refused = 2
        answer = module.sync_detailed(client=client, **arguments)
        self.assertEqual(answer.status_code, exchange["response"]["status"])
        Mock.refused = 1
        with self.assertRaises(ApiError) as raised:
            checked(module.sync_detailed(client=create_client(self.local, retries=0), **arguments))
        self.assertEqual(raised.exception.status, 429)

    def test_errors_of_graphql_are_raised_whatever_the_status(self) -> None:
        exchange = next((one for one in EXCHANGES if "query" in one["request"]), None)
        if exchange is None:
            return
        client = create_client(self.local)
        module, arguments = call(exchange, client)
        Mock.failing = True
        try:
            with self.assertRaises(ApiError) as raised:
                module.sync_detailed(client=client, **arguments)
        finally:
            Mock.failing = False
        self.assertEqual(raised.exception.status, 200)
        self.assertEqual(json.loads(raised.exception.body), {"errors": [{"message": "no"}]})


if __name__ == "__main__":
    unittest.main()
