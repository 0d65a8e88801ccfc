import {
  Button,
  Code,
  Group,
  Menu,
  Progress,
  SegmentedControl,
  Select,
  Stack,
  TagsInput,
  Tabs,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import { api } from '../api/api';
import {
  createOwnApiKey,
  deleteAgent,
  getAgent,
  getAgentDefinition,
  listAgentVersions,
  rollbackAgent,
  setAgentStatus,
  updateAgent,
} from '../client/sdk.gen';
import type { AgentDto, AgentVersionDto } from '../client/types.gen';
import { EditDefinition } from '../components/definition';
import { Examples } from '../components/examples';
import { Icon } from '../components/icons';
import { Rollout } from '../components/rollout';
import { useMay } from '../components/shell';
import { Diff, Editor } from '../components/text';
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
  LinkButton,
} from '../components/ui';
import { count, duration, inOrder, percent } from '../format';
import { snippets, type SnippetLanguage } from '../snippets';
import { texts } from '../texts';
import { RunList, type RunFilter } from '../components/run-list';

const t = texts.agent;

export function Page(): ReactElement {
  const { agentId = '' }: { agentId?: string } = useParams({ strict: false });
  const agent = useQuery({
    queryKey: ['agent', agentId],
    queryFn: () => api(getAgent({ path: { agent_id: agentId } })),
  });
  const may = useMay('developer');
  return (
    <Loaded query={agent}>
      {(data) => (
        <Frame
          crumb={<Link to="/agents">{texts.nav.agents}</Link>}
          title={data.agent_name}
          note={
            <Stack gap={6}>
              <span>{data.description}</span>
              <Group gap="sm">
                <Status value={data.status} label={data.status === 'running' ? texts.agents.serving : undefined} />
                <span>{data.version}</span>
                {data.rollout && <span>{texts.rollout.beside(data.rollout.version, data.rollout.percent)}</span>}
                <Id value={data.agent_id} short />
              </Group>
            </Stack>
          }
          actions={
            <>
              <LinkButton to="/playground" search={{ agent: data.agent_id }} leftSection={<Icon name="chat" />}>
                {t.chat}
              </LinkButton>
              <LinkButton to={`/builds/${data.project_id}`} variant="default">
                {t.openBuild}
              </LinkButton>
              {may && <AgentMenu agent={data} />}
            </>
          }
        >
          <Figures agent={data} />
          <Section flush>
            <Tabs defaultValue="overview" keepMounted={false}>
              <Tabs.List px="sm" className="page-tabs">
                <Tabs.Tab value="overview">{t.overview}</Tabs.Tab>
                <Tabs.Tab value="code">{t.code}</Tabs.Tab>
                <Tabs.Tab value="versions">{t.versions}</Tabs.Tab>
                <Tabs.Tab value="runs">{texts.nav.runs}</Tabs.Tab>
                <Tabs.Tab value="examples">{t.examples}</Tabs.Tab>
                {may && <Tabs.Tab value="definition">{t.definition}</Tabs.Tab>}
                {may && <Tabs.Tab value="edit">{t.edit}</Tabs.Tab>}
              </Tabs.List>
              <Tabs.Panel value="overview" p="md">
                <Overview agent={data} />
              </Tabs.Panel>
              <Tabs.Panel value="code" p="md">
                <CodeFor agent={data} />
              </Tabs.Panel>
              <Tabs.Panel value="versions" p="md">
                <Versions agent={data} mayChange={may} />
              </Tabs.Panel>
              <Tabs.Panel value="runs">
                <AgentRuns agent_id={data.agent_id} />
              </Tabs.Panel>
              <Tabs.Panel value="examples" p="md">
                <Examples agent_id={data.agent_id} />
              </Tabs.Panel>
              <Tabs.Panel value="definition" p="md">
                <EditDefinition agent={data} />
              </Tabs.Panel>
              <Tabs.Panel value="edit" p="md">
                <Edit agent={data} />
              </Tabs.Panel>
            </Tabs>
          </Section>
        </Frame>
      )}
    </Loaded>
  );
}

