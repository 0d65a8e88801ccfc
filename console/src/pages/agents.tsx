import type { ReactElement } from 'react';
import { api } from '../api/api';
import { listAgents } from '../client/sdk.gen';
import type { AgentDto } from '../client/types.gen';
import type { Column } from '../components/list';
import { SearchedList } from '../components/searched-list';
import { Ago, Status } from '../components/ui';
import { count, percent } from '../format';
import { texts } from '../texts';

const t = texts.agents;
const STATUSES = ['running', 'building', 'offline', 'error'] as const;

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
  return (
    <SearchedList
      title={texts.nav.agents}
      icon="agents"
      texts={t}
      statuses={STATUSES}
      statusLabel={(status) => (status === 'running' ? t.serving : (texts.statuses[status] ?? status))}
      queryKey={['agents']}
      read={async (query) => {
        const { agents, last_key } = await api(listAgents({ query }));
        return { items: agents, last_key };
      }}
      columns={columns}
      idOf={({ agent_id }) => agent_id}
      to={({ agent_id }) => `/agents/${encodeURIComponent(agent_id)}`}
    />
  );
}
