import { Button, Group, Stack, Switch, Table, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useMemo, useState, type ReactElement } from 'react';
import { api, ApiError } from '../api/api';
import {
  archiveFlow,
  deleteDeadLetter,
  getFlow,
  getFlowVersion,
  listDeadLetters,
  listFlowVersions,
  publishFlow,
  replayDeadLetter,
  restoreFlowVersion,
  startFlowRun,
  updateFlow,
} from '../client/sdk.gen';
import type { FlowDto, FlowVersionDto } from '../client/types.gen';
import { allSteps, graphOf, kindOf, STEP_KINDS, yamlOf, type Definition } from '../components/flow-definition';
import { FlowEditor } from '../components/flow-editor';
import { FlowRunList } from '../components/flow-runs';
import { FlowTriggers } from '../components/flow-triggers';
import { Dialog, SavingForm } from '../components/form';
import { Icon } from '../components/icons';
import { List, usePages } from '../components/list';
import { SchemaForm, startOf } from '../components/schema-form';
import { useMay } from '../components/shell';
import { PageTabs } from '../components/tabs';
import { Diff, Graph, JsonView } from '../components/text';
import { inOrder } from '../format';
import {
  Ago,
  DangerButton,
  Empty,
  ErrorBox,
  Id,
  Loaded,
  notify,
  notifyError,
  Page as Frame,
  Section,
  Status,
} from '../components/ui';
import { texts } from '../texts';

const t = texts.flow;

export function Page(): ReactElement {
  const { flowId = '' }: { flowId?: string } = useParams({ strict: false });
  const query = useQuery({ queryKey: ['flow', flowId], queryFn: () => api(getFlow({ path: { flow_id: flowId } })) });
  const letters = useQuery({
    queryKey: ['dead-letters', flowId, 'count'],
    queryFn: () => api(listDeadLetters({ path: { flow_id: flowId }, query: { limit: 20 } })),
  });
  return (
    <Loaded query={query}>
      {(flow) => (
        <Frame
          title={flow.name}
          crumb={<Link to="/flows">{texts.nav.flows}</Link>}
          note={
            <Stack gap={4}>
              {flow.description !== '' && <span>{flow.description}</span>}
              <Group gap="sm">
                <Status value={flow.status} />
                {flow.version !== null && <span>{t.versionNumber(flow.version)}</span>}
                <Id value={flow.flow_id} />
              </Group>
            </Stack>
          }
          actions={<Actions flow={flow} />}
        >
          {flow.faults.length > 0 && <Faults flow={flow} />}
          <PageTabs
            label={flow.name}
            tabs={[
              { value: 'graph', label: t.tabs.graph, content: () => <Overview flow={flow} /> },
              {
                value: 'definition',
                label: t.tabs.definition,
                content: () => <DefinitionTab key={flow.revision} flow={flow} />,
              },
              { value: 'runs', label: t.tabs.runs, content: () => <FlowRunList flow_id={flow.flow_id} /> },
              { value: 'triggers', label: t.tabs.triggers, content: () => <FlowTriggers flow_id={flow.flow_id} /> },
              {
                value: 'dead-letters',
                label: t.tabs.deadLetters,
                count: letters.data?.dead_letters.length,
                content: () => <DeadLetters flow_id={flow.flow_id} />,
              },
              { value: 'versions', label: t.tabs.versions, content: () => <Versions flow={flow} /> },
            ]}
          />
        </Frame>
      )}
    </Loaded>
  );
}

