import { Group, SegmentedControl, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState, type ReactElement } from 'react';
import { api } from '../api/api';
import { listAgents } from '../client/sdk.gen';
import type { AgentDto } from '../client/types.gen';
import { Icon } from '../components/icons';
import { List, usePages, type Column } from '../components/list';
import { Ago, Empty, Page as Frame, Section, Status, LinkButton } from '../components/ui';
import { count, percent } from '../format';
import { texts } from '../texts';

const t = texts.agents;
const STATUSES = ['', 'running', 'building', 'offline', 'error'] as const;

const columns: readonly Column<AgentDto>[] = [
  {
    title: t.name,
    width: 'minmax(0, 2.4fr)',
    cell: (agent) => (
      <span className="two-lines ellipsis">
        {agent.agent_name}
        <small>{agent.description}</small>
      </span>
    ),
  },
  {
    title: t.status,
    width: '104px',
    cell: ({ status }) => <Status value={status} label={status === 'running' ? t.serving : undefined} />,
  },
  { title: t.version, width: '70px', cell: ({ version }) => version, from: 640 },
  {
    title: t.calls,
    width: '76px',
    align: 'right',
    cell: ({ runtime_stats }) => count(runtime_stats.total_invocations),
    from: 560,
  },
  {
    title: t.successRate,
    width: '84px',
    align: 'right',
    cell: ({ runtime_stats: { total_invocations, successful_invocations } }) =>
      total_invocations === 0 ? '–' : percent((successful_invocations / total_invocations) * 100),
    from: 760,
  },
  {
    title: t.lastCall,
    width: '110px',
    align: 'right',
    cell: ({ runtime_stats }) => <Ago at={runtime_stats.last_invoked_at} />,
    from: 860,
  },
];

export function Page(): ReactElement {
  const [text, setText] = useState('');
  const [status, setStatus] = useState<(typeof STATUSES)[number]>('');
  const [search] = useDebouncedValue(text.trim(), 250);
  const query = usePages(['agents', search, status], async (last_key) => {
    const page = await api(
      listAgents({
        query: {
          limit: 50,
          ...(last_key === undefined ? {} : { last_key }),
          ...(search === '' ? {} : { search }),
          ...(status === '' ? {} : { status }),
        },
      }),
    );
    return { items: page.agents, last_key: page.last_key };
  });
  const isFiltered = search !== '' || status !== '';
  return (
    <Frame
      title={texts.nav.agents}
      note={t.note}
      actions={
        <LinkButton to="/agents/new" leftSection={<Icon name="plus" />}>
          {texts.nav.newAgent}
        </LinkButton>
      }
    >
      <Group gap="sm">
        <TextInput
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          placeholder={t.search}
          aria-label={t.search}
          leftSection={<Icon name="search" />}
          flex="1 1 220px"
          maw={380}
        />
        <SegmentedControl
          size="xs"
          value={status}
          onChange={(value) => setStatus(value)}
          data={STATUSES.map((value) => ({
            value,
            label: value === '' ? t.all : value === 'running' ? t.serving : (texts.statuses[value] ?? value),
          }))}
          aria-label={t.status}
        />
      </Group>
      <Section flush>
        <List
          query={query}
          columns={columns}
          idOf={(agent) => agent.agent_id}
          to={(agent) => `/agents/${encodeURIComponent(agent.agent_id)}`}
          label={texts.nav.agents}
          empty={
            isFiltered ? (
              <Empty icon="search" title={t.noneFound} text={t.noneFoundText} />
            ) : (
              <Empty
                icon="agents"
                title={t.none}
                text={t.noneText}
                action={<LinkButton to="/agents/new">{texts.nav.newAgent}</LinkButton>}
              />
            )
          }
        />
      </Section>
    </Frame>
  );
}
