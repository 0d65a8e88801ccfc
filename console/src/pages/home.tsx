import { Button, Group, Stack, Text, Textarea } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useMemo, useState, type ReactElement } from 'react';
import { api } from '../api/api';
import {
  getBuildStatistics,
  getInvocationStatistics,
  getStatisticsOverview,
  listBudgets,
  listProjects,
} from '../client/sdk.gen';
import type { InvocationDayDto } from '../client/types.gen';
import { Icon } from '../components/icons';
import { Chart } from '../components/text';
import { Ago, Empty, Loaded, Page as Frame, Section, Stat, Status } from '../components/ui';
import { count, duration, money, percent } from '../format';
import { texts } from '../texts';
import { TEMPLATES } from '../templates';

const t = texts.home;
const DAYS = 14;
const DAY_MS = 86_400_000;

const range = (): { start_date: string; end_date: string } => ({
  start_date: new Date(Date.now() - (DAYS - 1) * DAY_MS).toISOString().slice(0, 10),
  end_date: new Date().toISOString().slice(0, 10),
});

export function Page(): ReactElement {
  const overview = useQuery({
    queryKey: ['statistics', 'overview'],
    queryFn: () => api(getStatisticsOverview()),
    refetchInterval: 15_000,
  });
  const calls = useQuery({
    queryKey: ['statistics', 'calls'],
    queryFn: () => api(getInvocationStatistics({ query: range() })),
    refetchInterval: 30_000,
  });
  const builds = useQuery({
    queryKey: ['statistics', 'builds'],
    queryFn: () => api(getBuildStatistics({ query: range() })),
  });
  const isNew = overview.data?.total_builds === 0 && overview.data.total_agents === 0;
  const failed = calls.data?.at(-1)?.failed_invocations ?? 0;
  return (
    <Frame title={isNew ? t.welcome : t.title} note={isNew ? t.welcomeNote : t.note}>
      <Start isProminent={isNew} />
      {!isNew && (
        <>
          <Loaded query={overview} rows={2}>
            {(data) => (
              <div className="stats">
                <Stat label={t.agents} value={count(data.running_agents)} note={t.ofAgents(data.total_agents)} />
                <Stat
                  label={t.callsToday}
                  value={count(data.today_calls)}
                  note={t.successShare(percent(data.today_success_rate))}
                />
                <Stat
                  label={t.failedToday}
                  value={count(failed)}
                  {...(failed > 0 ? { tone: 'bad' as const } : {})}
                  note={
                    <Link to="/runs" search={{ status: 'failed' }}>
                      {t.seeFailed}
                    </Link>
                  }
                />
                <Stat label={t.tokensToday} value={count(data.today_tokens)} />
                <Stat label={t.buildSuccess} value={percent(data.success_rate)} note={t.ofBuilds(data.total_builds)} />
              </div>
            )}
          </Loaded>
          <div className="split" style={{ '--left': '1.7fr', '--right': '1fr' } as React.CSSProperties}>
            <Stack gap="lg">
              <Section title={t.calls}>
                <Loaded query={calls}>{(days) => <Calls days={days} />}</Loaded>
              </Section>
              <Section title={t.latency}>
                <Loaded query={calls}>{(days) => <Latency days={days} />}</Loaded>
              </Section>
            </Stack>
            <Stack gap="lg">
              <Builds />
              <Spending />
              <Section title={t.buildsPerDay}>
                <Loaded query={builds}>
                  {(days) => (
                    <Chart
                      kind="bars"
                      height={130}
                      label={t.buildsPerDay}
                      days={days.map(({ date }) => date)}
                      series={[
                        { label: t.builds, values: days.map(({ total_builds }) => total_builds), tone: 'accent' },
                      ]}
                    />
                  )}
                </Loaded>
              </Section>
            </Stack>
          </div>
        </>
      )}
    </Frame>
  );
}

function Calls({ days }: { days: readonly InvocationDayDto[] }): ReactElement {
  const series = useMemo(
    () => [
      { label: t.callsSeries, values: days.map((day) => day.total_invocations), tone: 'accent' as const },
      { label: t.failedSeries, values: days.map((day) => day.failed_invocations), tone: 'bad' as const },
    ],
    [days],
  );
  const dates = useMemo(() => days.map(({ date }) => date), [days]);
  return <Chart days={dates} series={series} label={t.calls} />;
}

