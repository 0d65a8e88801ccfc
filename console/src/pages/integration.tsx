import { Badge, Button, Group, SegmentedControl, Select, Stack, Switch, Table, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import { api, errorOf, signedFetch } from '../api/api';
import { useStream } from '../api/stream';
import {
  changeIntegration,
  deleteIntegration,
  getContractTest,
  getIntegration,
  getIntegrationVersion,
  listContractTests,
  listCredentials,
  listFindings,
  listIntegrationVersions,
  restoreIntegrationVersion,
  runContractTests,
  turnMock,
} from '../client/sdk.gen';
import type { FindingDto, IntegrationDto } from '../client/types.gen';
import { sendDocument, SourceInput, type Source } from '../components/document-source';
import { List, usePages, type Column } from '../components/list';
import { Operations } from '../components/operations';
import { ProgressSteps, type Step } from '../components/progress';
import { useMay } from '../components/shell';
import { PageTabs } from '../components/tabs';
import { Dialog } from '../components/form';
import {
  Ago,
  CopyableCode,
  DangerButton,
  Empty,
  ErrorBox,
  Id,
  Loaded,
  notify,
  notifyError,
  Page as Frame,
  Section,
  Stat,
  Status,
} from '../components/ui';
import { count } from '../format';
import { texts } from '../texts';

const t = texts.integration;
const SEVERITY_COLORS = { error: 'red', warning: 'orange', info: 'gray' } as const;

export function Page(): ReactElement {
  const { integrationId = '' }: { integrationId?: string } = useParams({ strict: false });
  const queries = useQueryClient();
  const query = useQuery({
    queryKey: ['integration', integrationId],
    queryFn: () => api(getIntegration({ path: { integration_id: integrationId } })),
  });
  const isImporting = query.data?.import?.status === 'running' || query.data?.status === 'importing';
  useStream(isImporting ? `/api/v1/integrations/${integrationId}/events` : undefined, () => {
    void queries.invalidateQueries({ queryKey: ['integration', integrationId] });
  });
  return (
    <Loaded query={query}>
      {(one) => (
        <Frame
          title={one.name}
          crumb={<Link to="/integrations">{texts.nav.integrations}</Link>}
          note={
            <Stack gap={4}>
              {one.description !== '' && <span>{one.description}</span>}
              <Group gap="sm">
                <Status value={one.status} />
                <span>{t.versionOf(one.version, one.title, one.api_version)}</span>
                {one.mock === 'instead' && <Badge color="orange">{t.answeredByMock}</Badge>}
                <Id value={one.integration_id} />
              </Group>
            </Stack>
          }
        >
          {(isImporting || one.status === 'failed' || one.import?.status === 'failed') && <ImportProgress one={one} />}
          {one.version > 0 && (
            <PageTabs
              label={one.name}
              tabs={[
                {
                  value: 'operations',
                  label: t.tabs.operations,
                  content: () => <Operations key={one.version} integration={one} />,
                },
                { value: 'findings', label: t.tabs.findings, content: () => <Findings key={one.version} one={one} /> },
                { value: 'versions', label: t.tabs.versions, content: () => <Versions one={one} /> },
                { value: 'tests', label: t.tabs.tests, content: () => <ContractTests one={one} /> },
                { value: 'use', label: t.tabs.use, content: () => <Use one={one} /> },
                { value: 'settings', label: t.tabs.settings, content: () => <Settings one={one} /> },
              ]}
            />
          )}
        </Frame>
      )}
    </Loaded>
  );
}

function ImportProgress({ one }: { one: IntegrationDto }): ReactElement {
  const isFailed = one.status === 'failed' || one.import?.status === 'failed';
  const isDone = one.import?.status === 'done';
  const steps: Step[] = [
    { id: 'read', name: t.importRead, status: 'completed' },
    {
      id: 'catalogue',
      name: t.importCatalogue,
      status: isFailed ? 'failed' : isDone ? 'completed' : 'running',
      ...(one.operation_count > 0 ? { note: t.operationCount(one.operation_count) } : {}),
    },
    { id: 'ready', name: t.importReady, status: isDone ? 'completed' : 'pending' },
  ];
  return (
    <Section title={isFailed ? t.importFailed : t.importing}>
      <Stack gap="sm">
        <ProgressSteps label={t.importing} steps={steps} />
        {isFailed && (
          <Text size="sm" role="alert" c="var(--mantine-color-error)">
            {one.import?.failure}
          </Text>
        )}
      </Stack>
    </Section>
  );
}

const findingColumns: readonly Column<FindingDto>[] = [
  {
    title: t.severity,
    width: '86px',
    cell: ({ severity }) => <Badge color={SEVERITY_COLORS[severity]}>{t.severities[severity]}</Badge>,
  },
  {
    title: t.finding,
    width: 'minmax(0, 1.4fr)',
    cell: ({ message, pointer }) => (
      <span className="two-lines ellipsis">
        <span title={message}>{message}</span>
        <small className="mono">{pointer}</small>
      </span>
    ),
  },
  {
    title: t.fix,
    width: 'minmax(0, 1fr)',
    cell: ({ fix }) => (
      <span className="clamp" title={fix}>
        {fix}
      </span>
    ),
    from: 620,
  },
  { title: t.rule, width: '150px', cell: ({ rule }) => <code className="ellipsis">{rule}</code>, from: 900 },
];

function Findings({ one }: { one: IntegrationDto }): ReactElement {
  const [severity, setSeverity] = useState<FindingDto['severity'] | ''>('');
  const [shown, setShown] = useState<FindingDto>();
  const path = { integration_id: one.integration_id };
  const summary = useQuery({
    queryKey: ['findings', one.integration_id, one.version, 'summary'],
    queryFn: () => api(listFindings({ path, query: { limit: 1 } })),
  });
  const query = usePages(['findings', one.integration_id, one.version, severity], async (last_key) => {
    const page = await api(
      listFindings({
        path,
        query: {
          limit: 50,
          ...(severity === '' ? {} : { severity }),
          ...(last_key === undefined ? {} : { last_key }),
        },
      }),
    );
    return { items: page.findings, last_key: page.last_key };
  });
  return (
    <Stack gap="lg">
      <Loaded query={summary} rows={2}>
        {({ score, counts }) => (
          <div className="stats">
            <Stat
              label={t.score}
              value={`${score} / 100`}
              note={t.scoreNote}
              {...(score < 50 ? { tone: 'bad' as const } : {})}
            />
            <Stat label={t.severities.error} value={count(counts.error)} />
            <Stat label={t.severities.warning} value={count(counts.warning)} />
            <Stat label={t.severities.info} value={count(counts.info)} />
          </div>
        )}
      </Loaded>
      <Section
        flush
        title={t.tabs.findings}
        actions={
          <SegmentedControl
            size="xs"
            value={severity}
            onChange={(value) => setSeverity(value)}
            data={[
              { value: '', label: t.anySeverity },
              ...(['error', 'warning', 'info'] as const).map((value) => ({ value, label: t.severities[value] })),
            ]}
            aria-label={t.severity}
          />
        }
      >
        <List
          query={query}
          columns={findingColumns}
          idOf={({ rule, pointer, message }) => `${rule} ${pointer} ${message}`}
          onOpen={setShown}
          label={t.tabs.findings}
          empty={<Empty icon="check" title={t.noFindings} text={t.noFindingsText} />}
        />
      </Section>
      <Dialog opened={shown !== undefined} onClose={() => setShown(undefined)} title={t.finding}>
        {shown && (
          <Stack gap="sm">
            <Text size="sm">{shown.message}</Text>
            <dl className="facts">
              <dt>{t.rule}</dt>
              <dd>
                <code>{shown.rule}</code>
              </dd>
              <dt>{t.place}</dt>
              <dd>
                <code>{shown.pointer}</code>
              </dd>
              <dt>{t.fix}</dt>
              <dd>{shown.fix}</dd>
            </dl>
          </Stack>
        )}
      </Dialog>
    </Stack>
  );
}

function Versions({ one }: { one: IntegrationDto }): ReactElement {
  const mayWrite = useMay('developer');
  const queries = useQueryClient();
  const [isOpen, dialog] = useDisclosure();
  const [shown, setShown] = useState<number>();
  const path = { integration_id: one.integration_id };
  const query = useQuery({
    queryKey: ['integration', one.integration_id, 'versions', one.version],
    queryFn: () => api(listIntegrationVersions({ path })),
  });
  const version = shown ?? one.version;
  const details = useQuery({
    queryKey: ['integration', one.integration_id, 'version', version],
    queryFn: () => api(getIntegrationVersion({ path: { ...path, version } })),
  });
  const restore = async (to: number): Promise<void> => {
    await api(restoreIntegrationVersion({ path: { ...path, version: to } }));
    await queries.invalidateQueries({ queryKey: ['integration', one.integration_id] });
    setShown(undefined);
    notify(t.restored(to));
  };
  return (
    <div className="split" style={{ '--left': '1fr', '--right': '1.6fr' } as React.CSSProperties}>
      <Section
        flush
        title={t.tabs.versions}
        actions={
          mayWrite && (
            <Button size="xs" variant="default" onClick={dialog.open}>
              {t.newDocument}
            </Button>
          )
        }
      >
        <Loaded query={query}>
          {({ versions }) => (
            <div className="scroll-x">
              <Table>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>{t.version}</Table.Th>
                    <Table.Th>{t.apiVersion}</Table.Th>
                    <Table.Th>{t.when}</Table.Th>
                    <Table.Th>
                      <span className="visually-hidden">{t.actions}</span>
                    </Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {versions.map((row) => (
                    <Table.Tr key={row.version}>
                      <Table.Td>
                        <button
                          type="button"
                          className="link-button"
                          aria-pressed={row.version === version}
                          onClick={() => setShown(row.version)}
                        >
                          {t.versionNumber(row.version)}
                        </button>
                      </Table.Td>
                      <Table.Td>{row.api_version}</Table.Td>
                      <Table.Td>
                        <Ago at={row.created_at} />
                      </Table.Td>
                      <Table.Td ta="right">
                        {mayWrite && row.version !== one.version && (
                          <Button
                            size="compact-xs"
                            variant="default"
                            onClick={() => void restore(row.version).catch(notifyError)}
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
          )}
        </Loaded>
      </Section>
      <Section title={t.changesOf(version)}>
        <Loaded query={details}>
          {({ diff, restored_from }) => (
            <Stack gap="sm">
              {restored_from !== null && <Text size="sm">{t.restoredFrom(restored_from)}</Text>}
              {diff === null ? (
                <Text size="sm" c="dimmed">
                  {t.firstVersion}
                </Text>
              ) : diff.changes.length === 0 ? (
                <Text size="sm" c="dimmed">
                  {t.noChanges}
                </Text>
              ) : (
                <>
                  <Text size="sm">{t.changeCount(diff.changes.length, diff.breaking_count)}</Text>
                  <ul className="change-list">
                    {diff.changes.map((change, index) => (
                      <li key={`${change.operation_id}${change.place}${index}`}>
                        <Badge color={change.breaking ? 'red' : 'green'}>
                          {change.breaking ? t.breaking : t.compatible}
                        </Badge>
                        <div>
                          <Text size="sm" fw={600}>
                            {change.name}{' '}
                            <Text span size="xs" c="dimmed" className="mono">
                              {change.method} {change.path}
                            </Text>
                          </Text>
                          <Text size="sm">
                            {change.place !== '' && <code>{change.place}</code>} {change.message}
                          </Text>
                        </div>
                      </li>
                    ))}
                  </ul>
                  {!diff.complete && (
                    <Text size="xs" c="dimmed">
                      {t.moreChanges}
                    </Text>
                  )}
                </>
              )}
              {diff !== null && diff.affected.length > 0 && (
                <div className="note-box">
                  <Text size="sm" fw={600}>
                    {t.affected}
                  </Text>
                  <ul className="plain-list">
                    {diff.affected.map(({ kind, id, name }) => (
                      <li key={id}>{kind === 'flow' ? <Link to={`/flows/${id}`}>{name}</Link> : name}</li>
                    ))}
                  </ul>
                </div>
              )}
            </Stack>
          )}
        </Loaded>
      </Section>
      <Dialog opened={isOpen} onClose={dialog.close} size="lg" title={t.newDocument}>
        <ReplaceForm
          one={one}
          onDone={() => {
            setShown(undefined);
            dialog.close();
          }}
        />
      </Dialog>
    </div>
  );
}

function ReplaceForm({ one, onDone }: { one: IntegrationDto; onDone: () => void }): ReactElement {
  const queries = useQueryClient();
  const [source, setSource] = useState<Source>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const send = async (): Promise<void> => {
    if (!source) return;
    setBusy(true);
    setError(undefined);
    try {
      await sendDocument('PUT', `/api/v1/integrations/${one.integration_id}/document`, source);
      await queries.invalidateQueries({ queryKey: ['integration', one.integration_id] });
      onDone();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        {t.newDocumentText}
      </Text>
      <SourceInput onChange={setSource} />
      {error !== undefined && <ErrorBox error={error} />}
      <Group justify="flex-end">
        <Button loading={busy} disabled={source === undefined} onClick={() => void send()}>
          {t.import}
        </Button>
      </Group>
    </Stack>
  );
}

function ContractTests({ one }: { one: IntegrationDto }): ReactElement {
  const mayWrite = useMay('developer');
  const queries = useQueryClient();
  const [target, setTarget] = useState<'mock' | 'live'>('mock');
  const [record, setRecord] = useState(false);
  const [shown, setShown] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const path = { integration_id: one.integration_id };
  const history = useQuery({
    queryKey: ['contract-tests', one.integration_id],
    queryFn: () => api(listContractTests({ path })),
  });
  const run_id = shown ?? history.data?.runs[0]?.run_id;
  const report = useQuery({
    queryKey: ['contract-tests', one.integration_id, run_id],
    enabled: run_id !== undefined,
    queryFn: () => api(getContractTest({ path: { ...path, run_id: run_id ?? '' } })),
  });
  const run = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      const made = await api(runContractTests({ path, body: { target, record } }));
      await queries.invalidateQueries({ queryKey: ['contract-tests', one.integration_id] });
      setShown(made.run_id);
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Stack gap="lg">
      {mayWrite && (
        <Section title={t.runTests}>
          <Stack gap="sm">
            <Text size="sm" c="dimmed">
              {t.testsText}
            </Text>
            <Group gap="md">
              <SegmentedControl
                value={target}
                onChange={(value) => setTarget(value)}
                data={[
                  { value: 'mock', label: t.againstMock },
                  { value: 'live', label: t.againstLive },
                ]}
                aria-label={t.target}
              />
              <Switch label={t.record} checked={record} onChange={(event) => setRecord(event.currentTarget.checked)} />
              <Button loading={busy} onClick={() => void run()}>
                {t.runNow}
              </Button>
            </Group>
            {error !== undefined && <ErrorBox error={error} />}
          </Stack>
        </Section>
      )}
      <Loaded query={history}>
        {({ runs }) =>
          runs.length === 0 ? (
            <Section>
              <Empty icon="check" title={t.noTests} text={t.noTestsText} />
            </Section>
          ) : (
            <div className="split" style={{ '--left': '1fr', '--right': '1.7fr' } as React.CSSProperties}>
              <Section title={t.history} flush>
                <div className="scroll-x">
                  <Table>
                    <Table.Thead>
                      <Table.Tr>
                        <Table.Th>{t.when}</Table.Th>
                        <Table.Th>{t.target}</Table.Th>
                        <Table.Th>{t.passed}</Table.Th>
                        <Table.Th>{t.deterministic}</Table.Th>
                      </Table.Tr>
                    </Table.Thead>
                    <Table.Tbody>
                      {runs.map((row) => (
                        <Table.Tr key={row.run_id}>
                          <Table.Td>
                            <button
                              type="button"
                              className="link-button"
                              aria-pressed={row.run_id === run_id}
                              onClick={() => setShown(row.run_id)}
                            >
                              <Ago at={row.started_at} />
                            </button>
                          </Table.Td>
                          <Table.Td>{row.target === 'mock' ? t.againstMock : t.againstLive}</Table.Td>
                          <Table.Td>
                            <Text span size="sm" {...(row.failed > 0 ? { c: 'var(--mantine-color-error)' } : {})}>
                              {row.passed} / {row.passed + row.failed}
                            </Text>
                          </Table.Td>
                          <Table.Td>
                            {row.deterministic_share === null ? '–' : `${Math.round(row.deterministic_share * 100)} %`}
                          </Table.Td>
                        </Table.Tr>
                      ))}
                    </Table.Tbody>
                  </Table>
                </div>
              </Section>
              <Section title={t.results} flush>
                <Loaded query={report}>
                  {({ results }) => (
                    <ul className="change-list padded">
                      {results.map((result) => (
                        <li key={result.operation_id}>
                          <Status value={result.passed ? 'passed' : 'failed'} />
                          <div>
                            <Text size="sm" fw={600}>
                              {result.name}{' '}
                              <Text span size="xs" c="dimmed">
                                {t.risks[result.risk]}
                              </Text>
                            </Text>
                            <Text size="xs" c="dimmed">
                              {[
                                result.status === null ? t.noAnswer : t.answered(result.status),
                                t.goldens[result.golden],
                                result.deterministic ? t.sameThrice : t.differsThrice,
                              ].join(' · ')}
                            </Text>
                            {result.error !== null && (
                              <Text size="sm" c="var(--mantine-color-error)">
                                {result.error}
                              </Text>
                            )}
                            {result.mismatches.map(({ pointer, message }) => (
                              <Text size="sm" key={`${pointer}${message}`} c="var(--mantine-color-error)">
                                <code>{pointer}</code> {message}
                              </Text>
                            ))}
                            {result.differences.map((difference) => (
                              <Text size="sm" key={difference} c="var(--mantine-color-error)">
                                {difference}
                              </Text>
                            ))}
                          </div>
                        </li>
                      ))}
                    </ul>
                  )}
                </Loaded>
              </Section>
            </div>
          )
        }
      </Loaded>
    </Stack>
  );
}

function Use({ one }: { one: IntegrationDto }): ReactElement {
  const mayWrite = useMay('developer');
  const queries = useQueryClient();
  const [language, setLanguage] = useState('typescript');
  const [packageName, setPackageName] = useState('');
  const [busy, setBusy] = useState(false);
  const turn = async (mode: 'off' | 'on' | 'instead'): Promise<void> => {
    await api(turnMock({ path: { integration_id: one.integration_id }, body: { mode } }));
    await queries.invalidateQueries({ queryKey: ['integration', one.integration_id] });
  };
  const download = async (): Promise<void> => {
    setBusy(true);
    try {
      const response = await signedFetch(`/api/v1/integrations/${one.integration_id}/clients`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ language, ...(packageName.trim() === '' ? {} : { package_name: packageName.trim() }) }),
      });
      if (!response.ok) throw errorOf(response.status, await response.json().catch(() => undefined));
      const link = document.createElement('a');
      link.href = URL.createObjectURL(await response.blob());
      link.download =
        /filename="?([^";]+)/.exec(response.headers.get('content-disposition') ?? '')?.[1] ??
        `${one.name}-${language}.zip`;
      link.click();
      URL.revokeObjectURL(link.href);
    } catch (error) {
      notifyError(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="split">
      <Section title={t.mockTitle}>
        <Stack gap="sm">
          <Text size="sm" c="dimmed">
            {t.mockText}
          </Text>
          <SegmentedControl
            value={one.mock}
            onChange={(value) => void turn(value).catch(notifyError)}
            disabled={!mayWrite}
            data={[
              { value: 'off', label: t.mockOff },
              { value: 'on', label: t.mockOn },
              { value: 'instead', label: t.mockInstead },
            ]}
            aria-label={t.mockTitle}
          />
          <Text size="sm">{t.mockModes[one.mock]}</Text>
          {one.mock !== 'off' && (
            <CopyableCode
              code={`curl ${window.location.origin}/mock/${one.integration_id}/ \\\n  -H "Authorization: Bearer $NEXUS_API_KEY" \\\n  -H "Prefer: code=429"   # request an error`}
              label={t.mockTitle}
            />
          )}
        </Stack>
      </Section>
      <Section title={t.clientTitle}>
        <Stack gap="sm">
          <Text size="sm" c="dimmed">
            {t.clientText}
          </Text>
          <Select
            label={t.language}
            value={language}
            allowDeselect={false}
            onChange={(value) => setLanguage(value ?? 'typescript')}
            data={[
              { value: 'typescript', label: 'TypeScript' },
              { value: 'python', label: 'Python' },
              { value: 'go', label: 'Go' },
            ]}
          />
          <TextInput
            label={t.packageName}
            value={packageName}
            onChange={({ currentTarget }) => setPackageName(currentTarget.value)}
            placeholder={`${one.name}-client`}
          />
          <Group>
            <Button loading={busy} disabled={!mayWrite} onClick={() => void download()}>
              {t.download}
            </Button>
          </Group>
        </Stack>
      </Section>
    </div>
  );
}

function Settings({ one }: { one: IntegrationDto }): ReactElement {
  const mayWrite = useMay('developer');
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [name, setName] = useState(one.name);
  const [baseUrl, setBaseUrl] = useState(one.base_url ?? '');
  const [credential, setCredential] = useState(one.credential_id);
  const [error, setError] = useState<unknown>();
  const credentials = useQuery({
    queryKey: ['credentials', 'choice'],
    queryFn: () => api(listCredentials({ query: { limit: 100 } })),
  });
  const path = { integration_id: one.integration_id };
  const save = async (): Promise<void> => {
    setError(undefined);
    try {
      await api(
        changeIntegration({
          path,
          body: {
            name: name.trim(),
            base_url: baseUrl.trim() === '' ? null : baseUrl.trim(),
            credential_id: credential,
          },
        }),
      );
      await queries.invalidateQueries({ queryKey: ['integration', one.integration_id] });
      notify(t.saved);
    } catch (failure) {
      setError(failure);
    }
  };
  const isChanged = name !== one.name || baseUrl !== (one.base_url ?? '') || credential !== one.credential_id;
  return (
    <div className="split">
      <Section title={t.tabs.settings}>
        <Stack gap="sm">
          <TextInput label={t.name} value={name} onChange={({ currentTarget }) => setName(currentTarget.value)} />
          <TextInput
            label={t.baseUrl}
            description={t.servers(one.servers.join(', '))}
            value={baseUrl}
            onChange={({ currentTarget }) => setBaseUrl(currentTarget.value)}
          />
          <Select
            label={t.credential}
            clearable
            placeholder={texts.integrationNew.noCredential}
            data={(credentials.data?.credentials ?? []).map((row) => ({ value: row.credential_id, label: row.name }))}
            value={credential}
            onChange={setCredential}
          />
          {error !== undefined && <ErrorBox error={error} />}
          <Group justify="flex-end">
            <Button disabled={!mayWrite || !isChanged} onClick={() => void save()}>
              {texts.actions.save}
            </Button>
          </Group>
        </Stack>
      </Section>
      <Section title={t.deleteSection}>
        <Stack gap="sm" align="flex-start">
          <Text size="sm" c="dimmed">
            {t.deleteText}
          </Text>
          <DangerButton
            label={t.delete}
            title={t.deleteTitle(one.name)}
            text={t.deleteText}
            typed={one.name}
            disabled={!mayWrite}
            onConfirm={async () => {
              await api(deleteIntegration({ path }));
              await queries.invalidateQueries({ queryKey: ['integrations'] });
              await navigate({ to: '/integrations' });
            }}
          />
        </Stack>
      </Section>
    </div>
  );
}
