import { Alert, Badge, Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import { api } from '../api/api';
import { useStream, type StreamEvent } from '../api/stream';
import { cancelInvocation, decideToolCall, getInvocation, invokeAgent } from '../client/sdk.gen';
import type { ApprovalDto, InvocationDto } from '../client/types.gen';
import { Icon } from '../components/icons';
import { useMay } from '../components/shell';
import { JsonView, Markdown } from '../components/text';
import {
  Ago,
  DangerButton,
  Empty,
  ErrorBox,
  Id,
  Loaded,
  notifyError,
  Page as Frame,
  Section,
  Stat,
  Status,
  LinkButton,
} from '../components/ui';
import { calledBy, spansOfTrace, Waterfall } from '../components/waterfall';
import { agentNameOf, count, duration, money } from '../format';
import { texts } from '../texts';

const t = texts.run;
const OPEN = new Set(['running', 'waiting']);

const useRun = (invocation_id: string | undefined) =>
  useQuery({
    queryKey: ['run', invocation_id],
    enabled: invocation_id !== undefined,
    queryFn: () => api(getInvocation({ path: { invocation_id: invocation_id ?? '' } })),
    refetchInterval: ({ state }) => (state.data && OPEN.has(state.data.status) ? 2_000 : false),
  });

export function Page(): ReactElement {
  const { runId = '' }: { runId?: string } = useParams({ strict: false });
  const { with: other }: { with?: string } = useSearch({ strict: false });
  const run = useRun(runId);
  const second = useRun(other);
  return (
    <Loaded query={run}>
      {(data) =>
        other === undefined ? (
          <One run={data} />
        ) : (
          <Frame
            crumb={<Link to="/runs">{texts.nav.runs}</Link>}
            title={t.compareTitle}
            note={t.compareNote}
            actions={
              <LinkButton to={`/runs/${runId}`} variant="default">
                {t.closeComparison}
              </LinkButton>
            }
          >
            <div className="split">
              <Side run={data} />
              <Loaded query={second}>{(both) => <Side run={both} />}</Loaded>
            </div>
          </Frame>
        )
      }
    </Loaded>
  );
}

function Figures({ run }: { run: InvocationDto }): ReactElement {
  return (
    <div className="stats">
      <Stat label={t.time} value={duration(run.duration_ms)} note={<Ago at={run.created_at} />} />
      <Stat
        label={t.tokens}
        value={count(run.usage.input_tokens + run.usage.output_tokens)}
        note={texts.build.inOut(count(run.usage.input_tokens), count(run.usage.output_tokens))}
      />
      <Stat label={t.cost} value={money(run.cost_usd)} note={run.cost_usd === null ? t.priceUnknown : undefined} />
      <Stat label={t.model} value={<span className="stat-text">{run.model ?? '–'}</span>} note={run.agent_version} />
    </div>
  );
}

function Trace({ run }: { run: InvocationDto }): ReactElement {
  const steps = run.trace?.steps ?? [];
  if (steps.length === 0)
    return <Empty icon="runs" title={t.noTrace} text={OPEN.has(run.status) ? t.noTraceYet : t.noTraceText} />;
  return (
    <>
      <Waterfall spans={spansOfTrace(steps, run.created_at)} total={run.duration_ms ?? undefined} />
      {run.trace?.truncated === true && (
        <Text size="xs" c="dimmed" mt="xs">
          {t.truncated}
        </Text>
      )}
    </>
  );
}

function Failure({ run }: { run: InvocationDto }): ReactElement | null {
  if (!run.error) return null;
  return (
    <Alert color="red" icon={<Icon name="alert" size={18} />} title={t.reasons[run.error.reason] ?? run.error.reason}>
      <Text size="sm">{run.error.message}</Text>
      <Text size="xs" mt={4}>
        {t.reasonHelp[run.error.reason] ?? ''}
      </Text>
    </Alert>
  );
}

/** One of two runs that stand side by side. */
function Side({ run }: { run: InvocationDto }): ReactElement {
  return (
    <Stack>
      <Section
        title={
          <Group gap="xs">
            <Status value={run.status} />
            <Link to={`/runs/${run.invocation_id}`}>{agentNameOf(run.agent_id)}</Link>
          </Group>
        }
        actions={<Badge color="gray">{run.agent_version}</Badge>}
      >
        <Stack>
          <Figures run={run} />
          <Failure run={run} />
          <div>
            <Text size="xs" c="dimmed">
              {t.input}
            </Text>
            <Text size="sm" className="plain-text">
              {run.input_text}
            </Text>
          </div>
          <div>
            <Text size="xs" c="dimmed">
              {t.output}
            </Text>
            {run.output === null ? <Text c="dimmed">–</Text> : <Markdown text={run.output} />}
          </div>
        </Stack>
      </Section>
      <Section title={t.trace}>
        <Trace run={run} />
      </Section>
    </Stack>
  );
}

function One({ run }: { run: InvocationDto }): ReactElement {
  const [events, setEvents] = useState<StreamEvent[]>();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const may = useMay('developer');
  const { invocation_id, agent_id } = run;
  useStream(OPEN.has(run.status) ? `/api/v1/invocations/${invocation_id}/events` : undefined, ({ event }) => {
    if (event !== 'delta') void queries.invalidateQueries({ queryKey: ['run', invocation_id] });
  });
  const again = async (): Promise<void> => {
    const made = await api(invokeAgent({ path: { agent_id }, body: { input_text: run.input_text, background: true } }));
    await navigate({ to: `/runs/${made.invocation_id}`, search: {} });
  };
  const pending = run.approvals?.filter(({ status }) => status === 'pending') ?? [];
  return (
    <Frame
      crumb={<Link to="/runs">{texts.nav.runs}</Link>}
      title={run.input_text.length > 90 ? `${run.input_text.slice(0, 90)}…` : run.input_text}
      note={
        <Group gap="sm">
          <Status value={run.status} />
          <Link to={`/agents/${encodeURIComponent(agent_id)}`}>{agentNameOf(agent_id)}</Link>
          <Link to={`/sessions/${run.session_id}`}>{t.session}</Link>
          <Id value={invocation_id} />
          {run.background && <Badge color="gray">{t.background}</Badge>}
        </Group>
      }
      actions={
        <>
          {may && (
            <Button
              variant="default"
              leftSection={<Icon name="refresh" />}
              onClick={() => void again().catch(notifyError)}
            >
              {t.again}
            </Button>
          )}
          <LinkButton
            to="/playground"
            search={{ agent: agent_id, input: run.input_text }}
            variant="default"
            leftSection={<Icon name="edit" />}
          >
            {t.editAndSend}
          </LinkButton>
          {may && OPEN.has(run.status) && (
            <DangerButton
              label={t.cancel}
              title={t.cancelTitle}
              text={t.cancelText}
              onConfirm={async () => {
                await api(cancelInvocation({ path: { invocation_id } }));
                await queries.invalidateQueries({ queryKey: ['run', invocation_id] });
              }}
            />
          )}
        </>
      }
    >
      <Failure run={run} />
      {pending.map((approval) => (
        <Approval key={approval.approval_id} approval={approval} invocation_id={invocation_id} />
      ))}
      <Figures run={run} />
      <Section title={t.trace}>
        <Trace run={run} />
      </Section>
      <div className="split">
        <Section title={t.input}>
          <Text size="sm" className="plain-text">
            {run.input_text}
          </Text>
        </Section>
        <Section title={t.output}>
          {run.output === null ? <Text c="dimmed">–</Text> : <Markdown text={run.output} />}
        </Section>
      </div>
      {(run.approvals?.length ?? 0) > pending.length && (
        <Section title={t.approvals}>
          <ul className="requirements">
            {run.approvals?.map((one) => (
              <li key={one.approval_id}>
                <Status value={one.status} />
                <span>
                  {calledBy(one)}
                  <small>{one.comment ?? ''}</small>
                </span>
              </li>
            ))}
          </ul>
        </Section>
      )}
      <Section
        title={t.events}
        actions={
          events === undefined && (
            <Button size="xs" variant="default" onClick={() => setEvents([])}>
              {t.showEvents}
            </Button>
          )
        }
      >
        {events === undefined ? (
          <Text size="sm" c="dimmed">
            {t.eventsHint}
          </Text>
        ) : (
          <Replay invocation_id={invocation_id} />
        )}
      </Section>
    </Frame>
  );
}

/** The events of a run as they were streamed, replayed from the platform's record of them. */
function Replay({ invocation_id }: { invocation_id: string }): ReactElement {
  const [events, setEvents] = useState<StreamEvent[]>([]);
  const { error, isOpen } = useStream(`/api/v1/invocations/${invocation_id}/events`, (event) =>
    setEvents((all) => [...all, event]),
  );
  const [shown, setShown] = useState<string>();
  const deltas = events.filter(({ event }) => event === 'delta').length;
  return (
    <Stack gap="xs">
      {error !== undefined && <ErrorBox error={error} />}
      {!isOpen && events.length === 0 && error === undefined && (
        <Text size="sm" c="dimmed">
          {t.noEvents}
        </Text>
      )}
      <Text size="xs" c="dimmed">
        {t.deltas(deltas)}
      </Text>
      {events
        .filter(({ event }) => event !== 'delta')
        .map((one) => (
          <div key={one.id}>
            <Button
              size="compact-xs"
              variant="subtle"
              color="gray"
              aria-expanded={shown === one.id}
              onClick={() => setShown(shown === one.id ? undefined : one.id)}
              leftSection={<span>{one.id}</span>}
            >
              {one.event}
            </Button>
            {shown === one.id && <JsonView value={one.data} label={one.event} />}
          </div>
        ))}
    </Stack>
  );
}

function Approval({ approval, invocation_id }: { approval: ApprovalDto; invocation_id: string }): ReactElement {
  const [comment, setComment] = useState('');
  const [error, setError] = useState<unknown>();
  const queries = useQueryClient();
  const may = useMay('developer');
  const decide = async (approve: boolean): Promise<void> => {
    try {
      await api(
        decideToolCall({
          path: { invocation_id, approval_id: approval.approval_id },
          body: { approve, ...(comment.trim() === '' ? {} : { comment }) },
        }),
      );
      await queries.invalidateQueries({ queryKey: ['run', invocation_id] });
    } catch (failure) {
      setError(failure);
    }
  };
  return (
    <Section title={t.approve(calledBy(approval))}>
      <Stack>
        <JsonView value={approval.input} label={approval.tool} />
        <TextInput label={t.comment} value={comment} onChange={(event) => setComment(event.currentTarget.value)} />
        {error !== undefined && <ErrorBox error={error} />}
        <Group>
          <Button disabled={!may} onClick={() => void decide(true)}>
            {t.allow}
          </Button>
          <Button disabled={!may} variant="default" onClick={() => void decide(false)}>
            {t.refuse}
          </Button>
          <Text size="xs" c="dimmed">
            {t.expires} <Ago at={approval.expires_at} />
          </Text>
        </Group>
      </Stack>
    </Section>
  );
}
