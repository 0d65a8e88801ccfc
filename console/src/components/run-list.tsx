import { SegmentedControl, Group, TextInput, Checkbox, Button, Box } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import { api } from '../api/api';
import { listAgentInvocations } from '../client/sdk.gen';
import type { InvocationDto } from '../client/types.gen';
import { agentNameOf, count, duration, money } from '../format';
import { texts } from '../texts';
import { Icon } from './icons';
import { List, usePages, type Column, type CursorPage } from './list';
import { Ago, Empty, Status } from './ui';

const t = texts.runs;
const PAGE = 50;
export const RUN_STATUSES = ['', 'running', 'waiting', 'success', 'failed'] as const;
export type RunStatusFilter = (typeof RUN_STATUSES)[number];

/**
 * Runs of several agents. The API lists the runs of one agent at a time, so the lists are merged here: newest first within each page.
 * @param cursors by agent: the cursor of its next page; absent for an agent that has no more
 */
async function readMerged(agentIds: readonly string[], cursor: string | undefined): Promise<CursorPage<InvocationDto>> {
  const cursors = cursor === undefined ? undefined : (JSON.parse(cursor) as Record<string, string>);
  const open = agentIds.filter((id) => cursors === undefined || id in cursors);
  const pages = await Promise.all(
    open.map(async (agent_id) => {
      const last_key = cursors?.[agent_id];
      return {
        agent_id,
        page: await api(
          listAgentInvocations({
            path: { agent_id },
            query: { limit: PAGE, ...(last_key === undefined || last_key === '' ? {} : { last_key }) },
          }),
        ),
      };
    }),
  );
  const next = Object.fromEntries(
    pages.flatMap(({ agent_id, page }) => (page.last_key === null ? [] : [[agent_id, page.last_key] as const])),
  );
  const items = pages.flatMap(({ page }) => page.invocations).sort((a, b) => b.created_at.localeCompare(a.created_at));
  return { items, last_key: Object.keys(next).length === 0 ? null : JSON.stringify(next) };
}

const FIRST: Column<InvocationDto> = {
  title: t.input,
  width: 'minmax(0, 2.4fr)',
  cell: (run) => (
    <span className="two-lines ellipsis">
      {run.input_text}
      <small>{run.error?.message ?? run.output ?? ''}</small>
    </span>
  ),
};
const REST: readonly Column<InvocationDto>[] = [
  { title: t.status, width: '108px', cell: ({ status }) => <Status value={status} /> },
  { title: t.time, width: '72px', align: 'right', cell: ({ duration_ms }) => duration(duration_ms), from: 520 },
  {
    title: t.tokens,
    width: '70px',
    align: 'right',
    cell: ({ usage }) => count(usage.input_tokens + usage.output_tokens),
    from: 700,
  },
  { title: t.cost, width: '66px', align: 'right', cell: ({ cost_usd }) => money(cost_usd), from: 780 },
  { title: t.model, width: '130px', cell: ({ model }) => model ?? '–', from: 1000 },
  { title: t.started, width: '106px', align: 'right', cell: ({ created_at }) => <Ago at={created_at} />, from: 600 },
];

interface RunListProps {
  agentIds: readonly string[];
  status?: RunStatusFilter;
  onStatus?: (status: RunStatusFilter) => void;
}

/** Runs with filters; two of them can be chosen and compared. */
export function RunList({ agentIds, status: given, onStatus }: RunListProps): ReactElement {
  const [own, setOwn] = useState<RunStatusFilter>('');
  const status = given ?? own;
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const navigate = useNavigate();
  const query = usePages(['runs', ...agentIds], (cursor) => readMerged(agentIds, cursor), {
    refetchInterval: 10_000,
    enabled: agentIds.length > 0,
  });
  const words = text.trim().toLowerCase();
  const toggle = (id: string): void =>
    setChosen((ids) => (ids.includes(id) ? ids.filter((one) => one !== id) : [...ids, id].slice(-2)));
  const columns: readonly Column<InvocationDto>[] = [
    FIRST,
    ...(agentIds.length > 1
      ? [
          {
            title: t.agent,
            width: 'minmax(0, 1fr)',
            cell: (run: InvocationDto) => agentNameOf(run.agent_id),
            from: 860,
          },
        ]
      : []),
    ...REST,
    {
      title: t.compare,
      width: '66px',
      align: 'right',
      from: 460,
      cell: (run) => (
        <Checkbox
          size="xs"
          className="compare-box"
          checked={chosen.includes(run.invocation_id)}
          onChange={() => toggle(run.invocation_id)}
          aria-label={t.compareThis(run.input_text.slice(0, 60))}
        />
      ),
    },
  ];
  return (
    <Box>
      <Group px="md" py="sm" gap="sm">
        <TextInput
          size="xs"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          placeholder={t.filter}
          aria-label={t.filter}
          leftSection={<Icon name="search" size={14} />}
          flex="1 1 180px"
          maw={320}
        />
        <div className="scroll-x">
          <SegmentedControl
            size="xs"
            value={status}
            onChange={onStatus ?? setOwn}
            aria-label={t.status}
            data={RUN_STATUSES.map((value) => ({
              value,
              label: value === '' ? t.all : (texts.statuses[value] ?? value),
            }))}
          />
        </div>
        <Button
          size="xs"
          variant={chosen.length === 2 ? 'filled' : 'default'}
          disabled={chosen.length !== 2}
          leftSection={<Icon name="columns" size={14} />}
          onClick={() => void navigate({ to: `/runs/${chosen[0] ?? ''}`, search: { with: chosen[1] } })}
        >
          {t.compareTwo}
        </Button>
      </Group>
      <List
        query={query}
        columns={columns}
        idOf={(run) => run.invocation_id}
        to={(run) => `/runs/${run.invocation_id}`}
        label={texts.nav.runs}
        filter={(run) =>
          (status === '' || run.status === status) &&
          (words === '' ||
            `${run.input_text} ${run.output ?? ''} ${run.invocation_id} ${run.error?.message ?? ''}`
              .toLowerCase()
              .includes(words))
        }
        empty={
          status === '' && words === '' ? (
            <Empty icon="runs" title={t.none} text={t.noneText} />
          ) : (
            <Empty icon="search" title={t.noneFound} text={t.noneFoundText} />
          )
        }
      />
    </Box>
  );
}
