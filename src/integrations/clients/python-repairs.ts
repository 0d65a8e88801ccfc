const API = 'api/';
const MODELS = 'models/';
/** What every model has; a property of such a name would replace it. */
const METHODS = ['to_dict', 'from_dict'];

/**
 * An OpenAPI document without what openapi-python-client cannot read: two properties of one schema that have the same name in Python,
 * such as `+1` and `-1`, cost it the whole schema and all that use it. The second is left out; its value is among the
 * additional properties. An enum that may be null lists null.
 */
export function withPythonNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withPythonNames);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, child]): [string, unknown] => [key, withPythonNames(child)]);
  const { properties, required, ...rest } = Object.fromEntries<unknown>(entries);
  if (rest['nullable'] === true && Array.isArray(rest['enum'])) rest['enum'] = [...(rest['enum'] as unknown[]), null];
  if (typeof properties !== 'object' || properties === null)
    return { ...rest, ...('properties' in value ? { properties } : {}), ...('required' in value ? { required } : {}) };
  const taken = new Set(METHODS);
  const kept = Object.entries(properties).filter(([name, schema]) => {
    if (!isSchema(schema)) return true;
    const python = attributeOf(name);
    if (taken.has(python)) return false;
    taken.add(python);
    return true;
  });
  const names = new Set(kept.map(([name]) => name));
  const needed = Array.isArray(required) ? required.filter((name: unknown) => names.has(String(name))) : [];
  return {
    ...rest,
    // The generator gives every open model this attribute for what the schema does not name.
    ...(rest['type'] === 'object' && taken.has('additional_properties') ? { additionalProperties: false } : {}),
    properties: Object.fromEntries(kept),
    ...(Array.isArray(required)
      ? needed.length > 0
        ? { required: needed }
        : {}
      : required === undefined
        ? {}
        : { required }),
  };
}

const isSchema = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

/** As the generator names attributes. */
export const attributeOf = (name: string): string =>
  name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
    .join('_')
    .toLowerCase();

/** Generated files, corrected so that they pass `mypy --strict`, without those that import what the generator could not write. */
export function repaired(generated: Readonly<Record<string, string>>): Record<string, string> {
  const files = Object.fromEntries(
    Object.entries(generated).map(([path, text]) => {
      if (path === 'client.py')
        return [path, text.replaceAll('*args: object, **kwargs: Any', '*args: Any, **kwargs: Any')];
      if (path.startsWith(API)) return [path, withReadErrors(withTextHeaders(withOwnQuote(withOptionalBody(text))))];
      return [path, path.startsWith(MODELS) ? withOwnVariable(withoutCasts(text)) : text];
    }),
  );
  for (let before = -1; before !== Object.keys(files).length;) {
    before = Object.keys(files).length;
    for (const [path, text] of Object.entries(files))
      if (path !== `${MODELS}__init__.py` && importsOf(text).some((model) => !(`${MODELS}${model}.py` in files)))
        delete files[path];
  }
  const list = files[`${MODELS}__init__.py`];
  if (list !== undefined) files[`${MODELS}__init__.py`] = listed(list, files);
  return files;
}

/** An error whose body is not the described one is still an error with its status: a proxy in between may have answered. */
const withReadErrors = (text: string): string =>
  text
    .replace(
      'parsed=_parse_response(client=client, response=response)',
      'parsed=_parsed(client=client, response=response)',
    )
    .replace(
      /^(def _parse_response\([\s\S]*?\) -> )([\s\S]+?)(:\n {4}\S[\s\S]+?\n)(?=\n\ndef _build_response)/m,
      (whole, start: string, type: string) => `${whole}

${start.replace('_parse_response', '_parsed')}${type.endsWith('None') ? type : `${type} | None`}:
    try:
        return _parse_response(client=client, response=response)
    except (AttributeError, KeyError, TypeError, ValueError):
        if response.status_code < 400:
            raise
        return None
`,
    );

const importsOf = (text: string): string[] =>
  [...text.matchAll(/from \.{2,3}models\.(\w+) import/g)].map(([, model]) => model ?? '');

/** An optional body of several types is not written when it is not given. */
function withOptionalBody(text: string): string {
  if (!/^ {4}body:(?:[^=](?!\) ->))*Unset = UNSET,$/m.test(text)) return text;
  return text.replaceAll(
    /^ {4}else:\n( {8}_kwargs\["\w+"\] = body(?:\.to_dict\(\))?)$/gm,
    '    elif not isinstance(body, Unset):\n$1',
  );
}

/** A UUID in a header: httpx takes texts only. */
const withTextHeaders = (text: string): string =>
  text.replaceAll(/^( +(?:headers|cookies)\["[^"]+"\] = )(\w+)$/gm, (line, start: string, name: string) =>
    new RegExp(`^ {4}${name}: [^=\\n]*\\bUUID\\b`, 'm').test(text) ? `${start}str(${name})` : line,
  );

/** A parameter of the name of the function that writes paths. */
const withOwnQuote = (text: string): string =>
  /^ {4}quote: /m.test(text)
    ? text
        .replace('from urllib.parse import quote\n', '')
        .replace('import httpx\n', 'from urllib.parse import quote as quote_\n\nimport httpx\n')
        .replaceAll('=quote(str(', '=quote_(str(')
    : text;

/** A cast to what the value is known to be. */
const withoutCasts = (text: string): string => text.replaceAll(/= cast\(list\[Any\], data\)$/gm, '= data');

/** A model that has a property of its own name. */
function withOwnVariable(text: string): string {
  const name = /^ {8}(\w+) = cls\($/m.exec(text)?.[1];
  if (name === undefined || !new RegExp(`^ {12}${name}=${name},$`, 'm').test(text)) return text;
  return text
    .replace(new RegExp(`^ {8}${name} = cls\\($`, 'm'), '        made_ = cls(')
    .replace(new RegExp(`^ {8}${name}\\.additional_properties = d$`, 'm'), '        made_.additional_properties = d')
    .replace(new RegExp(`^ {8}return ${name}$`, 'm'), '        return made_');
}

/** The index of the models without those that are gone. */
function listed(text: string, files: Readonly<Record<string, string>>): string {
  const gone: string[] = [];
  const kept = text.replaceAll(
    /^from \.(\w+) import (?:\(([\s\S]*?)\)|(.*))\n/gm,
    (line, model: string, several: string | undefined, one: string | undefined) => {
      if (`${MODELS}${model}.py` in files) return line;
      gone.push(...(several ?? one ?? '').split(',').map((name) => name.trim()));
      return '';
    },
  );
  const names = new Set(gone.filter((name) => name !== ''));
  return names.size === 0
    ? text
    : kept.replaceAll(/^ {4}"(\w+)",\n/gm, (line, name: string) => (names.has(name) ? '' : line));
}
