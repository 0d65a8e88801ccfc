import {
  Badge,
  Button,
  Group,
  NumberInput,
  Progress,
  Select,
  Stack,
  Switch,
  Table,
  TagsInput,
  Text,
  TextInput,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import { api } from '../api/api';
import {
  deletePartnership,
  getOrchestrationHealth,
  getPartnership,
  getPartnershipHistory,
  pushMeasurement,
  updateDeliverable,
  updatePartnership,
} from '../client/sdk.gen';
import type { PartnershipDto } from '../client/types.gen';
import { Chart } from '../components/text';
import { Dialog } from '../components/form';
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
import { metricValue } from './orchestration';

const t = texts.partnership;
const WINDOWS = ['1h', '24h', '7d'] as const;

export function Page(): ReactElement {
  const { partnershipId = '' }: { partnershipId?: string } = useParams({ strict: false });
  const query = useQuery({
    queryKey: ['partnership', partnershipId],
    queryFn: () => api(getPartnership({ path: { id: partnershipId } })),
  });
  return <Loaded query={query}>{(one) => <Partnership key={one.revision} one={one} />}</Loaded>;
}

function Partnership({ one }: { one: PartnershipDto }): ReactElement {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [isOpen, dialog] = useDisclosure();
  return (
    <Frame
      title={one.name}
      crumb={<Link to="/orchestration">{texts.orchestration.tabs.partnerships}</Link>}
      note={
        <Group gap="sm">
          <Status value={one.enabled ? 'active' : 'offline'} label={one.enabled ? t.enabled : t.disabled} />
          <span>{one.ai_partner}</span>
          <Id value={one.id} />
        </Group>
      }
      actions={
        <>
          <DangerButton
            label={t.delete}
            title={t.deleteTitle(one.name)}
            text={t.deleteText}
            onConfirm={async () => {
              await api(deletePartnership({ path: { id: one.id } }));
              await queries.invalidateQueries({ queryKey: ['partnerships'] });
              await navigate({ to: '/orchestration' });
            }}
          />
          <Button onClick={dialog.open}>{t.edit}</Button>
        </>
      }
    >
      <div className="split" style={{ '--left': '1.5fr', '--right': '1fr' } as React.CSSProperties}>
        <Stack gap="lg">
          <History one={one} />
          <Past id={one.id} />
          <Deliverables one={one} />
        </Stack>
        <Stack gap="lg">
          <Section title={t.about}>
            <dl className="facts">
              <dt>{t.type}</dt>
              <dd>{one.partnership_type.replaceAll('_', ' ')}</dd>
              <dt>{t.priority}</dt>
              <dd>{texts.orchestration.priorities[one.priority]}</dd>
              <dt>{t.ourRole}</dt>
              <dd>{one.our_role === '' ? '–' : one.our_role}</dd>
              <dt>{t.partnerRole}</dt>
              <dd>{one.partner_role === '' ? '–' : one.partner_role}</dd>
            </dl>
          </Section>
          <Section title={t.probe}>
            {one.probe.agent_ids.length === 0 && one.probe.health_url === null ? (
              <Text size="sm" c="dimmed">
                {t.noProbe}
              </Text>
            ) : (
              <dl className="facts">
                {one.probe.health_url !== null && (
                  <>
                    <dt>{t.healthUrl}</dt>
                    <dd>
                      <code>{one.probe.health_url}</code>
                    </dd>
                    <dt>{t.interval}</dt>
                    <dd>{t.seconds(one.probe.interval_seconds)}</dd>
                  </>
                )}
                {one.probe.agent_ids.length > 0 && (
                  <>
                    <dt>{t.agents}</dt>
                    <dd>
                      {one.probe.agent_ids.map((id) => (
                        <div key={id}>
                          <Link to={`/agents/${encodeURIComponent(id)}`}>{id}</Link>
                        </div>
                      ))}
                    </dd>
                  </>
                )}
                {one.last_probe && (
                  <>
                    <dt>{t.lastProbe}</dt>
                    <dd>
                      {one.last_probe.up === null ? '–' : one.last_probe.up ? t.up : t.down} {one.last_probe.reason} (
                      <Ago at={one.last_probe.at} />)
                    </dd>
                  </>
                )}
              </dl>
            )}
          </Section>
          <Section title={t.targets}>
            {one.success_metrics.length === 0 ? (
              <Text size="sm" c="dimmed">
                {t.noTargets}
              </Text>
            ) : (
              <dl className="facts">
                {one.success_metrics.map(({ name, target, unit, direction }) => (
                  <div key={name} style={{ display: 'contents' }}>
                    <dt>{name.replaceAll('_', ' ')}</dt>
                    <dd>
                      {direction === 'higher' ? '≥' : '≤'} {target} {unit}
                    </dd>
                  </div>
                ))}
              </dl>
            )}
          </Section>
        </Stack>
      </div>
      <Dialog opened={isOpen} onClose={dialog.close} title={t.edit}>
        <EditForm one={one} onDone={dialog.close} />
      </Dialog>
    </Frame>
  );
}

/** The same measures over an hour, a day and a week, side by side: what has become better or worse. */
function History({ one }: { one: PartnershipDto }): ReactElement {
  const query = useQuery({
    queryKey: ['partnership', one.id, 'health'],
    queryFn: async () => {
      const all = await Promise.all(WINDOWS.map((window) => api(getOrchestrationHealth({ query: { window } }))));
      return all.map(({ partnerships }) => partnerships[one.id] ?? {});
    },
    refetchInterval: 30_000,
  });
  return (
    <Section title={t.history} actions={<Measure one={one} />} flush>
      <Loaded query={query}>
        {(windows) => {
          const names = [
            ...new Set(
              windows.flatMap((window) =>
                Object.entries(window)
                  .filter(([name, value]) => typeof value === 'number' && name !== 'score')
                  .map(([name]) => name),
              ),
            ),
          ];
          const reason = windows[1]?.['reason'];
          return names.length === 0 ? (
            <Empty
              icon="orchestration"
              title={texts.orchestration.notMeasured}
              text={typeof reason === 'string' ? texts.orchestration.because(reason) : t.noProbe}
            />
          ) : (
            <div className="scroll-x">
              <Table>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>{t.measure}</Table.Th>
                    {WINDOWS.map((window) => (
                      <Table.Th key={window}>{texts.orchestration.windows[window]}</Table.Th>
                    ))}
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  <Table.Tr>
                    <Table.Th scope="row">{t.score}</Table.Th>
                    {windows.map((window, index) => (
                      <Table.Td key={WINDOWS[index]}>
                        {typeof window['score'] === 'number' ? window['score'] : '–'}{' '}
                        {typeof window['health'] === 'string' && (
                          <Badge color="gray">{texts.orchestration.health[window['health']] ?? window['health']}</Badge>
                        )}
                      </Table.Td>
                    ))}
                  </Table.Tr>
                  {names.map((name) => (
                    <Table.Tr key={name}>
                      <Table.Th scope="row">{texts.orchestration.metric(name)}</Table.Th>
                      {windows.map((window, index) => {
                        const value = window[name];
                        return (
                          <Table.Td key={WINDOWS[index]}>
                            {typeof value === 'number' ? metricValue(name, value) : '–'}
                          </Table.Td>
                        );
                      })}
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </div>
          );
        }}
      </Loaded>
    </Section>
  );
}

const HOUR_MS = 3_600_000;
const nameOf = (at: string): string => at.slice(0, 16).replace('T', ' ');

/** The health of each hour of a week. Hours without a call stay empty. */
function Past({ id }: { id: string }): ReactElement {
  const query = useQuery({
    queryKey: ['partnership', id, 'past'],
    queryFn: async () => {
      const { points } = await api(getPartnershipHistory({ path: { id }, query: { window: '7d' } }));
      const known = new Map(points.map((point) => [Date.parse(point.at), point]));
      const [first, last] = [Math.min(...known.keys()), Math.max(...known.keys())];
      const hours = points.length === 0 ? 0 : (last - first) / HOUR_MS + 1;
      const times = Array.from({ length: hours }, (_, index) => first + index * HOUR_MS);
      const valuesOf = (of: (point: (typeof points)[number]) => number | null): (number | null)[] =>
        times.map((time) => {
          const point = known.get(time);
          return point ? of(point) : null;
        });
      return {
        days: times.map((time) => nameOf(new Date(time).toISOString())),
        series: [
          { label: t.score, values: valuesOf(({ score }) => score), tone: 'accent' as const },
          {
            label: texts.orchestration.metric('uptime'),
            values: valuesOf(({ uptime }) => uptime),
            tone: 'good' as const,
          },
        ],
      };
    },
    refetchInterval: 60_000,
  });
  return (
    <Section title={t.past}>
      <Loaded query={query}>
        {({ days, series }) =>
          days.length === 0 ? (
            <Text size="sm" c="dimmed">
              {t.noPast}
            </Text>
          ) : (
            <Chart days={days} series={series} label={t.past} />
          )
        }
      </Loaded>
    </Section>
  );
}

function Measure({ one }: { one: PartnershipDto }): ReactElement {
  const queries = useQueryClient();
  const [isOpen, dialog] = useDisclosure();
  const [metric, setMetric] = useState(one.success_metrics[0]?.name ?? '');
  const [value, setValue] = useState<number>();
  const [error, setError] = useState<unknown>();
  const push = async (): Promise<void> => {
    setError(undefined);
    try {
      await api(pushMeasurement({ path: { id: one.id }, body: { metric, value: value ?? 0 } }));
      await queries.invalidateQueries({ queryKey: ['partnership', one.id, 'health'] });
      dialog.close();
    } catch (failure) {
      setError(failure);
    }
  };
  return (
    <>
      <Button size="xs" variant="default" onClick={dialog.open}>
        {t.pushMeasure}
      </Button>
      <Dialog opened={isOpen} onClose={dialog.close} title={t.pushMeasure}>
        <Stack>
          <TextInput
            label={t.measure}
            value={metric}
            onChange={({ currentTarget }) => setMetric(currentTarget.value)}
          />
          <NumberInput
            label={t.value}
            value={value ?? ''}
            onChange={(next) => setValue(next === '' ? undefined : Number(next))}
          />
          {error !== undefined && <ErrorBox error={error} />}
          <Group justify="flex-end">
            <Button disabled={value === undefined || metric.trim() === ''} onClick={() => void push()}>
              {texts.actions.save}
            </Button>
          </Group>
        </Stack>
      </Dialog>
    </>
  );
}

function Deliverables({ one }: { one: PartnershipDto }): ReactElement {
  const queries = useQueryClient();
  const set = async (name: string, completion_percentage: number, status: string): Promise<void> => {
    await api(updateDeliverable({ path: { id: one.id, name }, body: { completion_percentage, status } }));
    await queries.invalidateQueries({ queryKey: ['partnership', one.id] });
    notify(t.deliverableSaved);
  };
  return (
    <Section title={t.deliverables}>
      {one.deliverables.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t.noDeliverables}
        </Text>
      ) : (
        <Stack gap="md">
          {one.deliverables.map((item) => (
            <div key={item.name}>
              <Group justify="space-between" wrap="nowrap">
                <Text size="sm" fw={600}>
                  {item.name}
                </Text>
                <Group gap={6} wrap="nowrap">
                  <Text size="xs" c="dimmed">
                    {item.status.replaceAll('_', ' ')}
                  </Text>
                  <NumberInput
                    size="xs"
                    w={84}
                    min={0}
                    max={100}
                    suffix=" %"
                    aria-label={t.progressOf(item.name)}
                    defaultValue={item.progress}
                    onBlur={(event) => {
                      const next = Number.parseFloat(event.currentTarget.value);
                      if (Number.isFinite(next) && next !== item.progress)
                        void set(item.name, next, next >= 100 ? 'completed' : item.status).catch(notifyError);
                    }}
                  />
                </Group>
              </Group>
              <Progress value={item.progress} size="sm" mt={6} aria-label={t.progressOf(item.name)} />
            </div>
          ))}
        </Stack>
      )}
    </Section>
  );
}

function EditForm({ one, onDone }: { one: PartnershipDto; onDone: () => void }): ReactElement {
  const queries = useQueryClient();
  const [name, setName] = useState(one.name);
  const [isEnabled, setEnabled] = useState(one.enabled);
  const [priority, setPriority] = useState(one.priority);
  const [url, setUrl] = useState(one.probe.health_url ?? '');
  const [agents, setAgents] = useState(one.probe.agent_ids);
  const [seconds, setSeconds] = useState(one.probe.interval_seconds);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const save = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await api(
        updatePartnership({
          path: { id: one.id },
          body: {
            name: name.trim(),
            enabled: isEnabled,
            priority,
            revision: one.revision,
            probe: {
              agent_ids: agents,
              health_url: url.trim() === '' ? null : url.trim(),
              interval_seconds: seconds,
              timeout_ms: one.probe.timeout_ms,
            },
          },
        }),
      );
      await queries.invalidateQueries({ queryKey: ['partnership', one.id] });
      await queries.invalidateQueries({ queryKey: ['partnerships'] });
      onDone();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <Stack>
      <TextInput label={t.name} value={name} onChange={({ currentTarget }) => setName(currentTarget.value)} />
      <Select
        label={t.priority}
        value={priority}
        allowDeselect={false}
        onChange={(value) => setPriority(value ?? 'medium')}
        data={(['critical', 'high', 'medium', 'low'] as const).map((value) => ({
          value,
          label: texts.orchestration.priorities[value],
        }))}
      />
      <TextInput
        label={t.healthUrl}
        description={t.healthUrlHint}
        value={url}
        onChange={({ currentTarget }) => setUrl(currentTarget.value)}
        placeholder="https://status.example.com/health"
      />
      <NumberInput
        label={t.interval}
        min={1}
        max={3600}
        value={seconds}
        onChange={(value) => setSeconds(Number(value))}
      />
      <TagsInput label={t.agents} description={t.agentsHint} value={agents} onChange={setAgents} />
      <Switch label={t.enabled} checked={isEnabled} onChange={(event) => setEnabled(event.currentTarget.checked)} />
      {error !== undefined && <ErrorBox error={error} />}
      <Group justify="flex-end">
        <Button loading={busy} onClick={() => void save()}>
          {texts.actions.save}
        </Button>
      </Group>
    </Stack>
  );
}
