import { Group, SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { api } from '../api/api';
import { listSessions } from '../client/sdk.gen';
import type { SessionDto } from '../client/types.gen';
import { AgentSelect, agentChoices } from '../components/agent-choice';
import { List, usePages, type Column } from '../components/list';
import { Ago, Empty, Loaded, Page as Frame, Section, Status, LinkButton } from '../components/ui';
import { agentNameOf, count } from '../format';
import { texts } from '../texts';

const t = texts.sessions;

const columns: readonly Column<SessionDto>[] = [
  {
    title: t.conversation,
    width: 'minmax(0, 2fr)',
    cell: (one) => (
      <span className="two-lines ellipsis">
        {one.display_name}
        <small>{one.session_id}</small>
      </span>
    ),
  },
  {
    title: t.agent,
    width: 'minmax(0, 1fr)',
    cell: ({ agent_id }) => agentNameOf(agent_id),
    from: 620,
  },
  { title: t.status, width: '90px', cell: ({ status }) => <Status value={status} /> },
  { title: t.messages, width: '84px', align: 'right', cell: ({ message_count }) => count(message_count) },
  {
    title: t.mode,
    width: '90px',
    cell: ({ conversation_mode }) => t.modes[conversation_mode] ?? conversation_mode,
    from: 720,
  },
  {
    title: t.last,
    width: '110px',
    align: 'right',
    cell: ({ last_active_at }) => <Ago at={last_active_at} />,
    from: 480,
  },
];

const STATUSES = ['active', 'closed'] as const;

export function Page(): ReactElement {
  const { agent, status: asked }: { agent?: string; status?: string } = useSearch({ strict: false });
  const status = STATUSES.find((one) => one === asked);
  const navigate = useNavigate();
  const agents = useQuery(agentChoices);
  const search = (change: { agent?: string | undefined; status?: string | undefined }): void =>
    void navigate({ to: '/sessions', search: { agent, status, ...change }, replace: true });
  const query = usePages(['sessions', agent, status], async (last_key) => {
    const wish = { limit: 50, agent_id: agent, status, last_key };
    const given = Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined));
    const page = await api(listSessions({ query: given }));
    return { items: page.sessions, last_key: page.last_key };
  });
  return (
    <Frame title={texts.nav.sessions} note={t.note}>
      <Loaded query={agents}>
        {(all) => (
          <Section flush={all.length > 0}>
            {all.length === 0 ? (
              <Empty
                icon="sessions"
                title={t.none}
                text={t.noneText}
                action={<LinkButton to="/agents/new">{texts.nav.newAgent}</LinkButton>}
              />
            ) : (
              <>
                <Group px="md" py="sm" gap="sm">
                  <AgentSelect
                    label={t.agent}
                    placeholder={texts.runs.allAgents}
                    value={agent}
                    onChange={(next) => search({ agent: next })}
                    clearable
                    size="xs"
                    flex="1 1 160px"
                    maw={320}
                  />
                  <SegmentedControl
                    size="xs"
                    value={status ?? ''}
                    onChange={(value) => search({ status: value === '' ? undefined : value })}
                    aria-label={t.status}
                    data={[
                      { value: '', label: texts.runs.all },
                      ...STATUSES.map((value) => ({ value, label: texts.statuses[value] ?? value })),
                    ]}
                  />
                </Group>
                <List
                  query={query}
                  columns={columns}
                  idOf={(one) => one.session_id}
                  to={(one) => `/sessions/${one.session_id}`}
                  label={texts.nav.sessions}
                  empty={
                    <Empty
                      icon="sessions"
                      title={t.none}
                      text={t.noneText}
                      action={
                        <LinkButton to="/playground" search={agent === undefined ? {} : { agent }}>
                          {t.start}
                        </LinkButton>
                      }
                    />
                  }
                />
              </>
            )}
          </Section>
        )}
      </Loaded>
    </Frame>
  );
}
