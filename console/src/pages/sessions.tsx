import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { api } from '../api/api';
import { listAgentSessions } from '../client/sdk.gen';
import type { SessionDto } from '../client/types.gen';
import { agentChoices } from '../components/agent-choice';
import { List, usePages, type Column } from '../components/list';
import { Ago, Empty, Loaded, Page as Frame, Section, Status, LinkButton } from '../components/ui';
import { count } from '../format';
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

export function Page(): ReactElement {
  const search: { agent?: string } = useSearch({ strict: false });
  const navigate = useNavigate();
  const agents = useQuery(agentChoices);
  const agent_id = search.agent ?? agents.data?.[0]?.agent_id;
  const query = usePages(
    ['sessions', agent_id],
    async (last_key) => {
      const page = await api(
        listAgentSessions({
          path: { agent_id: agent_id ?? '' },
          query: { limit: 50, ...(last_key === undefined ? {} : { last_key }) },
        }),
      );
      return { items: page.sessions, last_key: page.last_key };
    },
    { enabled: agent_id !== undefined },
  );
  return (
    <Frame title={texts.nav.sessions} note={t.note}>
      <Loaded query={agents}>
        {(all) =>
          all.length === 0 ? (
            <Section>
              <Empty
                icon="sessions"
                title={t.none}
                text={t.noneText}
                action={<LinkButton to="/agents/new">{texts.nav.newAgent}</LinkButton>}
              />
            </Section>
          ) : (
            <>
              <Select
                label={t.agent}
                data={all.map((one) => ({ value: one.agent_id, label: one.agent_name }))}
                value={agent_id ?? null}
                onChange={(value) =>
                  void navigate({ to: '/sessions', search: { agent: value ?? undefined }, replace: true })
                }
                searchable
                allowDeselect={false}
                maw={360}
              />
              <Section flush>
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
                        <LinkButton to="/playground" search={{ agent: agent_id }}>
                          {t.start}
                        </LinkButton>
                      }
                    />
                  }
                />
              </Section>
            </>
          )
        }
      </Loaded>
    </Frame>
  );
}