function Faults({ flow }: { flow: FlowDto }): ReactElement {
  return (
    <Section title={t.faultsTitle(flow.faults.length)}>
      <ul className="plain-list">
        {flow.faults.map(({ path, message, suggestion }) => (
          <li key={`${path}${message}`}>
            <code>{path}</code> {message} {suggestion}
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Actions({ flow }: { flow: FlowDto }): ReactElement | null {
  const mayWrite = useMay('developer');
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [isRunning, run] = useDisclosure();
  const [busy, setBusy] = useState(false);
  if (!mayWrite) return null;
  const publish = async (): Promise<void> => {
    setBusy(true);
    try {
      const { version } = await api(publishFlow({ path: { flow_id: flow.flow_id } }));
      notify(t.published(version ?? 0));
    } catch (error) {
      notifyError(error);
    } finally {
      setBusy(false);
      await queries.invalidateQueries({ queryKey: ['flow', flow.flow_id] });
    }
  };
  const archive = async (): Promise<void> => {
    await api(archiveFlow({ path: { flow_id: flow.flow_id } }));
    await queries.invalidateQueries({ queryKey: ['flows'] });
    await navigate({ to: '/flows' });
  };
  return (
    <>
      {flow.status !== 'archived' && (
        <DangerButton label={t.archive} title={t.archiveTitle(flow.name)} text={t.archiveText} onConfirm={archive} />
      )}
      {flow.status === 'draft' && (
        <Button variant={flow.version === null ? 'filled' : 'default'} loading={busy} onClick={() => void publish()}>
          {t.publish}
        </Button>
      )}
      {flow.version !== null && flow.status !== 'archived' && (
        <Button leftSection={<Icon name="play" size={14} />} onClick={run.open}>
          {t.run}
        </Button>
      )}
      <Dialog opened={isRunning} onClose={run.close} size="lg" title={t.runTitle(flow.name)}>
        <StartForm flow={flow} />
      </Dialog>
    </>
  );
}

/** Starts the published version, with a form made from its input schema. */
function StartForm({ flow }: { flow: FlowDto }): ReactElement {
  const version = flow.version ?? 1;
  const published = useQuery({
    queryKey: ['flow', flow.flow_id, 'version', version],
    queryFn: () => api(getFlowVersion({ path: { flow_id: flow.flow_id, version } })),
  });
  return (
    <Loaded query={published}>
      {({ definition }) => <InputForm flow={flow} schema={(definition as Definition).input_schema ?? {}} />}
    </Loaded>
  );
}

function InputForm({ flow, schema }: { flow: FlowDto; schema: Record<string, unknown> }): ReactElement {
  const navigate = useNavigate();
  const [input, setInput] = useState<Record<string, unknown> | undefined>(() => startOf(schema));
  const [isDry, setDry] = useState(false);
  const start = async (): Promise<void> => {
    const run = await api(
      startFlowRun({ path: { flow_id: flow.flow_id }, body: { input: input ?? {}, dry_run: isDry } }),
    );
    await navigate({ to: `/flow-runs/${run.run_id}` });
  };
  const hasInput = Object.keys(schema).length > 0;
  return (
    <SavingForm label={isDry ? t.startDry : t.start} onSave={start} disabled={input === undefined}>
      {hasInput ? (
        <SchemaForm schema={schema} value={input ?? {}} onChange={setInput} label={t.input} />
      ) : (
        <>
          <Text size="sm" c="dimmed">
            {t.noInput}
          </Text>
          <SchemaForm schema={schema} value={input ?? {}} onChange={setInput} label={t.input} />
        </>
      )}
      <Switch
        label={t.dryRun}
        description={t.dryRunHint}
        checked={isDry}
        onChange={(event) => setDry(event.currentTarget.checked)}
      />
    </SavingForm>
  );
}

function Overview({ flow }: { flow: FlowDto }): ReactElement {
  const [selected, setSelected] = useState<string>();
  const definition = flow.definition as Definition;
  const graph = useMemo(() => graphOf(definition), [definition]);
  const steps = allSteps(definition.steps);
  const step = steps.find(({ id }) => id === selected) ?? steps[0];
  const kind = step && kindOf(step);
  return (
    <div className="split" style={{ '--left': '1.2fr', '--right': '1fr' } as React.CSSProperties}>
      <Graph
        nodes={graph.nodes}
        edges={graph.edges}
        label={t.tabs.graph}
        direction="TB"
        height={560}
        selected={step?.id}
        onSelect={setSelected}
      />
      {step && (
        <Section title={step.name ?? step.id}>
          <Stack gap="sm">
            <dl className="facts">
              <dt>{t.stepId}</dt>
              <dd>
                <code>{step.id}</code>
              </dd>
              <dt>{t.stepKind}</dt>
              <dd>{kind === undefined ? '–' : STEP_KINDS[kind]}</dd>
              {(step.needs ?? []).length > 0 && (
                <>
                  <dt>{t.stepNeeds}</dt>
                  <dd>{(step.needs ?? []).join(', ')}</dd>
                </>
              )}
              {step.when !== undefined && (
                <>
                  <dt>{t.stepWhen}</dt>
                  <dd>
                    <code>{step.when}</code>
                  </dd>
                </>
              )}
            </dl>
            {kind !== undefined && <JsonView value={yamlOf({ [kind]: step[kind] }).trim()} label={t.stepSettings} />}
          </Stack>
        </Section>
      )}
    </div>
  );
}

function DefinitionTab({ flow }: { flow: FlowDto }): ReactElement {
  const mayWrite = useMay('developer');
  const queries = useQueryClient();
  const [name, setName] = useState(flow.name);
  const [description, setDescription] = useState(flow.description);
  const original = useMemo(() => yamlOf(flow.definition), [flow.definition]);
  const [text, setText] = useState(original);
  const [definition, setDefinition] = useState<Definition | undefined>(flow.definition);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const isChanged = text !== original || name !== flow.name || description !== flow.description;
  const save = async (): Promise<void> => {
    if (!definition) return;
    setBusy(true);
    setError(undefined);
    try {
      const changed = await api(
        updateFlow({
          path: { flow_id: flow.flow_id },
          body: { name: name.trim(), description, definition, revision: flow.revision },
        }),
      );
      queries.setQueryData(['flow', flow.flow_id], changed);
      notify(t.saved);
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Section
      title={t.tabs.definition}
      actions={
        mayWrite && (
          <Button
            size="xs"
            leftSection={<Icon name="save" size={14} />}
            loading={busy}
            disabled={!isChanged || definition === undefined || name.trim() === ''}
            onClick={() => void save()}
          >
            {t.saveDraft}
          </Button>
        )
      }
    >
      <Stack>
        {error !== undefined && (
          <ErrorBox
            error={error}
            {...(error instanceof ApiError && error.status === 409
              ? { retry: () => void queries.invalidateQueries({ queryKey: ['flow', flow.flow_id] }) }
              : {})}
          />
        )}
        <Group grow align="flex-start" preventGrowOverflow={false}>
          <TextInput label={t.name} value={name} onChange={(event) => setName(event.currentTarget.value)} miw={180} />
          <TextInput
            label={t.description}
            value={description}
            onChange={(event) => setDescription(event.currentTarget.value)}
            miw={180}
          />
        </Group>
        <FlowEditor
          text={text}
          onChange={(next, read) => {
            setText(next);
            setDefinition(read);
          }}
        />
      </Stack>
    </Section>
  );
}

function DeadLetters({ flow_id }: { flow_id: string }): ReactElement {
  const mayWrite = useMay('developer');
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [busy, setBusy] = useState<string>();
  const query = usePages(['dead-letters', flow_id], async (last_key) => {
    const page = await api(
      listDeadLetters({ path: { flow_id }, query: { limit: 50, ...(last_key === undefined ? {} : { last_key }) } }),
    );
    return { items: page.dead_letters, last_key: page.last_key };
  });
  const refresh = (): Promise<void> => queries.invalidateQueries({ queryKey: ['dead-letters', flow_id] });
  const replay = async (dead_letter_id: string): Promise<void> => {
    setBusy(dead_letter_id);
    try {
      const run = await api(replayDeadLetter({ path: { dead_letter_id } }));
      await refresh();
      await navigate({ to: `/flow-runs/${run.run_id}` });
    } catch (error) {
      notifyError(error);
    } finally {
      setBusy(undefined);
    }
  };
  return (
    <Section flush>
      <List
        query={query}
        idOf={({ dead_letter_id }) => dead_letter_id}
        to={({ run_id }) => `/flow-runs/${run_id}`}
        label={t.tabs.deadLetters}
        columns={[
          {
            title: t.failedStep,
            width: 'minmax(0, 2fr)',
            cell: ({ error }) => (
              <span className="two-lines ellipsis">
                {error?.step_id ?? t.wholeRun}
                <small>{error?.message}</small>
              </span>
            ),
          },
          { title: t.version, width: '64px', cell: ({ flow_version }) => flow_version, from: 560 },
          { title: t.when, width: '100px', cell: ({ created_at }) => <Ago at={created_at} />, from: 460 },
          {
            title: t.actions,
            width: '128px',
            align: 'right' as const,
            cell: ({ dead_letter_id }) =>
              mayWrite && (
                <Group gap={4} wrap="nowrap">
                  <Button
                    size="compact-xs"
                    variant="default"
                    loading={busy === dead_letter_id}
                    onClick={() => void replay(dead_letter_id)}
                  >
                    {t.replay}
                  </Button>
                  <DangerButton
                    compact
                    label={t.deleteLetter}
                    title={t.deleteLetterTitle}
                    text={t.deleteLetterText}
                    onConfirm={async () => {
                      await api(deleteDeadLetter({ path: { dead_letter_id } }));
                      await refresh();
                    }}
                  />
                </Group>
              ),
          },
        ]}
        empty={<Empty icon="check" title={t.noLetters} text={t.noLettersText} />}
      />
    </Section>
  );
}

function Versions({ flow }: { flow: FlowDto }): ReactElement {
  const mayWrite = useMay('developer');
  const queries = useQueryClient();
  const [shown, setShown] = useState<number>();
  const query = useQuery({
    queryKey: ['flow', flow.flow_id, 'versions', flow.version],
    queryFn: () => api(listFlowVersions({ path: { flow_id: flow.flow_id }, query: { limit: 50 } })),
  });
  const restore = async ({ version }: FlowVersionDto): Promise<void> => {
    const changed = await api(restoreFlowVersion({ path: { flow_id: flow.flow_id, version } }));
    queries.setQueryData(['flow', flow.flow_id], changed);
    notify(t.restored(version));
  };
  return (
    <Loaded query={query}>
      {({ versions }) => {
        const selected = versions.find(({ version }) => version === shown) ?? versions[0];
        if (!selected)
          return (
            <Section>
              <Empty icon="flows" title={t.noVersions} text={t.noVersionsText} />
            </Section>
          );
        return (
          <div className="split" style={{ '--left': '1fr', '--right': '1.6fr' } as React.CSSProperties}>
            <Section title={t.tabs.versions} flush>
              <div className="scroll-x">
                <Table highlightOnHover>
                  <Table.Thead>
                    <Table.Tr>
                      <Table.Th>{t.version}</Table.Th>
                      <Table.Th>{t.publishedAt}</Table.Th>
                      <Table.Th>
                        <span className="visually-hidden">{t.actions}</span>
                      </Table.Th>
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {versions.map((one) => (
                      <Table.Tr key={one.version}>
                        <Table.Td>
                          <button
                            type="button"
                            className="link-button"
                            aria-pressed={selected.version === one.version}
                            onClick={() => setShown(one.version)}
                          >
                            {t.versionNumber(one.version)}
                          </button>
                        </Table.Td>
                        <Table.Td>
                          <Ago at={one.published_at} />
                        </Table.Td>
                        <Table.Td ta="right">
                          {mayWrite && (
                            <Button
                              size="compact-xs"
                              variant="default"
                              onClick={() => void restore(one).catch(notifyError)}
                            >
                              {t.restore}
                            </Button>
                          )}
                        </Table.Td>
                      </Table.Tr>
                    ))}
                  </Table.Tbody>
                </Table>
              </div>
            </Section>
            <Section title={t.diffTitle(selected.version)}>
              <Diff
                before={yamlOf(inOrder(selected.definition))}
                after={yamlOf(inOrder(flow.definition))}
                label={t.tabs.versions}
              />
            </Section>
          </div>
        );
      }}
    </Loaded>
  );
}
