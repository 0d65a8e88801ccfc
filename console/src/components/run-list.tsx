import { Box, Button, Checkbox, Group, SegmentedControl, Select, TextInput } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useMemo, useState, type ReactElement, type ReactNode } from 'react';
import { api } from '../api/api';
import { listInvocations } from '../client/sdk.gen';
import type { InvocationDto } from '../client/types.gen';
import { agentNameOf, count, duration, money, pathOfId } from '../format';
import { texts } from '../texts';
import { Icon } from './icons';
import { List, usePages, type Column } from './list';
import { Ago, Empty, LinkButton, Status } from './ui';

const t = texts.runs;
const PAGE = 50;
const RUN_STATUSES = ['running', 'waiting', 'success', 'failed'] as const;
const SPANS = [
  { value: 'hour', label: t.spans.hour, hours: 1 },
  { value: 'day', label: t.spans.day, hours: 24 },
  { value: 'week', label: t.spans.week, hours: 24 * 7 },
  { value: 'month', label: t.spans.month, hours: 24 * 30 },
] as const;

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

export interface RunFilter {
  agent?: string | undefined;
  status?: string | undefined;
  since?: string | undefined;
}

interface RunListProps {
  filter: RunFilter;
  onFilter: (change: RunFilter) => void;
  /** The runs of this agent alone; without it, its name is a column. */
  agent_id?: string;
  /** Stands with the filters. */
  children?: ReactNode;
}

/** Runs with filters, newest first; two of them can be chosen and compared. A whole id in the filter opens its run. */
export function RunList({ filter, onFilter, agent_id, children }: RunListProps): ReactElement {
  const agent = agent_id ?? filter.agent;
  const status = RUN_STATUSES.find((one) => one === filter.status);
  const since = SPANS.find(({ value }) => value === filter.since);
  const hours = since?.hours;
  const from = useMemo(
    () => (hours === undefined ? undefined : new Date(Date.now() - hours * 3_600_000).toISOString()),
    [hours],
  );
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const navigate = useNavigate();
  const query = usePages(
    ['runs', agent, status, from],
    async (last_key) => {
      const wish = { limit: PAGE, agent_id: agent, status, from, last_key };
      const given = Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined));
      const page = await api(listInvocations({ query: given }));
      return { items: page.invocations, last_key: page.last_key };
    },
    { refetchInterval: 10_000 },
  );
  const words = text.trim().toLowerCase();
  const idPath = pathOfId(text);
  const isFiltered = words !== '' || status !== undefined || since !== undefined;
  const toggle = (id: string): void =>
    setChosen((ids) => (ids.includes(id) ? ids.filter((one) => one !== id) : [...ids, id].slice(-2)));
  const columns: readonly Column<InvocationDto>[] = [
    FIRST,
    ...(agent === undefined
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
          onKeyDown={(event) => {
            if (event.key === 'Enter' && idPath !== undefined) void navigate({ to: idPath });
          }}
          placeholder={t.filter}
          aria-label={t.filter}
          leftSection={<Icon name="search" size={14} />}
          flex="1 1 180px"
          maw={320}
        />
        {children}
        <Select
          size="xs"
          aria-label={t.since}
          placeholder={t.anyTime}
          data={SPANS.map(({ value, label }) => ({ value, label }))}
          value={since?.value ?? null}
          onChange={(value) => onFilter({ since: value ?? undefined })}
          clearable
          clearButtonProps={{ 'aria-label': texts.actions.clear }}
          w={150}
        />
        <div className="scroll-x">
          <SegmentedControl
            size="xs"
            value={status ?? ''}
            onChange={(value) => onFilter({ status: value === '' ? undefined : value })}
            aria-label={t.status}
            data={[
              { value: '', label: t.all },
              ...RUN_STATUSES.map((value) => ({ value, label: texts.statuses[value] ?? value })),
            ]}
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
          words === '' ||
          `${run.input_text} ${run.output ?? ''} ${run.invocation_id} ${run.error?.message ?? ''}`
            .toLowerCase()
            .includes(words)
        }
        empty={
          idPath !== undefined ? (
            <Empty
              icon="search"
              title={t.byId}
              text={text.trim()}
              action={<LinkButton to={idPath}>{t.openId}</LinkButton>}
            />
          ) : isFiltered ? (
            <Empty icon="search" title={t.noneFound} text={t.noneFoundText} />
          ) : (
            <Empty icon="runs" title={t.none} text={t.noneText} />
          )
        }
      />
    </Box>
  );
}