function Figures({ agent }: { agent: AgentDto }): ReactElement {
  const { runtime_stats: stats, coverage } = agent;
  return (
    <div className="stats">
      <Stat
        label={texts.agents.calls}
        value={count(stats.total_invocations)}
        note={stats.last_invoked_at === null ? t.neverCalled : <Ago at={stats.last_invoked_at} />}
      />
      <Stat
        label={texts.agents.successRate}
        value={
          stats.total_invocations === 0 ? '–' : percent((stats.successful_invocations / stats.total_invocations) * 100)
        }
        note={t.failed(stats.failed_invocations)}
      />
      <Stat
        label={t.typicalTime}
        value={duration(stats.avg_duration_ms)}
        note={t.p95(duration(stats.p95_duration_ms))}
      />
      <Stat label={t.tokens} value={count(stats.input_tokens + stats.output_tokens)} />
      <Stat
        label={t.proven}
        value={coverage === null ? '–' : `${coverage.proven}/${coverage.total}`}
        note={
          coverage === null ? (
            t.notMeasured
          ) : (
            <Progress value={coverage.share * 100} size="xs" mt={6} color="green.7" aria-label={t.proven} />
          )
        }
      />
    </div>
  );
}

function AgentMenu({ agent }: { agent: AgentDto }): ReactElement {
  const { agent_id, status } = agent;
  const queries = useQueryClient();
  const navigate = useNavigate();
  const turn = async (to: 'running' | 'offline'): Promise<void> => {
    await api(setAgentStatus({ path: { agent_id }, body: { status: to } }));
    await queries.invalidateQueries({ queryKey: ['agent', agent_id] });
  };
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default" rightSection={<Icon name="down" size={14} />}>
            {t.more}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {status === 'running' ? (
            <Menu.Item leftSection={<Icon name="pause" />} onClick={() => void turn('offline').catch(notifyError)}>
              {t.takeOffline}
            </Menu.Item>
          ) : (
            <Menu.Item leftSection={<Icon name="play" />} onClick={() => void turn('running').catch(notifyError)}>
              {t.serve}
            </Menu.Item>
          )}
          <Menu.Item
            component={Link}
            to="/sessions"
            search={{ agent: agent_id } as never}
            leftSection={<Icon name="sessions" />}
          >
            {texts.nav.sessions}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <DangerButton
        compact
        label={t.delete}
        title={t.deleteTitle(agent.agent_name)}
        text={t.deleteText}
        typed={agent.agent_name}
        onConfirm={async () => {
          await api(deleteAgent({ path: { agent_id } }));
          notify(t.deleted);
          await navigate({ to: '/agents' });
        }}
      />
    </>
  );
}

const list = (values: readonly string[]): ReactElement | string =>
  values.length === 0 ? (
    '–'
  ) : (
    <Group gap={4}>
      {values.map((value) => (
        <Code key={value}>{value}</Code>
      ))}
    </Group>
  );

function Overview({ agent }: { agent: AgentDto }): ReactElement {
  const { agent_id, version } = agent;
  const defined = useQuery({
    queryKey: ['agent', agent_id, 'definition', version],
    queryFn: () => api(getAgentDefinition({ path: { agent_id } })),
  });
  const team = defined.data?.definition.team ?? [];
  return (
    <Stack>
      {agent.error_message !== null && <ErrorBox error={new Error(agent.error_message)} title={t.hasError} />}
      {agent.coverage?.warning != null && <Text size="sm">{agent.coverage.warning}</Text>}
      <dl className="facts">
        <dt>{t.model}</dt>
        <dd>{agent.model_id ?? t.platformModel}</dd>
        <dt>{t.runtime}</dt>
        <dd>{agent.endpoint_url === null ? agent.runtime : `${agent.runtime}, ${agent.endpoint_url}`}</dd>
        <dt>{t.tools}</dt>
        <dd>{list(agent.tools)}</dd>
        {team.length > 0 && (
          <>
            <dt>{t.team}</dt>
            <dd>
              {team.map(({ name, description, model_id }) => (
                <div key={name}>
                  <Code>{name}</Code> {description}
                  {typeof model_id === 'string' && ` (${model_id})`}
                </div>
              ))}
            </dd>
          </>
        )}
        <dt>{t.approval}</dt>
        <dd>{list(agent.requires_approval)}</dd>
        <dt>{t.capabilities}</dt>
        <dd>{list(agent.capabilities)}</dd>
        <dt>{t.category}</dt>
        <dd>{agent.category}</dd>
        <dt>{t.tags}</dt>
        <dd>{list(agent.tags)}</dd>
        <dt>{t.created}</dt>
        <dd>
          <Ago at={agent.created_at} />
        </dd>
        <dt>{t.id}</dt>
        <dd>
          <Id value={agent.agent_id} />
        </dd>
      </dl>
      {agent.output_schema !== null && (
        <CopyableCode code={JSON.stringify(agent.output_schema, null, 2)} label={t.outputSchema} />
      )}
    </Stack>
  );
}

