import { Badge, Button, Checkbox, Group, SegmentedControl, Stack, Tabs, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState, type ReactElement } from 'react';
import { api } from '../api/api';
import { callOperation, listOperations } from '../client/sdk.gen';
import type { IntegrationDto, OperationDto, OperationResultDto } from '../client/types.gen';
import { duration } from '../format';
import { texts } from '../texts';
import { Icon } from './icons';
import { List, usePages, type Column } from './list';
import { SchemaForm, startOf } from './schema-form';
import { useMay } from './shell';
import { JsonView } from './text';
import { DangerButton, Empty, ErrorBox, Section } from './ui';

const t = texts.operations;
const RISK_COLORS = { read: 'green', write: 'orange', destructive: 'red' } as const;
type Risk = keyof typeof RISK_COLORS;

const columns: readonly Column<OperationDto>[] = [
  {
    title: t.operation,
    width: 'minmax(0, 1fr)',
    cell: ({ name, method, path, deprecated }) => (
      <span className="two-lines ellipsis">
        {deprecated ? <s>{name}</s> : name}
        <small className="mono">
          {method} {path}
        </small>
      </span>
    ),
  },
  { title: t.risk, width: '96px', cell: ({ risk }) => <Badge color={RISK_COLORS[risk]}>{t.risks[risk]}</Badge> },
];

/** The operations of an API beside the one that is selected, which can be tried. */
export function Operations({ integration }: { integration: IntegrationDto }): ReactElement {
  const [text, setText] = useState('');
  const [risk, setRisk] = useState<Risk | ''>('');
  const [search] = useDebouncedValue(text.trim(), 250);
  const [selected, setSelected] = useState<OperationDto>();
  const query = usePages(['operations', integration.integration_id, search, risk], async (last_key) => {
    const page = await api(
      listOperations({
        path: { integration_id: integration.integration_id },
        query: {
          limit: 50,
          ...(search === '' ? {} : { query: search }),
          ...(risk === '' ? {} : { risk }),
          ...(last_key === undefined ? {} : { last_key }),
        },
      }),
    );
    return { items: page.operations, last_key: page.last_key };
  });
  const shown = selected ?? query.data?.pages[0]?.items[0];
  return (
    <div className="split" style={{ '--left': '1fr', '--right': '1.35fr' } as React.CSSProperties}>
      <Section flush>
        <Stack gap="xs" p="sm">
          <TextInput
            value={text}
            onChange={({ currentTarget }) => setText(currentTarget.value)}
            placeholder={t.search}
            aria-label={t.search}
            leftSection={<Icon name="search" />}
          />
          <SegmentedControl
            size="xs"
            fullWidth
            value={risk}
            onChange={(value) => setRisk(value)}
            data={[
              { value: '', label: t.anyRisk },
              ...(['read', 'write', 'destructive'] as const).map((value) => ({ value, label: t.risks[value] })),
            ]}
            aria-label={t.risk}
          />
        </Stack>
        <List
          query={query}
          columns={columns}
          idOf={({ operation_id }) => operation_id}
          onOpen={setSelected}
          label={t.operations}
          empty={<Empty icon="search" title={t.none} text={t.noneText} />}
        />
      </Section>
      {shown && <Operation key={shown.operation_id} integration={integration} operation={shown} />}
    </div>
  );
}

