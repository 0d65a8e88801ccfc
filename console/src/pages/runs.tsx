import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { AgentSelect, agentChoices } from '../components/agent-choice';
import { RunList, type RunFilter } from '../components/run-list';
import { Empty, Loaded, Page as Frame, Section, LinkButton } from '../components/ui';
import { texts } from '../texts';

const t = texts.runs;

export function Page(): ReactElement {
  const filter: RunFilter = useSearch({ strict: false });
  const navigate = useNavigate();
  const agents = useQuery(agentChoices);
  const search = (change: RunFilter): void =>
    void navigate({ to: '/runs', search: { ...filter, ...change }, replace: true });
  return (
    <Frame title={texts.nav.runs} note={t.note}>
      <Loaded query={agents}>
        {(all) => (
          <Section flush={all.length > 0}>
            {all.length === 0 ? (
              <Empty
                icon="runs"
                title={t.noAgents}
                text={t.noAgentsText}
                action={<LinkButton to="/agents/new">{texts.nav.newAgent}</LinkButton>}
              />
            ) : (
              <RunList filter={filter} onFilter={search}>
                <AgentSelect
                  label={t.agent}
                  placeholder={t.allAgents}
                  value={filter.agent}
                  onChange={(agent) => search({ agent })}
                  clearable
                  size="xs"
                  flex="1 1 160px"
                  maw={260}
                />
              </RunList>
            )}
          </Section>
        )}
      </Loaded>
    </Frame>
  );
}