/** The agent from code, in the language of the reader, with a key made here if wanted. */
function CodeFor({ agent }: { agent: AgentDto }): ReactElement {
  const [language, setLanguage] = useState<SnippetLanguage>('curl');
  const [key, setKey] = useState<string>();
  const [error, setError] = useState<unknown>();
  const mayMakeKeys = useMay('developer');
  const make = async (): Promise<void> => {
    const made = await api(createOwnApiKey({ body: { name: t.keyName(agent.agent_name), roles: ['developer'] } }));
    setKey(made.api_key);
  };
  return (
    <Stack>
      <Group justify="space-between">
        <div className="scroll-x">
          <SegmentedControl
            size="xs"
            value={language}
            onChange={setLanguage}
            aria-label={t.language}
            data={Object.entries(snippets).map(([value, { label }]) => ({ value: value as SnippetLanguage, label }))}
          />
        </div>
        {mayMakeKeys && (
          <Button size="xs" variant="light" disabled={key !== undefined} onClick={() => void make().catch(setError)}>
            {t.makeKey}
          </Button>
        )}
      </Group>
      {error !== undefined && <ErrorBox error={error} />}
      <CopyableCode
        code={snippets[language].code({
          origin: location.origin,
          agent_id: agent.agent_id,
          key: key ?? '$NEXUS_API_KEY',
        })}
        label={snippets[language].label}
      />
      <Text size="xs" c="dimmed">
        {key === undefined ? t.keyHint : t.keyOnce}
      </Text>
    </Stack>
  );
}

const definitionText = (version: AgentVersionDto): string => {
  const { system_prompt, ...rest } = version.definition;
  const prompt = typeof system_prompt === 'string' ? system_prompt : '';
  return `${JSON.stringify(inOrder(rest), null, 2)}\n\n${prompt}`;
};

function Versions({ agent, mayChange }: { agent: AgentDto; mayChange: boolean }): ReactElement {
  const { agent_id } = agent;
  const queries = useQueryClient();
  const versions = useQuery({
    queryKey: ['agent', agent_id, 'versions'],
    queryFn: () => api(listAgentVersions({ path: { agent_id }, query: { limit: 50 } })),
  });
  const [chosen, setChosen] = useState<{ before?: string; after?: string }>({});
  return (
    <Loaded query={versions}>
      {({ versions: all }) => {
        const current = all.find((one) => one.current) ?? all[0];
        const after = all.find(({ version }) => version === chosen.after) ?? current;
        const before = all.find(({ version }) => version === chosen.before) ?? all.find((one) => one !== after);
        if (!after) return <Empty icon="clock" title={t.noVersions} text={t.noVersionsText} />;
        const data = all.map(({ version, current: isCurrent }) => ({
          value: version,
          label: isCurrent ? t.currentVersion(version) : version,
        }));
        return (
          <Stack>
            <Rollout agent={agent} versions={all} mayChange={mayChange} />
            {before ? (
              <>
                <Group align="flex-end">
                  <Select
                    label={t.from}
                    data={data}
                    value={before.version}
                    onChange={(value) => setChosen({ ...chosen, ...(value === null ? {} : { before: value }) })}
                    allowDeselect={false}
                    w={190}
                  />
                  <Select
                    label={t.to}
                    data={data}
                    value={after.version}
                    onChange={(value) => setChosen({ ...chosen, ...(value === null ? {} : { after: value }) })}
                    allowDeselect={false}
                    w={190}
                  />
                  {mayChange && !before.current && (
                    <DangerButton
                      label={t.rollback(before.version)}
                      title={t.rollbackTitle(before.version)}
                      text={t.rollbackText}
                      onConfirm={async () => {
                        await api(rollbackAgent({ path: { agent_id }, body: { version: before.version } }));
                        await queries.invalidateQueries({ queryKey: ['agent', agent_id] });
                        notify(t.rolledBack(before.version));
                      }}
                    />
                  )}
                </Group>
                <Diff
                  before={definitionText(before)}
                  after={definitionText(after)}
                  label={t.difference(before.version, after.version)}
                />
              </>
            ) : (
              <>
                <Text size="sm" c="dimmed">
                  {t.oneVersion(after.version)}
                </Text>
                <CopyableCode code={definitionText(after)} label={t.definition} maxHeight={620} />
              </>
            )}
          </Stack>
        );
      }}
    </Loaded>
  );
}

