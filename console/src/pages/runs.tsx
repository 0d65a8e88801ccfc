import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { RunList, type RunStatusFilter, RUN_STATUSES } from '../components/run-list';
import { Empty, Loaded, Page as Frame, Section, LinkButton } from '../components/ui';
import { agentChoices } from '../components/agent-choice';
import { texts } from '../texts';

const t = texts.runs;

export function Page(): ReactElement {
  const { agent, status }: { agent?: string; status?: string } = useSearch({ strict: false });
  const navigate = useNavigate();
  const agents = useQuery(agentChoices);
  const filter = RUN_STATUSES.find((one) => one === status) ?? '';
  const search = (change: { agent?: string | null; status?: RunStatusFilter }): void => {
    const next = { agent, status: filter as string, ...change };
    void navigate({
      to: '/runs',
      search: Object.fromEntries(
        Object.entries(next).filter(([, value]) => value !== undefined && value !== null && value !== ''),
      ),
      replace: true,
    });
  };
  return (
    <Frame title={texts.nav.runs} note={t.note}>
      <Loaded query={agents}>
        {(all) =>
          all.length === 0 ? (
            <Section>
              <Empty
                icon="runs"
                title={t.noAgents}
                text={t.noAgentsText}
                action={<LinkButton to="/agents/new">{texts.nav.newAgent}</LinkButton>}
              />
            </Section>
          ) : (
            <>
              <Select
                aria-label={t.agent}
                placeholder={t.allAgents(all.length)}
                data={all.map(({ agent_id, agent_name }) => ({ value: agent_id, label: agent_name }))}
                value={agent ?? null}
                onChange={(value) => search({ agent: value })}
                clearable
                searchable
                maw={360}
                clearButtonProps={{ 'aria-label': texts.actions.clear }}
              />
              <Section flush>
                <RunList
                  agentIds={agent === undefined ? all.map(({ agent_id }) => agent_id) : [agent]}
                  status={filter}
                  onStatus={(value) => search({ status: value })}
                />
              </Section>
            </>
          )
        }
      </Loaded>
    </Frame>
  );
}
