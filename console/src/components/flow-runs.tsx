import { Select } from '@mantine/core';
import { useState, type ReactElement } from 'react';
import { api } from '../api/api';
import { listFlowRuns, listRunsOfFlow } from '../client/sdk.gen';
import type { FlowRunStatus, FlowRunSummaryDto } from '../client/types.gen';
import { duration, money } from '../format';
import { texts } from '../texts';
import { List, usePages, type Column } from './list';
import { Ago, Empty, Section, Status } from './ui';

const t = texts.flowRuns;
const STATUSES: readonly FlowRunStatus[] = [
  ...(['waiting', 'running', 'paused', 'failed', 'completed'] as const),
  ...(['queued', 'compensating', 'compensated', 'cancelled', 'timed_out'] as const),
];

const columns: readonly Column<FlowRunSummaryDto>[] = [
  {
    title: t.run,
    width: 'minmax(0, 2fr)',
    cell: ({ run_id, error, dry_run }) => (
      <span className="two-lines ellipsis">
        <span className="mono">{run_id}</span>
        <small>{error?.message ?? (dry_run ? t.dryRun : '')}</small>
      </span>
    ),
  },
  { title: t.status, width: '118px', cell: ({ status }) => <Status value={status} /> },
  { title: t.trigger, width: '90px', cell: ({ trigger }) => t.triggers[trigger.kind] ?? trigger.kind, from: 620 },
  { title: t.version, width: '64px', cell: ({ flow_version }) => flow_version, from: 760 },
  { title: t.cost, width: '70px', align: 'right', cell: ({ cost_usd }) => money(cost_usd), from: 860 },
  {
    title: t.took,
    width: '90px',
    align: 'right',
    cell: ({ started_at, ended_at }) =>
      started_at === null || ended_at === null ? '–' : duration(Date.parse(ended_at) - Date.parse(started_at)),
    from: 700,
  },
  { title: t.started, width: '100px', align: 'right', cell: ({ created_at }) => <Ago at={created_at} />, from: 440 },
];

/** Runs of one flow, or of all. */
export function FlowRunList({ flow_id }: { flow_id?: string }): ReactElement {
  const [status, setStatus] = useState<FlowRunStatus | ''>('');
  const runs = usePages(
    ['flow-runs', flow_id, status],
    async (last_key) => {
      const query = {
        limit: 50,
        ...(last_key === undefined ? {} : { last_key }),
        ...(status === '' ? {} : { status }),
      };
      const page = await api(
        flow_id === undefined ? listFlowRuns({ query }) : listRunsOfFlow({ path: { flow_id }, query }),
      );
      return { items: page.runs, last_key: page.last_key };
    },
    { refetchInterval: 5_000 },
  );
  return (
    <Section
      flush
      title={t.title}
      actions={
        <Select
          size="xs"
          w={150}
          aria-label={t.status}
          value={status}
          onChange={(value) => setStatus(value ?? '')}
          data={[
            { value: '', label: t.anyStatus },
            ...STATUSES.map((value) => ({ value, label: texts.statuses[value] ?? value })),
          ]}
        />
      }
    >
      <List
        query={runs}
        columns={columns}
        idOf={({ run_id }) => run_id}
        to={({ run_id }) => `/flow-runs/${run_id}`}
        label={t.title}
        empty={<Empty icon="flows" title={t.none} text={status === '' ? t.noneText : t.noneFoundText} />}
      />
    </Section>
  );
}
