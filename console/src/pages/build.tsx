import { Badge, Box, Button, Group, Menu, Progress, Radio, ScrollArea, Select, Stack, Tabs, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, useState, type ReactElement } from 'react';
import { api } from '../api/api';
import { useStream } from '../api/stream';
import {
  controlProject,
  deleteProject,
  getProject,
  getProjectArtifact,
  getProjectBuild,
  listProjectArtifacts,
} from '../client/sdk.gen';
import type { ArtifactSummaryDto, BuildDashboardDto, ControlProjectDto, ProjectDto } from '../client/types.gen';
import { Dialog } from '../components/form';
import { Icon } from '../components/icons';
import { ProgressSteps, type Step } from '../components/progress';
import { useMay } from '../components/shell';
import { JsonView, Markdown } from '../components/text';
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
import { bytes, count, duration, money } from '../format';
import { texts } from '../texts';

const t = texts.build;
const ACTIVE = new Set(['pending', 'building', 'pausing']);

interface LogLine {
  id: string;
  stage: string | null;
  level: string;
  message: string;
  attempt: number;
  timestamp: string;
}

export function Page(): ReactElement {
  const { projectId = '' }: { projectId?: string } = useParams({ strict: false });
  const queries = useQueryClient();
  const [lines, setLines] = useState<LogLine[]>([]);
  const [stage, setStage] = useState<string>();
  const project = useQuery({
    queryKey: ['project', projectId],
    queryFn: () => api(getProject({ path: { project_id: projectId } })),
  });
  const dashboard = useQuery({
    queryKey: ['project', projectId, 'build'],
    queryFn: () => api(getProjectBuild({ path: { project_id: projectId } })),
  });
  const artifacts = useQuery({
    queryKey: ['project', projectId, 'artifacts'],
    queryFn: () => api(listProjectArtifacts({ path: { project_id: projectId } })),
  });
  const [following, setFollowing] = useState(0);
  useEffect(() => setLines([]), [projectId, following]);

  const refresh = useRef(0);
  const stream = useStream(
    `/api/v1/projects/${encodeURIComponent(projectId)}/events${following === 0 ? '' : `?again=${following}`}`,
    ({ id, event, data }) => {
      if (event === 'log')
        setLines((all) => [
          ...all,
          {
            id,
            stage: data['stage_name'] as string | null,
            level: String(data['level']),
            message: String(data['message']),
            attempt: Number(data['attempt']),
            timestamp: String(data['timestamp']),
          },
        ]);
      // Many events of one step come together: one look at the platform answers for all of them.
      window.clearTimeout(refresh.current);
      refresh.current = window.setTimeout(
        () => void queries.invalidateQueries({ queryKey: ['project', projectId] }),
        event === 'done' ? 0 : 250,
      );
    },
  );

  return (
    <Loaded query={project}>
      {(data) => (
        <Frame
          crumb={<Link to="/builds">{texts.nav.builds}</Link>}
          title={data.project_name}
          note={
            <Group gap="sm">
              <Status value={data.status} />
              <Id value={data.project_id} />
              <span>{t.attempt(data.attempt)}</span>
              {stream.isOpen && ACTIVE.has(data.status) && <span>{t.live}</span>}
            </Group>
          }
          actions={
            <Controls
              project={data}
              artifacts={artifacts.data?.artifacts ?? []}
              onChanged={() => setFollowing((times) => times + 1)}
            />
          }
        >
          {stream.error !== undefined && <ErrorBox error={stream.error} />}
          {data.error_info && <Failure project={data} />}
          {dashboard.data && <Figures build={dashboard.data} />}
          <div className="split" style={{ '--left': '1fr', '--right': '2.3fr' } as React.CSSProperties}>
            <Section title={t.stages} className="sticky">
              {dashboard.data && (
                <ProgressSteps
                  label={t.progress}
                  percent={data.progress}
                  steps={stepsOf(dashboard.data, data)}
                  selected={stage}
                  onSelect={(id) => setStage(id === stage ? undefined : id)}
                />
              )}
              <Text size="xs" c="dimmed" mt="sm">
                {stage === undefined ? t.selectHint : t.showingStage}
              </Text>
            </Section>
            <Section flush>
              <Tabs defaultValue="artifacts" keepMounted={false}>
                <Tabs.List px="sm" className="page-tabs">
                  <Tabs.Tab value="artifacts">{t.artifacts(artifacts.data?.artifacts.length ?? 0)}</Tabs.Tab>
                  <Tabs.Tab value="coverage">{t.coverage}</Tabs.Tab>
                  <Tabs.Tab value="log">{t.log}</Tabs.Tab>
                  <Tabs.Tab value="requirement">{t.requirement}</Tabs.Tab>
                </Tabs.List>
                <Box p="md">
                  <Tabs.Panel value="artifacts">
                    <Loaded query={artifacts}>
                      {({ artifacts: all }) => (
                        <Artifacts
                          projectId={projectId}
                          all={all.filter(({ stage_name }) => stage === undefined || stage_name === stage)}
                          isActive={ACTIVE.has(data.status)}
                        />
                      )}
                    </Loaded>
                  </Tabs.Panel>
                  <Tabs.Panel value="coverage">
                    <Coverage project={data} artifacts={artifacts.data?.artifacts ?? []} />
                  </Tabs.Panel>
                  <Tabs.Panel value="log">
                    <Log lines={lines.filter((line) => stage === undefined || line.stage === stage)} />
                  </Tabs.Panel>
                  <Tabs.Panel value="requirement">
                    <Text className="plain-text" size="sm">
                      {data.requirement}
                    </Text>
                  </Tabs.Panel>
                </Box>
              </Tabs>
            </Section>
          </div>
        </Frame>
      )}
    </Loaded>
  );
}

