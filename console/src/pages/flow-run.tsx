import { Button, Group, Stack, Switch, Text, Textarea, TextInput } from '@mantine/core';
import { useDisclosure, useMediaQuery, useThrottledCallback } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useEffect, useMemo, useState, type ReactElement } from 'react';
import { api } from '../api/api';
import { useStream } from '../api/stream';
import { controlFlowRun, decideFlowStep, getFlow, getFlowRun, getFlowVersion, signalFlowRun } from '../client/sdk.gen';
import type { FlowRunDto, FlowStepRunDto } from '../client/types.gen';
import {
  allSteps,
  graphOf,
  kindOf,
  spansOfRun,
  STEP_KINDS,
  type Step,
  type StepTimes,
} from '../components/flow-definition';
import { Dialog } from '../components/form';
import { Icon } from '../components/icons';
import { useMay } from '../components/shell';
import { PageTabs } from '../components/tabs';
import { Editor, Graph, JsonView } from '../components/text';
import {
  Ago,
  DangerButton,
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
import { Waterfall } from '../components/waterfall';
import { dateTime, duration, money } from '../format';
import { texts } from '../texts';

const t = texts.flowRun;

interface RunEvent {
  id: string;
  event: string;
  at: string;
  key: string | undefined;
  data: Record<string, unknown>;
}

const isEnded = (run: FlowRunDto): boolean => run.ended_at !== null;

/** When each step began to run or wait, and when it ended. */
function timesOf(events: readonly RunEvent[]): StepTimes {
  const times: Record<string, { from: string; to?: string }> = {};
  for (const { event, key, at } of events) {
    if (key === undefined) continue;
    const known = times[key];
    if (event === 'step.started' || event === 'step.waiting') times[key] = known ?? { from: at };
    else if (/^step\.(?:completed|failed|skipped|cancelled)$/.test(event) && event !== 'step.skipped')
      times[key] = { from: known?.from ?? at, to: at };
  }
  return times;
}

export function Page(): ReactElement {
  const { runId = '' }: { runId?: string } = useParams({ strict: false });
  const queries = useQueryClient();
  const query = useQuery({
    queryKey: ['flow-run', runId],
    queryFn: () => api(getFlowRun({ path: { run_id: runId } })),
    // The stream says when something happens; this is for streams that cannot be opened.
    refetchInterval: ({ state }) => (state.data && isEnded(state.data) ? false : 10_000),
  });
  const [events, setEvents] = useState<RunEvent[]>([]);
  const refresh = useThrottledCallback(() => void queries.invalidateQueries({ queryKey: ['flow-run', runId] }), 250);
  // After a retry of an ended run, its events go on after this one.
  const [after, setAfter] = useState<string>();
  useEffect(() => {
    setEvents([]);
    setAfter(undefined);
  }, [runId]);
  const path = `/api/v1/flow-runs/${runId}/events${after === undefined ? '' : `?last_event_id=${after}`}`;
  const stream = useStream(path, ({ id, event, data }) => {
    setEvents((known) =>
      known.some((one) => one.id === id)
        ? known
        : [
            ...known,
            {
              id,
              event,
              at: String(data['at']),
              key: typeof data['key'] === 'string' ? data['key'] : undefined,
              data,
            },
          ],
    );
    refresh();
  });
  return (
    <Loaded query={query}>
      {(run) => (
        <Run
          run={run}
          events={events}
          isLive={stream.isOpen && !isEnded(run)}
          onChanged={() => {
            if (isEnded(run)) setAfter(events.at(-1)?.id);
            refresh();
          }}
        />
      )}
    </Loaded>
  );
}

interface RunProps {
  run: FlowRunDto;
  events: readonly RunEvent[];
  isLive: boolean;
  onChanged: () => void;
}

function Run({ run, events, isLive, onChanged }: RunProps): ReactElement {
  const flow = useQuery({
    queryKey: ['flow', run.flow_id],
    queryFn: () => api(getFlow({ path: { flow_id: run.flow_id } })),
  });
  const version = useQuery({
    queryKey: ['flow', run.flow_id, 'version', run.flow_version],
    queryFn: () => api(getFlowVersion({ path: { flow_id: run.flow_id, version: run.flow_version } })),
    staleTime: Infinity,
  });
  const definition = version.data?.definition;
  const steps = useMemo(() => new Map(allSteps(definition?.steps).map((step) => [step.id, step])), [definition]);
  const [selected, setSelected] = useState<string>();
  const isNarrow = useMediaQuery('(max-width: 62em)');
  const graph = useMemo(() => graphOf(definition ?? {}, run.steps), [definition, run.steps]);
  const spans = useMemo(() => spansOfRun(run, timesOf(events), definition), [run, events, definition]);
  const shown = selected ?? run.steps.find(({ status }) => status === 'failed' || status === 'waiting')?.step_id;
  const took =
    run.started_at === null ? null : Date.parse(run.ended_at ?? new Date().toISOString()) - Date.parse(run.started_at);
  return (
    <Frame
      title={flow.data?.name ?? run.flow_id}
      crumb={
        <>
          <Link to="/flows">{texts.nav.flows}</Link> /{' '}
          <Link to={`/flows/${run.flow_id}`}>{flow.data?.name ?? run.flow_id}</Link>
        </>
      }
      note={
        <Group gap="sm">
          <Status value={run.status} />
          {run.dry_run && <Status value="draft" label={t.dryRun} />}
          {isLive && (
            <Text span size="xs" c="dimmed">
              {t.live}
            </Text>
          )}
          <Id value={run.run_id} />
        </Group>
      }
      actions={<Control run={run} onChanged={onChanged} />}
    >
      {run.error && (
        <Section title={t.failedAt(run.error.step_id ?? '')}>
          <Stack gap="xs">
            <Text size="sm" role="alert">
              {run.error.message}
            </Text>
            <Text size="xs" c="dimmed">
              {run.error.code}
            </Text>
            {run.error.details && <JsonView value={run.error.details} label={t.errorDetails} />}
          </Stack>
        </Section>
      )}
      <Waiting run={run} steps={steps} onChanged={onChanged} />
      <div className="stats">
        <Stat label={t.took} value={duration(took)} />
        <Stat label={t.started} value={<Ago at={run.created_at} />} note={dateTime(run.created_at)} />
        <Stat
          label={t.steps}
          value={`${run.steps.filter(({ status }) => status === 'completed').length} / ${run.steps.filter(({ status }) => status !== 'skipped').length}`}
          note={t.stepsNote}
        />
        <Stat
          label={t.cost}
          value={money(run.cost_usd)}
          note={run.max_cost_usd === null ? undefined : t.atMost(money(run.max_cost_usd))}
        />
        <Stat
          label={t.trigger}
          value={texts.flowRuns.triggers[run.trigger.kind] ?? run.trigger.kind}
          note={t.versionNumber(run.flow_version)}
        />
      </div>
      <PageTabs
        label={t.parts}
        tabs={[
          {
            value: 'graph',
            label: t.tabs.graph,
            content: () => (
              <Stack gap="lg">
                <Graph
                  nodes={graph.nodes}
                  edges={graph.edges}
                  label={t.tabs.graph}
                  {...(isNarrow ? { direction: 'TB' as const, height: 460 } : { height: 300 })}
                  selected={shown}
                  onSelect={setSelected}
                />
                <div className="split" style={{ '--left': '1.7fr', '--right': '1fr' } as React.CSSProperties}>
                  <Section title={t.timeline}>
                    {spans.length === 0 ? (
                      <Text size="sm" c="dimmed">
                        {t.noSteps}
                      </Text>
                    ) : (
                      <Waterfall spans={spans} total={took ?? undefined} />
                    )}
                  </Section>
                  <StepDetails
                    records={run.steps.filter(({ step_id }) => step_id === shown)}
                    step={shown === undefined ? undefined : steps.get(shown)}
                    run={run}
                    onChanged={onChanged}
                  />
                </div>
              </Stack>
            ),
          },
          {
            value: 'data',
            label: t.tabs.data,
            content: () => (
              <div className="split">
                <Section title={texts.waterfall.input}>
                  <JsonView value={run.input} label={texts.waterfall.input} />
                </Section>
                <Section title={texts.waterfall.output}>
                  <JsonView value={run.output} label={texts.waterfall.output} />
                </Section>
              </div>
            ),
          },
          { value: 'events', label: t.tabs.events, content: () => <Events events={events} /> },
        ]}
      />
    </Frame>
  );
}

function Control({ run, onChanged }: { run: FlowRunDto; onChanged: () => void }): ReactElement | null {
  const mayWrite = useMay('developer');
  const [busy, setBusy] = useState<string>();
  const [compensate, setCompensate] = useState(true);
  if (!mayWrite) return null;
  const send = async (action: 'pause' | 'resume' | 'retry' | 'cancel'): Promise<void> => {
    setBusy(action);
    try {
      await api(
        controlFlowRun({
          path: { run_id: run.run_id },
          body: { action, ...(action === 'cancel' ? { compensate } : {}) },
        }),
      );
      onChanged();
    } finally {
      setBusy(undefined);
    }
  };
  const can = (action: string): boolean => run.legal_actions.includes(action);
  return (
    <>
      {(['pause', 'resume', 'retry'] as const).filter(can).map((action) => (
        <Button
          key={action}
          variant={action === 'pause' ? 'default' : 'filled'}
          leftSection={<Icon name={action === 'pause' ? 'pause' : action === 'retry' ? 'refresh' : 'play'} size={14} />}
          loading={busy === action}
          onClick={() => void send(action).catch(notifyError)}
        >
          {t.control[action]}
        </Button>
      ))}
      {can('cancel') && (
        <DangerButton
          label={t.control.cancel}
          title={t.cancelTitle}
          text={
            <Stack gap="sm">
              <span>{t.cancelText}</span>
              <Switch
                label={t.compensate}
                checked={compensate}
                onChange={(event) => setCompensate(event.currentTarget.checked)}
              />
            </Stack>
          }
          onConfirm={() => send('cancel')}
        />
      )}
    </>
  );
}

/** What the run waits for: decisions and signals that can be given here, timers, and retries to come. */
function Waiting(props: {
  run: FlowRunDto;
  steps: ReadonlyMap<string, Step>;
  onChanged: () => void;
}): ReactElement | null {
  const { run, steps, onChanged } = props;
  const open = run.steps.filter(({ status }) => status === 'waiting' || status === 'retrying');
  if (open.length === 0 || isEnded(run)) return null;
  return (
    <Section title={t.waitsFor}>
      <Stack gap="md">
        {open.map((record) => {
          const step = steps.get(record.step_id);
          if (step?.approval)
            return <Approval key={record.key} run={run} record={record} step={step} onChanged={onChanged} />;
          if (step?.wait_for)
            return <Signal key={record.key} run={run} record={record} step={step} onChanged={onChanged} />;
          const until = record.next_attempt_at ?? record.wake_at;
          return (
            <Group key={record.key} gap="sm" wrap="nowrap" align="flex-start">
              <Icon name="clock" size={18} />
              <div>
                <Text size="sm" fw={600}>
                  {step?.name ?? record.key}
                </Text>
                <Text size="sm" c="dimmed" component="div">
                  {record.status === 'retrying'
                    ? t.retries(record.attempts.length + 1)
                    : record.child_run_id === undefined
                      ? t.timer
                      : t.child}{' '}
                  {until !== undefined && (
                    <>
                      <Ago at={until} /> ({dateTime(until)})
                    </>
                  )}
                  {record.child_run_id !== undefined && (
                    <Link to={`/flow-runs/${record.child_run_id}`}>{record.child_run_id}</Link>
                  )}
                </Text>
              </div>
            </Group>
          );
        })}
      </Stack>
    </Section>
  );
}

interface OpenStep {
  run: FlowRunDto;
  record: FlowStepRunDto;
  step: Step;
  onChanged: () => void;
}

const messageOf = (record: FlowStepRunDto, step: Step): string | undefined => {
  const input = record.input as { message?: unknown } | null | undefined;
  return typeof input?.message === 'string' ? input.message : step.approval?.message;
};

function Approval({ run, record, step, onChanged }: OpenStep): ReactElement {
  const mayWrite = useMay('developer');
  const [comment, setComment] = useState('');
  const [busy, setBusy] = useState<boolean>();
  const [error, setError] = useState<unknown>();
  const decide = async (approve: boolean): Promise<void> => {
    setBusy(approve);
    setError(undefined);
    try {
      await api(
        decideFlowStep({
          path: { run_id: run.run_id, step_id: record.key },
          body: { approve, ...(comment.trim() === '' ? {} : { comment: comment.trim() }) },
        }),
      );
      notify(approve ? t.approved : t.rejected);
      onChanged();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(undefined);
    }
  };
  const message = messageOf(record, step);
  return (
    <Stack gap="xs">
      <Text size="sm" fw={600}>
        {step.name ?? record.key}
      </Text>
      {message !== undefined && <Text size="sm">{message}</Text>}
      <Text size="xs" c="dimmed" component="div">
        {t.mayDecide((step.approval?.roles ?? ['developer']).join(', '))}{' '}
        {record.wake_at !== undefined && (
          <>
            {t.expires} <Ago at={record.wake_at} />
          </>
        )}
      </Text>
      {mayWrite && (
        <>
          <Textarea
            label={t.comment}
            value={comment}
            onChange={(event) => setComment(event.currentTarget.value)}
            autosize
            minRows={1}
            maxRows={5}
            maw={560}
          />
          {error !== undefined && <ErrorBox error={error} />}
          <Group gap="xs">
            <Button
              leftSection={<Icon name="check" size={14} />}
              loading={busy === true}
              onClick={() => void decide(true)}
            >
              {t.approve}
            </Button>
            <Button
              variant="light"
              color="red"
              leftSection={<Icon name="cross" size={14} />}
              loading={busy === false}
              onClick={() => void decide(false)}
            >
              {t.reject}
            </Button>
          </Group>
        </>
      )}
    </Stack>
  );
}

function Signal({ run, record, step, onChanged }: OpenStep): ReactElement {
  const mayWrite = useMay('developer');
  const name = step.wait_for?.signal ?? '';
  const [isOpen, dialog] = useDisclosure();
  const [data, setData] = useState('{}');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const send = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await api(
        signalFlowRun({
          path: { run_id: run.run_id, name },
          body: { data: JSON.parse(data.trim() === '' ? '{}' : data) as Record<string, unknown> },
        }),
      );
      notify(t.signalSent(name));
      dialog.close();
      onChanged();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Group justify="space-between" gap="sm">
      <div>
        <Text size="sm" fw={600}>
          {step.name ?? record.key}
        </Text>
        <Text size="sm" c="dimmed" component="div">
          {t.waitsForSignal} <code>{name}</code>
          {record.wake_at !== undefined && (
            <>
              . {t.expires} <Ago at={record.wake_at} />
            </>
          )}
        </Text>
      </div>
      {mayWrite && (
        <Button size="xs" variant="default" leftSection={<Icon name="send" size={14} />} onClick={dialog.open}>
          {t.sendSignal}
        </Button>
      )}
      <Dialog opened={isOpen} onClose={dialog.close} title={t.sendSignal}>
        <Stack>
          <TextInput label={t.signalName} value={name} readOnly className="mono-input" />
          <Editor value={data} onChange={setData} language="json" label={t.signalData} height={160} />
          {error !== undefined && <ErrorBox error={error} />}
          <Group justify="flex-end">
            <Button loading={busy} onClick={() => void send()}>
              {t.send}
            </Button>
          </Group>
        </Stack>
      </Dialog>
    </Group>
  );
}

