import { Badge, Button, Card, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import { api } from '../api/api';
import { createFlowTrigger, deleteFlowTrigger, listFlowTriggers } from '../client/sdk.gen';
import type { TriggerDto } from '../client/types.gen';
import { dateTime } from '../format';
import { texts } from '../texts';
import { Dialog, SavingForm } from './form';
import { Icon } from './icons';
import { useMay } from './shell';
import { JsonView } from './text';
import { Ago, CopyableCode, DangerButton, Empty, Loaded, Section, Status } from './ui';

const t = texts.triggers;
const KINDS = ['schedule', 'webhook', 'event'] as const;
type Kind = (typeof KINDS)[number];
const EVENTS = [
  ...['build.completed', 'build.failed', 'build.stopped', 'invocation.failed', 'partnership.health_changed'],
  ...['flow_run.completed', 'flow_run.failed', 'flow_run.cancelled', 'flow_run.timed_out'],
];
const VERIFICATIONS = ['hmac', 'github', 'stripe', 'slack', 'token', 'none'];

const text = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';

/** What starts runs of a flow by itself, and when it will do so next. */
export function FlowTriggers({ flow_id }: { flow_id: string }): ReactElement {
  const mayWrite = useMay('developer');
  const [isOpen, dialog] = useDisclosure();
  const [created, setCreated] = useState<TriggerDto>();
  const query = useQuery({
    queryKey: ['triggers', flow_id],
    queryFn: () => api(listFlowTriggers({ path: { flow_id }, query: { limit: 50 } })),
  });
  const add = mayWrite && (
    <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={dialog.open}>
      {t.add}
    </Button>
  );
  return (
    <Section title={t.title} actions={add}>
      <Stack>
        {created?.hook_path !== undefined && <Created trigger={created} />}
        <Loaded query={query}>
          {({ triggers }) =>
            triggers.length === 0 ? (
              <Empty icon="clock" title={t.none} text={t.noneText} />
            ) : (
              <div className="cards">
                {triggers.map((trigger) => (
                  <TriggerCard key={trigger.trigger_id} trigger={trigger} />
                ))}
              </div>
            )
          }
        </Loaded>
      </Stack>
      <Dialog opened={isOpen} onClose={dialog.close} title={t.add}>
        <TriggerForm
          flow_id={flow_id}
          onDone={(trigger) => {
            setCreated(trigger);
            dialog.close();
          }}
        />
      </Dialog>
    </Section>
  );
}

/** The address of a new webhook, and its secret, which is shown this once. */
function Created({ trigger }: { trigger: TriggerDto }): ReactElement {
  return (
    <Stack gap="xs" className="note-box">
      <Text size="sm" fw={600}>
        {t.createdTitle}
      </Text>
      <CopyableCode code={`${window.location.origin}${trigger.hook_path ?? ''}`} label={t.address} />
      {trigger.secret !== undefined && (
        <>
          <Text size="sm">{t.secretOnce}</Text>
          <CopyableCode code={trigger.secret} label={t.secret} />
        </>
      )}
    </Stack>
  );
}

function TriggerCard({ trigger }: { trigger: TriggerDto }): ReactElement {
  const mayWrite = useMay('developer');
  const queries = useQueryClient();
  const { kind, config, next_times, enabled } = trigger;
  const verification = (config['verification'] ?? {}) as Record<string, unknown>;
  const title =
    kind === 'schedule'
      ? config['cron'] === undefined
        ? t.every(text(config['every_seconds']))
        : text(config['cron'])
      : kind === 'event'
        ? text(config['type'])
        : t.verifiedBy(text(verification['kind']));
  return (
    <Card withBorder padding="md" radius="md">
      <Stack gap="xs">
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <div style={{ minWidth: 0 }}>
            <Text size="xs" c="dimmed">
              {t.kinds[kind]}
            </Text>
            <Text fw={600} className="mono" style={{ overflowWrap: 'anywhere' }}>
              {title}
            </Text>
          </div>
          <Group gap={4} wrap="nowrap">
            <Status value={enabled ? 'active' : 'offline'} label={enabled ? t.on : t.off} />
            {mayWrite && (
              <DangerButton
                compact
                label={t.delete}
                title={t.deleteTitle}
                text={t.deleteText}
                onConfirm={async () => {
                  await api(deleteFlowTrigger({ path: { flow_id: trigger.flow_id, trigger_id: trigger.trigger_id } }));
                  await queries.invalidateQueries({ queryKey: ['triggers', trigger.flow_id] });
                }}
              />
            )}
          </Group>
        </Group>
        {kind === 'schedule' && (
          <>
            <Group gap={6}>
              <Badge color="gray">{text(config['timezone'])}</Badge>
              <Badge color="gray">{t.overlap(text(config['overlap']))}</Badge>
              <Badge color="gray">{t.catchUp(text(config['catch_up']))}</Badge>
            </Group>
            <div>
              <Text size="xs" c="dimmed">
                {t.next}
              </Text>
              <ol className="plain-list" aria-label={t.next}>
                {next_times.map((at) => (
                  <li key={at}>
                    {dateTime(at)}{' '}
                    <Text span size="xs" c="dimmed">
                      <Ago at={at} />
                    </Text>
                  </li>
                ))}
              </ol>
            </div>
          </>
        )}
        {trigger.hook_path !== undefined && (
          <CopyableCode code={`${window.location.origin}${trigger.hook_path}`} label={t.address} />
        )}
        {config['input'] !== undefined && kind === 'webhook' && <JsonView value={config['input']} label={t.input} />}
        {text(config['filter']) !== '' && <code>{text(config['filter'])}</code>}
        <Text size="xs" c="dimmed" component="div">
          {trigger.last_fired_at === null ? (
            t.neverFired
          ) : (
            <>
              {t.lastFired} <Ago at={trigger.last_fired_at} />{' '}
              {trigger.last_run_id !== null && <Link to={`/flow-runs/${trigger.last_run_id}`}>{t.seeRun}</Link>}
            </>
          )}
        </Text>
        {trigger.last_error !== null && (
          <Text size="xs" c="var(--mantine-color-error)">
            {trigger.last_error}
          </Text>
        )}
      </Stack>
    </Card>
  );
}

function TriggerForm({ flow_id, onDone }: { flow_id: string; onDone: (trigger: TriggerDto) => void }): ReactElement {
  const queries = useQueryClient();
  const [kind, setKind] = useState<Kind>('schedule');
  const [cron, setCron] = useState('0 9 * * 1-5');
  const [timezone, setTimezone] = useState(Intl.DateTimeFormat().resolvedOptions().timeZone);
  const [verification, setVerification] = useState('hmac');
  const [header, setHeader] = useState('X-Signature');
  const [event, setEvent] = useState(EVENTS[1] ?? '');
  const [filter, setFilter] = useState('');
  const config = (): Record<string, unknown> => {
    if (kind === 'schedule')
      return /^\d+$/.test(cron.trim()) ? { every_seconds: Number(cron), timezone } : { cron: cron.trim(), timezone };
    if (kind === 'event') return { type: event, ...(filter.trim() === '' ? {} : { filter: filter.trim() }) };
    return { verification: { kind: verification, ...(verification === 'hmac' ? { header } : {}) } };
  };
  const create = async (): Promise<void> => {
    const trigger = await api(createFlowTrigger({ path: { flow_id }, body: { kind, config: config() } }));
    await queries.invalidateQueries({ queryKey: ['triggers', flow_id] });
    onDone(trigger);
  };
  return (
    <SavingForm label={t.create} onSave={create}>
      <Select
        label={t.kind}
        data={KINDS.map((value) => ({ value, label: t.kinds[value] }))}
        value={kind}
        allowDeselect={false}
        onChange={(value) => setKind(value ?? 'schedule')}
      />
      {kind === 'schedule' && (
        <>
          <TextInput
            label={t.cron}
            description={t.cronHint}
            value={cron}
            onChange={({ currentTarget }) => setCron(currentTarget.value)}
            className="mono-input"
          />
          <Select
            label={t.timezone}
            searchable
            data={['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')]}
            value={timezone}
            onChange={(value) => setTimezone(value ?? 'UTC')}
            limit={40}
          />
        </>
      )}
      {kind === 'webhook' && (
        <>
          <Select
            label={t.verification}
            description={t.verificationHint}
            data={VERIFICATIONS}
            value={verification}
            allowDeselect={false}
            onChange={(value) => setVerification(value ?? 'hmac')}
          />
          {verification === 'hmac' && (
            <TextInput
              label={t.header}
              value={header}
              onChange={({ currentTarget }) => setHeader(currentTarget.value)}
            />
          )}
        </>
      )}
      {kind === 'event' && (
        <>
          <Select
            label={t.event}
            data={EVENTS}
            value={event}
            allowDeselect={false}
            onChange={(value) => setEvent(value ?? '')}
          />
          <TextInput
            label={t.filter}
            description={t.filterHint}
            value={filter}
            onChange={({ currentTarget }) => setFilter(currentTarget.value)}
            className="mono-input"
          />
        </>
      )}
    </SavingForm>
  );
}