function stepsOf(build: BuildDashboardDto, project: ProjectDto): Step[] {
  return build.stages.map((one) => ({
    id: one.name,
    name: one.display_name,
    status: one.status,
    note:
      one.status === 'running'
        ? (project.current_sub_stage ?? t.working)
        : one.status === 'failed'
          ? one.error
          : one.duration_seconds === null
            ? undefined
            : [
                duration(one.duration_seconds * 1_000),
                one.cost_usd === null || one.cost_usd === 0 ? undefined : money(one.cost_usd),
              ]
                .filter(Boolean)
                .join(' · '),
  }));
}

function Figures({ build }: { build: BuildDashboardDto }): ReactElement {
  const { metrics, coverage } = build;
  const cost = build.stages.reduce<number | null>(
    (sum, { cost_usd }) => (sum === null || cost_usd === null ? null : sum + cost_usd),
    0,
  );
  return (
    <div className="stats">
      <Stat
        label={t.time}
        value={duration(metrics.total_duration_seconds === null ? null : metrics.total_duration_seconds * 1_000)}
      />
      <Stat
        label={t.tokens}
        value={count(metrics.input_tokens + metrics.output_tokens)}
        note={t.inOut(count(metrics.input_tokens), count(metrics.output_tokens))}
      />
      <Stat label={t.cost} value={money(cost)} />
      <Stat label={t.toolCalls} value={count(metrics.tool_calls)} />
      <Stat
        label={t.proven}
        value={coverage === null ? '–' : `${coverage.proven}/${coverage.total}`}
        note={coverage === null ? t.notMeasured : t.provenNote}
      />
    </div>
  );
}

function Failure({ project }: { project: ProjectDto }): ReactElement | null {
  const { error_info } = project;
  if (!error_info) return null;
  return (
    <Section
      title={t.failed(error_info.stage === null ? undefined : (texts.stages[error_info.stage] ?? error_info.stage))}
    >
      <Stack gap="xs">
        <Text size="sm">{error_info.message}</Text>
        {error_info.suggestion !== undefined && <Text size="sm">{error_info.suggestion}</Text>}
        {error_info.code === 'REQUIREMENT_NOT_PROVEN' || error_info.code === 'REQUIREMENT_UNCLEAR' ? (
          <Group>
            <LinkButton to="/agents/new" search={{ requirement: project.requirement }} variant="light" size="xs">
              {t.editRequirement}
            </LinkButton>
          </Group>
        ) : null}
      </Stack>
    </Section>
  );
}