function StepDetails(props: {
  records: readonly FlowStepRunDto[];
  step: Step | undefined;
  run: FlowRunDto;
  onChanged: () => void;
}): ReactElement {
  const { records, step, run, onChanged } = props;
  const mayWrite = useMay('developer');
  const [first] = records;
  if (!first)
    return (
      <Section title={t.step}>
        <Text size="sm" c="dimmed">
          {t.selectStep}
        </Text>
      </Section>
    );
  const kind = step && kindOf(step);
  const retry = async (): Promise<void> => {
    await api(controlFlowRun({ path: { run_id: run.run_id }, body: { action: 'retry', from_step: first.step_id } }));
    onChanged();
  };
  return (
    <Section title={step?.name ?? first.step_id} actions={<Status value={first.status} />}>
      <Stack gap="sm">
        <dl className="facts">
          <dt>{texts.flow.stepId}</dt>
          <dd>
            <code>{first.step_id}</code>
          </dd>
          {kind !== undefined && (
            <>
              <dt>{texts.flow.stepKind}</dt>
              <dd>{STEP_KINDS[kind]}</dd>
            </>
          )}
          {records.length > 1 && (
            <>
              <dt>{t.items}</dt>
              <dd>{records.length}</dd>
            </>
          )}
          {first.attempts.length > 0 && (
            <>
              <dt>{t.attempts}</dt>
              <dd>{first.attempts.length}</dd>
            </>
          )}
          {first.idempotency_key !== undefined && (
            <>
              <dt>{t.idempotencyKey}</dt>
              <dd>
                <Id value={first.idempotency_key} />
              </dd>
            </>
          )}
          {first.case_name !== undefined && (
            <>
              <dt>{t.branch}</dt>
              <dd>{first.case_name ?? '–'}</dd>
            </>
          )}
          {first.compensation && (
            <>
              <dt>{t.compensation}</dt>
              <dd>
                <Status value={first.compensation.status} />
              </dd>
            </>
          )}
        </dl>
        {first.note !== undefined && <Text size="sm">{first.note}</Text>}
        {first.error && (
          <Text size="sm" c="var(--mantine-color-error)">
            {first.error.message}
          </Text>
        )}
        {mayWrite && first.status === 'failed' && run.legal_actions.includes('retry') && (
          <Button
            size="xs"
            variant="default"
            onClick={() => void retry().catch(notifyError)}
            style={{ alignSelf: 'flex-start' }}
          >
            {t.retryFrom}
          </Button>
        )}
        {first.input !== null && first.input !== undefined && (
          <div>
            <Text size="xs" c="dimmed" mb={4}>
              {texts.waterfall.input}
            </Text>
            <JsonView value={first.input} label={texts.waterfall.input} />
          </div>
        )}
        {first.output !== null && first.output !== undefined && (
          <div>
            <Text size="xs" c="dimmed" mb={4}>
              {texts.waterfall.output}
            </Text>
            <JsonView value={first.output} label={texts.waterfall.output} />
          </div>
        )}
      </Stack>
    </Section>
  );
}

function Events({ events }: { events: readonly RunEvent[] }): ReactElement {
  return (
    <Section flush>
      <ol className="event-list">
        {events.map(({ id, event, at, key, data }) => (
          <li key={id}>
            <time dateTime={at}>{dateTime(at).slice(-8)}</time>
            <strong>{event}</strong>
            <span>
              {key ?? ''}
              {typeof data['status'] === 'string' && ` ${texts.statuses[data['status']] ?? data['status']}`}
              {typeof data['waits_for'] === 'string' && ` ${t.waits(data['waits_for'])}`}
              {typeof data['attempt'] === 'number' && data['attempt'] > 1 && ` ${t.attemptNumber(data['attempt'])}`}
            </span>
          </li>
        ))}
      </ol>
    </Section>
  );
}
