import {
  Checkbox,
  Fieldset,
  Group,
  NumberInput,
  SegmentedControl,
  Select,
  Stack,
  TagsInput,
  Text,
  TextInput,
  Textarea,
} from '@mantine/core';
import { useState, type ReactElement } from 'react';
import { texts } from '../texts';
import { Editor } from './text';

const t = texts.schemaForm;

interface Schema {
  type?: string | string[];
  title?: string;
  description?: string;
  enum?: unknown[];
  default?: unknown;
  example?: unknown;
  examples?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  format?: string;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  anyOf?: Schema[];
  oneOf?: Schema[];
}

type Fields = Record<string, unknown>;

const typeOf = ({ type, properties }: Schema): string =>
  (Array.isArray(type) ? type.find((one) => one !== 'null') : type) ?? (properties ? 'object' : '');

const exampleOf = (schema: Schema): unknown => schema.default ?? schema.example ?? schema.examples?.[0];

/** What a form begins with: defaults and examples of the fields that must be given, and defaults of the others. */
export function startOf(schema: Schema): Fields {
  const required = new Set(schema.required);
  const found = Object.entries(schema.properties ?? {}).map(([name, field]): [string, unknown] => {
    if (typeOf(field) === 'object' && field.properties && required.has(name)) return [name, startOf(field)];
    return [name, required.has(name) ? exampleOf(field) : field.default];
  });
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}

/** Whether a form can be made that a person would like better than JSON. */
const hasForm = (schema: Schema): boolean => Object.keys(schema.properties ?? {}).length > 0;

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * A form made from a JSON Schema of an object, with JSON as the other way to write the same.
 * @param onChange undefined: the JSON cannot be read
 */
export function SchemaForm(props: {
  schema: unknown;
  value: Fields;
  onChange: (value: Fields | undefined) => void;
  label: string;
}): ReactElement {
  const { value, onChange, label } = props;
  const schema = (isObject(props.schema) ? props.schema : {}) as Schema;
  const [mode, setMode] = useState(hasForm(schema) ? 'form' : 'json');
  const [json, setJson] = useState(() => JSON.stringify(value, null, 2));
  const [fault, setFault] = useState<string>();
  const change = (text: string): void => {
    setJson(text);
    try {
      const read: unknown = text.trim() === '' ? {} : JSON.parse(text);
      setFault(isObject(read) ? undefined : t.noObject);
      onChange(isObject(read) ? read : undefined);
    } catch (error) {
      setFault(error instanceof Error ? error.message : String(error));
      onChange(undefined);
    }
  };
  return (
    <Stack gap="sm">
      {hasForm(schema) && (
        <SegmentedControl
          size="xs"
          value={mode}
          onChange={(next) => {
            if (next === 'json') setJson(JSON.stringify(value, null, 2));
            setMode(next);
          }}
          disabled={fault !== undefined}
          data={[
            { value: 'form', label: t.form },
            { value: 'json', label: t.json },
          ]}
          style={{ alignSelf: 'flex-start' }}
          aria-label={t.mode}
        />
      )}
      {mode === 'form' ? (
        <FieldsForm schema={schema} value={value} onChange={onChange} depth={0} />
      ) : (
        <>
          <Editor value={json} onChange={change} language="json" label={label} height={200} />
          {fault !== undefined && (
            <Text size="xs" c="var(--mantine-color-error)" role="alert">
              {fault}
            </Text>
          )}
        </>
      )}
    </Stack>
  );
}

function FieldsForm(props: {
  schema: Schema;
  value: Fields;
  onChange: (value: Fields) => void;
  depth: number;
}): ReactElement {
  const { schema, value, onChange, depth } = props;
  const required = new Set(schema.required);
  const set = (name: string, next: unknown): void => {
    const { [name]: _, ...others } = value;
    onChange(next === undefined ? others : { ...others, [name]: next });
  };
  const entries = Object.entries(schema.properties ?? {}).sort(
    ([one], [other]) => Number(required.has(other)) - Number(required.has(one)),
  );
  return (
    <Stack gap="sm">
      {entries.map(([name, field]) => (
        <Field
          key={name}
          name={name}
          schema={field}
          isRequired={required.has(name)}
          value={value[name]}
          onChange={(next) => set(name, next)}
          depth={depth}
        />
      ))}
    </Stack>
  );
}

