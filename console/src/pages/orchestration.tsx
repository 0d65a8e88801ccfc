import { Badge, Button, Card, Group, Progress, SegmentedControl, Stack, Switch, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import { api } from '../api/api';
import {
  createDecision,
  getDeploymentReadiness,
  getOrchestrationHealth,
  listDecisions,
  listPartnerships,
} from '../client/sdk.gen';
import type { DecisionSummaryDto, PartnershipStatusDto } from '../client/types.gen';
import { Calibration } from '../components/decision-charts';
import { Dialog, SavingForm } from '../components/form';
import { Icon } from '../components/icons';
import { List, usePages, type Column } from '../components/list';
import { SchemaForm } from '../components/schema-form';
import { useMay } from '../components/shell';
import { PageTabs } from '../components/tabs';
import { JsonView } from '../components/text';
import { Ago, CopyableCode, Empty, Loaded, Page as Frame, Section, Stat, Status } from '../components/ui';
import { percent } from '../format';
import { texts } from '../texts';

const t = texts.orchestration;
const WINDOWS = ['1h', '24h', '7d'] as const;
const HEALTH_COLORS: Readonly<Record<string, string>> = {
  excellent: 'green',
  good: 'green',
  fair: 'orange',
  poor: 'red',
};
export const DECISION_COLORS: Readonly<Record<string, string>> = {
  APPROVE_IMMEDIATE: 'green',
  APPROVE_SCHEDULED: 'green',
  APPROVE_CONDITIONAL: 'yellow',
  DEFER_OR_REJECT: 'red',
};

export function Page(): ReactElement {
  const mayManage = useMay('orchestration_manager');
  return (
    <Frame title={texts.nav.orchestration} note={t.note}>
      {mayManage ? (
        <PageTabs
          label={texts.nav.orchestration}
          tabs={[
            { value: 'partnerships', label: t.tabs.partnerships, content: () => <Partnerships /> },
            { value: 'decisions', label: t.tabs.decisions, content: () => <Decisions /> },
            { value: 'calibration', label: t.tabs.calibration, content: () => <CalibrationTab /> },
            { value: 'readiness', label: t.tabs.readiness, content: () => <Readiness /> },
          ]}
        />
      ) : (
        <Section>
          <Empty icon="orchestration" title={t.forbidden} text={t.forbiddenText} />
        </Section>
      )}
    </Frame>
  );
}

function Partnerships(): ReactElement {
  const [window, setWindow] = useState<(typeof WINDOWS)[number]>('24h');
  const partnerships = useQuery({ queryKey: ['partnerships'], queryFn: () => api(listPartnerships()) });
  const health = useQuery({
    queryKey: ['orchestration', 'health', window],
    queryFn: () => api(getOrchestrationHealth({ query: { window } })),
    refetchInterval: 15_000,
  });
  return (
    <Stack gap="lg">
      <Group justify="space-between">
        <Group gap="sm">
          {health.data && (
            <>
              <Status value={health.data.status} label={t.system[health.data.status]} />
              <Text size="sm" c="dimmed">
                {health.data.score === null ? '' : t.scoreOf(health.data.score)}
              </Text>
            </>
          )}
        </Group>
        <SegmentedControl
          size="xs"
          value={window}
          onChange={(value) => setWindow(value)}
          data={WINDOWS.map((value) => ({ value, label: t.windows[value] }))}
          aria-label={t.window}
        />
      </Group>
      <Loaded query={partnerships}>
        {(rows) =>
          rows.length === 0 ? (
            <Section>
              <Empty icon="orchestration" title={t.none} text={t.noneText} />
            </Section>
          ) : (
            <div className="cards">
              {rows.map((one) => (
                <PartnershipCard key={one.id} one={one} measured={health.data?.partnerships[one.id]} />
              ))}
            </div>
          )
        }
      </Loaded>
    </Stack>
  );
}

function PartnershipCard(props: {
  one: PartnershipStatusDto;
  measured: Record<string, unknown> | undefined;
}): ReactElement {
  const { one, measured } = props;
  const health = typeof measured?.['health'] === 'string' ? measured['health'] : 'unknown';
  const score = measured?.['score'];
  const metrics = Object.entries(measured ?? {}).filter(
    (entry): entry is [string, number] =>
      !['health', 'score', 'reason'].includes(entry[0]) && typeof entry[1] === 'number',
  );
  const reason = measured?.['reason'];
  return (
    <Card withBorder padding="md" radius="md">
      <Stack gap="sm">
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <div style={{ minWidth: 0 }}>
            <Link to={`/orchestration/partnerships/${one.id}`}>
              <strong>{one.name}</strong>
            </Link>
            <Text size="xs" c="dimmed">
              {one.ai_partner} · {t.priority(one.priority)}
              {!one.enabled && ` · ${t.disabled}`}
            </Text>
          </div>
          <Badge color={HEALTH_COLORS[health] ?? 'gray'}>
            {t.health[health] ?? health}
            {typeof score === 'number' && ` ${score}`}
          </Badge>
        </Group>
        {metrics.length > 0 ? (
          <dl className="facts">
            {metrics.slice(0, 6).map(([name, value]) => (
              <div key={name} style={{ display: 'contents' }}>
                <dt>{t.metric(name)}</dt>
                <dd>{metricValue(name, value)}</dd>
              </div>
            ))}
          </dl>
        ) : (
          <Text size="sm" c="dimmed">
            {typeof reason === 'string' ? t.because(reason) : t.notMeasured}
          </Text>
        )}
        {one.progress !== null && (
          <div>
            <Group justify="space-between">
              <Text size="xs" c="dimmed">
                {t.deliverables(one.deliverables.length)}
              </Text>
              <Text size="xs" c="dimmed">
                {percent(one.progress)}
              </Text>
            </Group>
            <Progress value={one.progress} size="sm" mt={4} aria-label={t.deliverables(one.deliverables.length)} />
          </div>
        )}
      </Stack>
    </Card>
  );
}

/** A metric in its unit, as far as its name says it. */
export function metricValue(name: string, value: number): string {
  if (/_p\d+$|response_time/.test(name)) return `${Math.round(value)} ms`;
  if (name === 'uptime' || name.endsWith('_rate')) return percent(value);
  return String(Number(value.toFixed(2)));
}

const columns: readonly Column<DecisionSummaryDto>[] = [
  {
    title: t.decision,
    width: 'minmax(0, 2fr)',
    cell: ({ name, decision_id }) => (
      <span className="two-lines ellipsis">
        {name ?? decision_id}
        <small className="mono">{decision_id}</small>
      </span>
    ),
  },
  {
    title: t.verdict,
    width: '148px',
    cell: ({ decision }) => <Badge color={DECISION_COLORS[decision] ?? 'gray'}>{t.verdicts[decision]}</Badge>,
  },
  { title: t.roi, width: '76px', align: 'right', cell: ({ roi_percent }) => percent(roi_percent), from: 620 },
  {
    title: t.chance,
    width: '84px',
    align: 'right',
    cell: ({ probability_of_success: chance }) => (chance === null ? '–' : percent(chance * 100)),
    from: 700,
  },
  { title: t.risk, width: '64px', align: 'right', cell: ({ risk }) => risk.toFixed(2), from: 800 },
  {
    title: t.outcome,
    width: '112px',
    cell: ({ outcome }) => (outcome === null ? '–' : <Status value={outcome.success ? 'succeeded' : 'failed'} />),
    from: 560,
  },
  { title: t.made, width: '96px', align: 'right', cell: ({ created_at }) => <Ago at={created_at} />, from: 460 },
];

function Decisions(): ReactElement {
  const [isOpen, dialog] = useDisclosure();
  const query = usePages(['decisions'], async (last_key) => {
    const page = await api(listDecisions({ query: { limit: 50, ...(last_key === undefined ? {} : { last_key }) } }));
    return { items: page.decisions, last_key: page.last_key };
  });
  const add = (
    <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={dialog.open}>
      {t.newDecision}
    </Button>
  );
  return (
    <>
      <Section flush title={t.tabs.decisions} actions={add}>
        <List
          query={query}
          columns={columns}
          idOf={({ decision_id }) => decision_id}
          to={({ decision_id }) => `/orchestration/decisions/${decision_id}`}
          label={t.tabs.decisions}
          empty={<Empty icon="orchestration" title={t.noDecisions} text={t.noDecisionsText} action={add} />}
        />
      </Section>
      <Dialog opened={isOpen} onClose={dialog.close} size="lg" title={t.newDecision}>
        <DecisionForm />
      </Dialog>
    </>
  );
}

const number = (title: string, description?: string, maximum?: number): Record<string, unknown> => ({
  type: 'number',
  title,
  minimum: 0,
  ...(description === undefined ? {} : { description }),
  ...(maximum === undefined ? {} : { maximum }),
});

/** The inputs that the decision engine reads, so that the form says them in words. */
const CONTEXT_SCHEMA = {
  type: 'object',
  required: ['business_goal', 'estimated_cost', 'expected_revenue'],
  properties: {
    business_goal: { type: 'string', title: t.inputs.goal },
    estimated_cost: number(t.inputs.cost),
    expected_revenue: number(t.inputs.revenue),
    customer_impact: number(t.inputs.customers, t.inputs.customersHint),
    revenue_impact: number(t.inputs.revenueImpact, t.inputs.revenueImpactHint),
    estimated_days: number(t.inputs.days, t.inputs.assumed(30)),
    team_members: number(t.inputs.team, t.inputs.assumed(3)),
    technical_complexity: number(t.inputs.complexity, t.inputs.scale(3), 10),
    market_uncertainty: number(t.inputs.market, t.inputs.scale(2), 10),
    resource_availability: number(t.inputs.resources, t.inputs.scale(8), 10),
    timeline_pressure: number(t.inputs.pressure, t.inputs.scale(4), 10),
    partnerships: { type: 'array', title: t.inputs.partners, items: { type: 'string' } },
  },
};

function DecisionForm(): ReactElement {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [context, setContext] = useState<Record<string, unknown> | undefined>({});
  const decide = async (): Promise<void> => {
    const decision = await api(createDecision({ body: { context: context ?? {} } }));
    await queries.invalidateQueries({ queryKey: ['decisions'] });
    await navigate({ to: `/orchestration/decisions/${decision.decision_id}` });
  };
  return (
    <SavingForm label={t.analyse} onSave={decide} disabled={context === undefined}>
      <Text size="sm" c="dimmed">
        {t.newDecisionText}
      </Text>
      <SchemaForm schema={CONTEXT_SCHEMA} value={context ?? {}} onChange={setContext} label={t.context} />
    </SavingForm>
  );
}

function CalibrationTab(): ReactElement {
  const query = useQuery({
    queryKey: ['decisions', 'calibration'],
    queryFn: () => api(listDecisions({ query: { limit: 1 } })),
  });
  return <Loaded query={query}>{({ calibration }) => <Calibration calibration={calibration} />}</Loaded>;
}

interface Check {
  status: 'pass' | 'warning' | 'fail';
  message: string;
  evidence?: unknown;
  fix?: string;
}

const CHECK_ORDER = { fail: 0, warning: 1, pass: 2 } as const;

/** The command that a fix names, such as a setting to export; undefined when it names none. */
function commandOf(fix: string): string | undefined {
  const settings = [...fix.matchAll(/\b([A-Z][A-Z0-9_]{4,})=([^\s,;]+)/g)].map(
    ([, name, value]) => `export ${name}=${(value ?? '').replace(/\.$/, '')}`,
  );
  const after = /(?:run|from|e\.g\. from|with):? `?((?:npm|openssl|docker|kubectl|curl|node) [^`.;,]+)/i.exec(fix)?.[1];
  if (after?.startsWith('openssl') === true) {
    const name = /Set ([A-Z][A-Z0-9_]+)/.exec(fix)?.[1];
    return name === undefined ? after.trim() : `export ${name}="$(${after.trim()})"`;
  }
  const request = /\b(PUT|POST|PATCH|DELETE) (\/api\/[^\s,;]+)/.exec(fix);
  if (settings.length > 0) return settings.join('\n');
  if (after !== undefined) return after.trim();
  if (request)
    return `curl -X ${request[1]} ${window.location.origin}${(request[2] ?? '').replace(/[.,]$/, '')} \\\n  -H "Authorization: Bearer $NEXUS_API_KEY" -H "Content-Type: application/json" -d '{…}'`;
  return undefined;
}