type StageName = NonNullable<NonNullable<ControlProjectDto['from_stage']>>;
const STAGE_NAMES: readonly string[] = Object.keys(texts.stages);

function Controls({
  project,
  artifacts,
  onChanged,
}: {
  project: ProjectDto;
  artifacts: readonly ArtifactSummaryDto[];
  onChanged: () => void;
}): ReactElement {
  const { project_id, status } = project;
  const [isRestarting, setRestarting] = useState(false);
  const [mode, setMode] = useState('keep');
  const [stage, setStage] = useState<StageName>('agent_deployer');
  const queries = useQueryClient();
  const navigate = useNavigate();
  const may = useMay('developer');
  const act = async (
    action: 'pause' | 'resume' | 'stop' | 'restart',
    from: { from_scratch?: boolean; from_stage?: StageName } = {},
  ): Promise<void> => {
    await api(
      controlProject({
        path: { project_id },
        body: { action, ...from },
      }),
    );
    await queries.invalidateQueries({ queryKey: ['project', project_id] });
    notify(t.done[action]);
    if (action !== 'pause') onChanged();
  };
  const run = (action: 'pause' | 'resume' | 'stop', event?: unknown): void => {
    void event;
    act(action).catch(notifyError);
  };
  const agent = project.agents[0];
  // A stage can run again when those before it are completed; the first is "from the first stage".
  const reached =
    status === 'completed' ? STAGE_NAMES.length : STAGE_NAMES.indexOf(project.error_info?.stage ?? '') + 1;
  const restartable = STAGE_NAMES.slice(1, reached) as StageName[];
  return (
    <>
      {agent !== undefined && (
        <>
          <LinkButton to="/playground" search={{ agent }} leftSection={<Icon name="chat" />}>
            {t.chat}
          </LinkButton>
          <LinkButton to={`/agents/${encodeURIComponent(agent)}`} variant="default">
            {t.openAgent}
          </LinkButton>
        </>
      )}
      {may && (status === 'building' || status === 'pending') && (
        <Button variant="default" leftSection={<Icon name="pause" />} onClick={() => run('pause')}>
          {t.pause}
        </Button>
      )}
      {may && (status === 'paused' || status === 'pausing') && (
        <Button leftSection={<Icon name="play" />} onClick={() => run('resume')}>
          {t.resume}
        </Button>
      )}
      {may && (ACTIVE.has(status) || status === 'paused') && (
        <DangerButton label={t.stop} title={t.stopTitle} text={t.stopText} onConfirm={() => act('stop')} />
      )}
      {may && (status === 'failed' || status === 'completed') && (
        <Menu position="bottom-end">
          <Menu.Target>
            <Button variant="default" rightSection={<Icon name="down" size={14} />}>
              {t.more}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item
              leftSection={<Icon name="refresh" />}
              onClick={() => {
                setMode(status === 'failed' ? 'keep' : 'stage');
                setRestarting(true);
              }}
            >
              {t.restart}
            </Menu.Item>
            <Menu.Item
              leftSection={<Icon name="edit" />}
              onClick={() => void navigate({ to: '/agents/new', search: { requirement: project.requirement } })}
            >
              {t.buildAgain}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
      {may && !ACTIVE.has(status) && (
        <DangerButton
          compact
          label={t.delete}
          title={t.deleteTitle}
          text={t.deleteText(artifacts.length, project.agents.length)}
          onConfirm={async () => {
            await api(deleteProject({ path: { project_id } }));
            notify(t.deleted);
            await navigate({ to: '/builds' });
          }}
        />
      )}
      <Dialog opened={isRestarting} onClose={() => setRestarting(false)} title={t.restart}>
        <Stack>
          <Radio.Group value={mode} onChange={setMode} aria-label={t.restart}>
            <Stack gap="sm">
              {status === 'failed' && <Radio value="keep" label={t.restartKeep} description={t.restartKeepHint} />}
              {restartable.length > 0 && (
                <Radio value="stage" label={t.restartStage} description={t.restartStageHint} />
              )}
              {mode === 'stage' && (
                <Select
                  aria-label={t.restartStage}
                  data={restartable.map((name) => ({ value: name, label: texts.stages[name] ?? name }))}
                  value={restartable.includes(stage) ? stage : (restartable.at(-1) ?? null)}
                  onChange={(name) => setStage(name as StageName)}
                  allowDeselect={false}
                  ml={30}
                />
              )}
              <Radio value="scratch" label={t.restartScratch} description={t.restartScratchHint} />
            </Stack>
          </Radio.Group>
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setRestarting(false)}>
              {texts.actions.cancel}
            </Button>
            <Button
              onClick={() => {
                setRestarting(false);
                const from_stage = restartable.includes(stage) ? stage : restartable.at(-1);
                const from = mode === 'stage' && from_stage ? { from_stage } : { from_scratch: mode === 'scratch' };
                act('restart', from).catch(notifyError);
              }}
            >
              {t.restart}
            </Button>
          </Group>
        </Stack>
      </Dialog>
    </>
  );
}

function Artifacts({
  projectId,
  all,
  isActive,
}: {
  projectId: string;
  all: readonly ArtifactSummaryDto[];
  isActive: boolean;
}): ReactElement {
  const [chosen, setChosen] = useState<string>();
  const shown = all.find(({ path }) => path === chosen) ?? all.find(({ path }) => path.endsWith('.md')) ?? all[0];
  if (!shown) return <Empty icon="file" title={isActive ? t.noArtifactsYet : t.noArtifacts} text={t.noArtifactsText} />;
  return (
    <div className="files">
      <ul aria-label={t.files}>
        {all.map(({ path, size_bytes }) => (
          <li key={path}>
            <button type="button" aria-current={path === shown.path} onClick={() => setChosen(path)}>
              <Icon name="file" size={14} />
              <span className="ellipsis">{path}</span>
              <small>{bytes(size_bytes)}</small>
            </button>
          </li>
        ))}
      </ul>
      <Artifact projectId={projectId} summary={shown} />
    </div>
  );
}

const useArtifact = (projectId: string, summary: ArtifactSummaryDto | undefined) =>
  useQuery({
    queryKey: ['artifact', projectId, summary?.path, summary?.created_at],
    enabled: summary !== undefined,
    staleTime: Infinity,
    queryFn: () => api(getProjectArtifact({ path: { project_id: projectId, path: summary?.path ?? '' } })),
  });

function Artifact({ projectId, summary }: { projectId: string; summary: ArtifactSummaryDto }): ReactElement {
  const query = useArtifact(projectId, summary);
  return (
    <Box miw={0}>
      <Group gap="xs" mb="sm">
        <Badge color="gray">{texts.stages[summary.stage_name] ?? summary.stage_name}</Badge>
        <Text size="xs" c="dimmed">
          <Ago at={summary.created_at} />
        </Text>
      </Group>
      <Loaded query={query}>
        {({ content, content_type, path }) =>
          content_type.includes('markdown') || path.endsWith('.md') ? (
            <Markdown text={content} />
          ) : content_type.includes('json') ? (
            <JsonView value={parsed(content)} label={path} />
          ) : (
            <CopyableCode code={content} label={path} maxHeight={620} />
          )
        }
      </Loaded>
    </Box>
  );
}

const parsed = (content: string): unknown => {
  try {
    return JSON.parse(content) as unknown;
  } catch {
    return content;
  }
};

interface Report {
  requirements?: { id: string; kind: string; text: string; status: string; examples: string[] }[];
  examples?: {
    id: string;
    input: string;
    output: string | null;
    error: string | null;
    passed: boolean;
    proves: string[];
    duration_ms: number;
    checks: { kind: string; value: unknown; passed: boolean }[];
    verdict: string | null;
  }[];
}

/** What the build's acceptance examples prove of the requirement, one statement after the other. */
function Coverage({
  project,
  artifacts,
}: {
  project: ProjectDto;
  artifacts: readonly ArtifactSummaryDto[];
}): ReactElement {
  const summary = artifacts.find(({ path }) => path === 'acceptance_report.json');
  const query = useArtifact(project.project_id, summary);
  const report = useMemo(() => (query.data ? (parsed(query.data.content) as Report) : undefined), [query.data]);
  const { coverage } = project;
  if (!summary && !coverage) {
    const unproven = project.error_info?.details?.['requirements'] as Report['requirements'];
    if (!unproven) return <Empty icon="check" title={t.noCoverage} text={t.noCoverageText} />;
    return <Requirements all={unproven} />;
  }
  return (
    <Stack>
      {coverage && (
        <div>
          <Progress.Root size="lg" radius="sm" aria-label={t.coverage}>
            <Progress.Section
              value={(coverage.proven / Math.max(coverage.total, 1)) * 100}
              color="green.7"
              aria-label={t.provenCount(coverage.proven)}
            />
            <Progress.Section
              value={(coverage.contradicted / Math.max(coverage.total, 1)) * 100}
              color="red.7"
              aria-label={t.contradictedCount(coverage.contradicted)}
            />
          </Progress.Root>
          <Text size="sm" c="dimmed" mt={6}>
            {coverage.warning ?? t.allProven}
          </Text>
        </div>
      )}
      {report?.requirements && <Requirements all={report.requirements} />}
      {report?.examples?.map((example) => (
        <details key={example.id} className="example" open={!example.passed}>
          <summary>
            <Status value={example.passed ? 'passed' : 'failed'} />
            <span className="ellipsis">{example.input}</span>
            <small>{example.proves.join(', ')}</small>
          </summary>
          <Stack gap="xs" pt="sm">
            <Text size="sm" className="plain-text">
              {example.output ?? example.error}
            </Text>
            <Group gap={6}>
              {example.checks.map((check, index) => (
                <Badge key={index} color={check.passed ? 'green' : 'red'}>
                  {check.kind}
                  {check.value === null
                    ? ''
                    : `: ${typeof check.value === 'string' ? check.value : JSON.stringify(check.value)}`}
                </Badge>
              ))}
            </Group>
            {example.verdict !== null && (
              <Text size="xs" c="dimmed">
                {example.verdict}
              </Text>
            )}
          </Stack>
        </details>
      ))}
    </Stack>
  );
}

function Requirements({ all }: { all: NonNullable<Report['requirements']> }): ReactElement {
  return (
    <ul className="requirements">
      {all.map(({ id, kind, text, status, examples }) => (
        <li key={id}>
          <Badge color={status === 'proven' ? 'green' : status === 'contradicted' ? 'red' : 'yellow'} miw={92}>
            {t.coverageOf[status] ?? status}
          </Badge>
          <span>
            {text}
            <small>
              {id} · {kind}
              {examples.length > 0 && ` · ${examples.join(', ')}`}
            </small>
          </span>
        </li>
      ))}
    </ul>
  );
}

function Log({ lines }: { lines: readonly LogLine[] }): ReactElement {
  const end = useRef<HTMLDivElement>(null);
  // Chromium's scrollIntoView returns a promise, which must not become the effect's cleanup.
  useEffect(() => {
    void end.current?.scrollIntoView({ block: 'nearest' });
  }, [lines.length]);
  if (lines.length === 0) return <Empty icon="runs" title={t.noLog} text={t.noLogText} />;
  return (
    <ScrollArea.Autosize mah={520} type="auto" viewportProps={{ tabIndex: 0 }}>
      <ol className="log" aria-live="polite">
        {lines.map(({ id, level, message, timestamp, stage, attempt }) => (
          <li key={id} data-level={level}>
            <time dateTime={timestamp}>{timestamp.slice(11, 19)}</time>
            <span>{stage === null ? '' : (texts.stages[stage] ?? stage)}</span>
            <span>
              {attempt > 1 && (
                <Badge size="xs" color="gray" mr={4}>
                  {attempt}
                </Badge>
              )}
              {message}
            </span>
          </li>
        ))}
      </ol>
      <div ref={end} />
    </ScrollArea.Autosize>
  );
}