function Operation({ integration, operation }: { integration: IntegrationDto; operation: OperationDto }): ReactElement {
  const { name, method, path, summary, description, risk, auth, errors, pagination, deprecated } = operation;
  return (
    <Section title={name} actions={<Badge color={RISK_COLORS[risk]}>{t.risks[risk]}</Badge>}>
      <Stack gap="sm">
        <Text className="mono" style={{ overflowWrap: 'anywhere' }}>
          {method} {path}
        </Text>
        {(summary !== '' || description !== '') && <Text size="sm">{description === '' ? summary : description}</Text>}
        <Group gap={6}>
          {deprecated && <Badge color="orange">{t.deprecated}</Badge>}
          {operation.idempotent && <Badge color="gray">{t.idempotent}</Badge>}
          {pagination.kind !== 'none' && <Badge color="gray">{t.paged(pagination.kind)}</Badge>}
          {auth.flat().map((one) => (
            <Badge key={one.name} color="gray">
              {t.authBy(one.type.replace('_', ' '))}
            </Badge>
          ))}
        </Group>
        <Tabs defaultValue="try" keepMounted={false}>
          <Tabs.List mb="sm">
            <Tabs.Tab value="try">{t.try}</Tabs.Tab>
            <Tabs.Tab value="input">{t.input}</Tabs.Tab>
            <Tabs.Tab value="output">{t.output}</Tabs.Tab>
            <Tabs.Tab value="errors">{t.errors}</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="try">
            <Try integration={integration} operation={operation} />
          </Tabs.Panel>
          <Tabs.Panel value="input">
            <JsonView value={operation.input_schema} label={t.input} />
          </Tabs.Panel>
          <Tabs.Panel value="output">
            <JsonView value={operation.output_schema} label={t.output} />
          </Tabs.Panel>
          <Tabs.Panel value="errors">
            {errors.length === 0 ? (
              <Text size="sm" c="dimmed">
                {t.noErrors}
              </Text>
            ) : (
              <dl className="facts">
                {errors.map((one) => (
                  <div key={one.status} style={{ display: 'contents' }}>
                    <dt>{one.status}</dt>
                    <dd>{one.description}</dd>
                  </div>
                ))}
              </dl>
            )}
          </Tabs.Panel>
        </Tabs>
      </Stack>
    </Section>
  );
}

function Try({ integration, operation }: { integration: IntegrationDto; operation: OperationDto }): ReactElement {
  const mayCall = useMay('developer');
  const [input, setInput] = useState<Record<string, unknown> | undefined>(() => startOf(operation.input_schema));
  const [allPages, setAllPages] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [result, setResult] = useState<OperationResultDto>();
  const call = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    setResult(undefined);
    try {
      setResult(
        await api(
          callOperation({
            path: { integration_id: integration.integration_id, operation_id: operation.operation_id },
            body: { input: input ?? {}, ...(allPages ? { all_pages: true } : {}) },
          }),
        ),
      );
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  if (!operation.callable)
    return (
      <Text size="sm" c="dimmed">
        {t.notCallable}
      </Text>
    );
  const isReal = integration.mock !== 'instead';
  return (
    <Stack gap="sm">
      <SchemaForm schema={operation.input_schema} value={input ?? {}} onChange={setInput} label={t.input} />
      {operation.pagination.kind !== 'none' && (
        <Checkbox
          label={t.allPages}
          checked={allPages}
          onChange={(event) => setAllPages(event.currentTarget.checked)}
        />
      )}
      <Group gap="sm">
        {operation.risk === 'destructive' && isReal ? (
          <DangerButton
            label={t.call}
            title={t.callTitle(operation.name)}
            text={t.callText}
            disabled={!mayCall || input === undefined}
            onConfirm={call}
          />
        ) : (
          <Button
            leftSection={<Icon name="play" size={14} />}
            loading={busy}
            disabled={!mayCall || input === undefined}
            onClick={() => void call()}
          >
            {t.call}
          </Button>
        )}
        <Text size="xs" c="dimmed">
          {isReal ? t.callsReal(integration.base_url ?? integration.servers[0] ?? '') : t.callsMock}
        </Text>
      </Group>
      {error !== undefined && <ErrorBox error={error} />}
      {result && (
        <Stack gap="xs" aria-live="polite">
          <Group gap={6}>
            <Badge color={result.status < 400 ? 'green' : 'red'}>{result.status}</Badge>
            <Badge color="gray">{duration(result.duration_ms)}</Badge>
            {result.pages > 1 && <Badge color="gray">{t.pages(result.pages)}</Badge>}
            {result.valid !== null && (
              <Badge color={result.valid ? 'green' : 'orange'}>{result.valid ? t.fits : t.fitsNot}</Badge>
            )}
          </Group>
          {result.mismatches.map(({ pointer, message }) => (
            <Text size="sm" key={`${pointer}${message}`}>
              <code>{pointer}</code> {message}
            </Text>
          ))}
          <JsonView value={result.items ?? result.body} label={t.answer} />
        </Stack>
      )}
    </Stack>
  );
}