function Readiness(): ReactElement {
  const [isAll, setAll] = useState(true);
  const query = useQuery({
    queryKey: ['readiness'],
    queryFn: () => api(getDeploymentReadiness()),
    staleTime: 30_000,
  });
  return (
    <Loaded query={query} rows={8}>
      {({ overall_status, readiness_score, summary, checks, last_check }) => (
        <Stack gap="lg">
          <div className="stats">
            <Stat
              label={t.readiness}
              value={`${readiness_score} %`}
              note={t.overall[overall_status]}
              {...(overall_status === 'not_ready' ? { tone: 'bad' as const } : {})}
            />
            <Stat label={t.failed} value={summary.failed} />
            <Stat label={t.warnings} value={summary.warnings} />
            <Stat label={t.passed} value={summary.passed} note={<Ago at={last_check} />} />
          </div>
          <Section
            title={t.checks}
            actions={
              <Group gap="md">
                <Switch
                  size="xs"
                  label={t.withPassed}
                  checked={isAll}
                  onChange={(event) => setAll(event.currentTarget.checked)}
                />
                <Button
                  size="xs"
                  variant="default"
                  leftSection={<Icon name="refresh" size={14} />}
                  loading={query.isFetching}
                  onClick={() => void query.refetch()}
                >
                  {t.checkAgain}
                </Button>
              </Group>
            }
          >
            <ul className="check-list">
              {Object.entries(checks as Record<string, Check>)
                .filter(([, { status }]) => isAll || status !== 'pass')
                .sort(([, one], [, other]) => CHECK_ORDER[one.status] - CHECK_ORDER[other.status])
                .map(([name, check]) => (
                  <CheckRow key={name} name={name} check={check} />
                ))}
            </ul>
          </Section>
        </Stack>
      )}
    </Loaded>
  );
}

function CheckRow({ name, check }: { name: string; check: Check }): ReactElement {
  const { status, message, evidence, fix } = check;
  const command = fix === undefined ? undefined : commandOf(fix);
  return (
    <li>
      <Status value={status === 'pass' ? 'passed' : status === 'fail' ? 'failed' : 'warning'} />
      <Stack gap={6} style={{ minWidth: 0 }}>
        <Text fw={600} size="sm">
          {t.checkNames[name] ?? name.replaceAll('_', ' ')}
        </Text>
        <Text size="sm">{message}</Text>
        {fix !== undefined && status !== 'pass' && <Text size="sm">{fix}</Text>}
        {command !== undefined && status !== 'pass' && <CopyableCode code={command} label={t.command} />}
        {evidence !== undefined && (
          <details>
            <summary>{t.evidence}</summary>
            <JsonView value={evidence} label={`${t.evidence}: ${name}`} />
          </details>
        )}
      </Stack>
    </li>
  );
}
