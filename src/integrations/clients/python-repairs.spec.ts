import { repaired, withPythonNames } from './python-repairs.js';

it('leaves out the second of two properties that have one name in Python, and does not require it', () => {
  const reactions = {
    type: 'object',
    properties: { '+1': { type: 'integer' }, '-1': { type: 'integer' }, total: { type: 'integer' } },
    required: ['-1', 'total'],
  };
  expect(withPythonNames({ schemas: { reactions } })).toEqual({
    schemas: {
      reactions: {
        type: 'object',
        properties: { '+1': { type: 'integer' }, total: { type: 'integer' } },
        required: ['total'],
      },
    },
  });
});

it('closes a model with a property of the name that open models have, and leaves out names of methods', () => {
  const schema = {
    type: 'object',
    properties: {
      ...{ additionalProperties: { type: 'boolean' }, to_dict: { type: 'string' } },
      properties: { type: 'object', properties: { additionalProperties: { type: 'string' } } },
    },
  };
  expect(withPythonNames({ schemas: { schema } })).toEqual({
    schemas: {
      schema: {
        type: 'object',
        additionalProperties: false,
        properties: {
          additionalProperties: { type: 'boolean' },
          properties: {
            type: 'object',
            additionalProperties: false,
            properties: { additionalProperties: { type: 'string' } },
          },
        },
      },
    },
  });
});

it('lists null among the values of an enum that may be null', () => {
  const status = { type: 'string', nullable: true, enum: ['open', 'shut'] };
  expect(withPythonNames({ properties: { status } })).toEqual({
    properties: { status: { type: 'string', nullable: true, enum: ['open', 'shut', null] } },
  });
});

it('leaves out files that import a model which was not written, and what imports those', () => {
  const files = repaired({
    'api/default/list_things.py': 'from ...models.thing import Thing\n',
    'api/default/list_owners.py': 'from ...models.owner import Owner\n',
    'models/__init__.py':
      'from .owner import Owner\nfrom .thing import (\n    Thing,\n)\n\n__all__ = (\n    "Owner",\n    "Thing",\n)\n',
    'models/thing.py': 'if TYPE_CHECKING:\n    from ..models.missing import Missing\n',
    'models/owner.py': 'class Owner: ...\n',
  });
  expect(Object.keys(files)).toEqual(['api/default/list_owners.py', 'models/__init__.py', 'models/owner.py']);
  expect(files['models/__init__.py']).toBe('from .owner import Owner\n\n__all__ = (\n    "Owner",\n)\n');
});

it.each([
  [
    'an optional body of several types',
    'api/default/set_labels.py',
    '    body: A | B | Unset = UNSET,\n) -> dict[str, Any]:\n    if isinstance(body, A):\n        _kwargs["json"] = body.to_dict()\n    else:\n        _kwargs["json"] = body.to_dict()\n',
    '    elif not isinstance(body, Unset):\n        _kwargs["json"] = body.to_dict()\n',
  ],
  [
    'a parameter of the name of a function',
    'api/default/get_quote.py',
    'import httpx\n    quote: str,\n        "url": "/{quote}".format(quote=quote(str(quote), safe="")),\n',
    'from urllib.parse import quote as quote_\n\nimport httpx\n',
  ],
  [
    'a model with a property of its own name',
    'models/commit.py',
    '        commit = cls(\n            commit=commit,\n        )\n\n        commit.additional_properties = d\n        return commit\n',
    '        made_.additional_properties = d\n        return made_\n',
  ],
  [
    'a UUID in a header',
    'api/default/create_thing.py',
    '    key: UUID | Unset = UNSET,\n    name: str,\n) -> dict[str, Any]:\n    headers["X-Name"] = name\n    if not isinstance(key, Unset):\n        headers["Idempotency-Key"] = key\n',
    '    headers["X-Name"] = name\n    if not isinstance(key, Unset):\n        headers["Idempotency-Key"] = str(key)\n',
  ],
  [
    'the reading of an error that is not as described',
    'api/default/list_things.py',
    'def _parse_response(\n    *, client: Client, response: httpx.Response\n) -> Fault | list[Thing]:\n    if response.status_code == 200:\n        return []\n\n    return Fault.from_dict(response.json())\n\n\ndef _build_response(\n    *, client: Client, response: httpx.Response\n) -> Response[Fault | list[Thing]]:\n    return Response(\n        parsed=_parse_response(client=client, response=response),\n    )\n',
    '\n\n\ndef _parsed(\n    *, client: Client, response: httpx.Response\n) -> Fault | list[Thing] | None:\n    try:\n        return _parse_response(client=client, response=response)\n    except (AttributeError, KeyError, TypeError, ValueError):\n        if response.status_code < 400:\n            raise\n        return None\n\n\ndef _build_response(\n    *, client: Client, response: httpx.Response\n) -> Response[Fault | list[Thing]]:\n    return Response(\n        parsed=_parsed(client=client, response=response),\n',
  ],
])('corrects %s', (_, path, text, expected) => {
  expect(repaired({ [path]: text })[path]).toContain(expected);
});