function Latency({ days }: { days: readonly InvocationDayDto[] }): ReactElement {
  const series = useMemo(
    () => [
      { label: 'p95', values: days.map((day) => day.p95_duration_ms), tone: 'muted' as const },
      { label: 'p50', values: days.map((day) => day.p50_duration_ms), tone: 'good' as const },
    ],
    [days],
  );
  const dates = useMemo(() => days.map(({ date }) => date), [days]);
  return <Chart days={dates} series={series} label={t.latency} format={duration} height={150} />;
}

function Builds(): ReactElement {
  const projects = useQuery({
    queryKey: ['projects', 'recent'],
    queryFn: () => api(listProjects({ query: { limit: 6 } })),
    refetchInterval: 5_000,
  });
  return (
    <Section title={t.recentBuilds} actions={<Link to="/builds">{t.all}</Link>}>
      <Loaded query={projects}>
        {({ projects: rows }) =>
          rows.length === 0 ? (
            <Text size="sm" c="dimmed">
              {t.noBuilds}
            </Text>
          ) : (
            <Stack gap={10}>
              {rows.map((one) => (
                <Group key={one.project_id} justify="space-between" wrap="nowrap" gap="xs">
                  <div style={{ minWidth: 0 }}>
                    <Link
                      to="/builds/$projectId"
                      params={{ projectId: one.project_id }}
                      className="ellipsis"
                      style={{ display: 'block' }}
                    >
                      {one.project_name}
                    </Link>
                    <Text size="xs" c="dimmed" component="div">
                      {one.status === 'building' ? `${Math.round(one.progress)} %` : <Ago at={one.updated_at} />}
                    </Text>
                  </div>
                  <Status value={one.status} />
                </Group>
              ))}
            </Stack>
          )
        }
      </Loaded>
    </Section>
  );
}

/** What the budgets say about the costs so far. */
function Spending(): ReactElement | null {
  const budgets = useQuery({ queryKey: ['budgets'], queryFn: () => api(listBudgets()), retry: false });
  const rows = budgets.data?.budgets ?? [];
  if (rows.length === 0) return null;
  return (
    <Section title={t.spending}>
      <Stack gap={8}>
        {rows.slice(0, 5).map((budget) =>
          budget.windows.map((window) => (
            <Group key={`${budget.scope}${budget.scope_id}${window.window}`} justify="space-between" wrap="nowrap">
              <Text size="sm" className="ellipsis">{`${budget.scope}, ${window.window}`}</Text>
              <Text size="sm" c="dimmed">
                {window.usd.limit === null
                  ? `${count(window.tokens.spent)} / ${count(window.tokens.limit)}`
                  : `${money(window.usd.spent)} / ${money(window.usd.limit)}`}
              </Text>
            </Group>
          )),
        )}
      </Stack>
    </Section>
  );
}

/** The quickest way to an agent: a paragraph, or a template that fills it in. */
function Start({ isProminent }: { isProminent: boolean }): ReactElement {
  const [text, setText] = useState('');
  const navigate = useNavigate();
  const go = (requirement: string): void => void navigate({ to: '/agents/new', search: { requirement } });
  return (
    <Section {...(isProminent ? { title: t.startTitle } : {})}>
      <Stack gap="sm">
        <Textarea
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          placeholder={t.startPlaceholder}
          aria-label={t.startTitle}
          autosize
          minRows={isProminent ? 3 : 1}
          maxRows={8}
          size={isProminent ? 'md' : 'sm'}
        />
        <Group justify="space-between" gap="xs">
          <Group gap={6}>
            {TEMPLATES.slice(0, isProminent ? 4 : 3).map(({ title, requirement }) => (
              <Button key={title} size="xs" variant="default" onClick={() => go(requirement)}>
                {title}
              </Button>
            ))}
          </Group>
          <Button
            size="xs"
            leftSection={<Icon name="builds" />}
            onClick={() => go(text)}
            variant={isProminent || text.trim() !== '' ? 'filled' : 'default'}
          >
            {t.startButton}
          </Button>
        </Group>
      </Stack>
      {isProminent && <Empty icon="agents" title={t.howTitle} text={t.howText} />}
    </Section>
  );
}