/** What the API lets a person change of an agent; a new label makes a new version. */
function Edit({ agent }: { agent: AgentDto }): ReactElement {
  const { agent_id } = agent;
  const queries = useQueryClient();
  const [description, setDescription] = useState(agent.description);
  const [category, setCategory] = useState(agent.category);
  const [model, setModel] = useState(agent.model_id ?? '');
  const [tags, setTags] = useState(agent.tags);
  const [approval, setApproval] = useState(agent.requires_approval);
  const [version, setVersion] = useState('');
  const [schema, setSchema] = useState(
    agent.output_schema === null ? '' : JSON.stringify(agent.output_schema, null, 2),
  );
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const save = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      const output_schema = (schema.trim() === '' ? {} : JSON.parse(schema)) as Record<string, unknown>;
      const hadSchema = agent.output_schema !== null;
      await api(
        updateAgent({
          path: { agent_id },
          body: {
            description,
            category,
            model_id: model.trim(),
            tags,
            requires_approval: approval,
            ...(hadSchema || schema.trim() !== '' ? { output_schema } : {}),
            ...(version.trim() === '' ? {} : { version: version.trim() }),
          },
        }),
      );
      await queries.invalidateQueries({ queryKey: ['agent', agent_id] });
      notify(t.saved);
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Stack maw={760}>
      <Textarea
        label={t.description}
        value={description}
        onChange={(event) => setDescription(event.currentTarget.value)}
        autosize
        minRows={2}
      />
      <Group grow align="flex-start">
        <TextInput
          label={t.model}
          description={t.modelHint}
          placeholder={t.platformModel}
          value={model}
          onChange={(event) => setModel(event.currentTarget.value)}
        />
        <TextInput
          label={t.category}
          description={t.categoryHint}
          value={category}
          onChange={(event) => setCategory(event.currentTarget.value)}
        />
      </Group>
      <TagsInput label={t.tags} value={tags} onChange={setTags} />
      <TagsInput
        label={t.approval}
        description={t.approvalHint}
        data={agent.tools}
        value={approval}
        onChange={setApproval}
      />
      <TextInput
        label={t.versionLabel}
        description={t.versionHint}
        placeholder={agent.version}
        value={version}
        onChange={(event) => setVersion(event.currentTarget.value)}
        maw={300}
      />
      <div>
        <Text size="sm" fw={500}>
          {t.outputSchema}
        </Text>
        <Text size="xs" c="dimmed" mb={6}>
          {t.outputSchemaHint}
        </Text>
        <Editor value={schema} onChange={setSchema} language="json" label={t.outputSchema} height={180} />
      </div>
      {error !== undefined && <ErrorBox error={error} />}
      <Group>
        <Button loading={busy} onClick={() => void save()}>
          {texts.actions.save}
        </Button>
      </Group>
    </Stack>
  );
}

function AgentRuns({ agent_id }: { agent_id: string }): ReactElement {
  const [filter, setFilter] = useState<RunFilter>({});
  return (
    <RunList agent_id={agent_id} filter={filter} onFilter={(change) => setFilter((now) => ({ ...now, ...change }))} />
  );
}