interface FieldProps {
  name: string;
  schema: Schema;
  isRequired: boolean;
  value: unknown;
  onChange: (value: unknown) => void;
  depth: number;
}

function Field({ name, schema, isRequired, value, onChange, depth }: FieldProps): ReactElement {
  const type = typeOf(schema);
  const shared = {
    label: schema.title ?? name,
    description: schema.description,
    withAsterisk: isRequired,
    required: isRequired,
  };
  const text = typeof value === 'string' ? value : '';
  if (schema.enum)
    return (
      <Select
        {...shared}
        data={schema.enum.filter((one) => one !== null).map(String)}
        value={value === undefined ? null : typeof value === 'string' ? value : JSON.stringify(value)}
        clearable={!isRequired}
        onChange={(next) => onChange(schema.enum?.find((one) => String(one) === next))}
      />
    );
  if (type === 'boolean')
    return (
      <Checkbox
        label={shared.label}
        description={shared.description}
        checked={value === true}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
    );
  if (type === 'integer' || type === 'number')
    return (
      <NumberInput
        {...shared}
        value={typeof value === 'number' ? value : ''}
        onChange={(next) => onChange(next === '' ? undefined : Number(next))}
        allowDecimal={type === 'number'}
        {...(schema.minimum === undefined ? {} : { min: schema.minimum })}
        {...(schema.maximum === undefined ? {} : { max: schema.maximum })}
      />
    );
  if (type === 'string') {
    const isLong = (schema.maxLength ?? 0) > 300;
    const input = {
      ...shared,
      value: text,
      placeholder: schema.example === undefined && schema.examples === undefined ? '' : String(exampleOf(schema)),
      onChange: (event: { currentTarget: { value: string } }) =>
        onChange(event.currentTarget.value === '' && !isRequired ? undefined : event.currentTarget.value),
    };
    return isLong ? <Textarea {...input} autosize minRows={2} maxRows={10} /> : <TextInput {...input} />;
  }
  if (type === 'array' && typeOf(schema.items ?? {}) === 'string')
    return (
      <TagsInput
        {...shared}
        required={false}
        value={Array.isArray(value) ? value.map(String) : []}
        onChange={(next) => onChange(next.length === 0 && !isRequired ? undefined : next)}
        {...(schema.items?.enum ? { data: schema.items.enum.map(String) } : {})}
      />
    );
  if (type === 'object' && hasForm(schema) && depth < 3)
    return (
      <Fieldset legend={<LegendOf name={shared.label} isRequired={isRequired} />} p="sm">
        <FieldsForm schema={schema} value={isObject(value) ? value : {}} onChange={onChange} depth={depth + 1} />
      </Fieldset>
    );
  return <JsonField {...shared} value={value} onChange={onChange} />;
}

function LegendOf({ name, isRequired }: { name: string; isRequired: boolean }): ReactElement {
  return (
    <Group gap={4}>
      <Text size="sm" fw={500}>
        {name}
      </Text>
      {isRequired && (
        <Text size="sm" c="var(--mantine-color-error)" aria-hidden="true">
          *
        </Text>
      )}
    </Group>
  );
}

/** A value that no field fits: a list of objects, or any type. */
function JsonField(props: {
  label: string;
  description: string | undefined;
  withAsterisk: boolean;
  value: unknown;
  onChange: (value: unknown) => void;
}): ReactElement {
  const { value, onChange, ...shared } = props;
  const [text, setText] = useState(() => (value === undefined ? '' : JSON.stringify(value, null, 2)));
  const [isBad, setBad] = useState(false);
  return (
    <Textarea
      {...shared}
      value={text}
      autosize
      minRows={2}
      maxRows={12}
      placeholder={t.jsonPlaceholder}
      className="mono-input"
      error={isBad ? t.noJson : undefined}
      onChange={(event) => {
        const next = event.currentTarget.value;
        setText(next);
        try {
          onChange(next.trim() === '' ? undefined : JSON.parse(next));
          setBad(false);
        } catch {
          setBad(true);
        }
      }}
    />
  );
}
