import { Select, type SelectProps } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import { api } from '../api/api';
import { listAgents } from '../client/sdk.gen';
import { agentNameOf } from '../format';
import { texts } from '../texts';

/** The newest hundred agents, those that were called last first. */
export const agentChoices = queryOptions({
  queryKey: ['agents', 'choices'],
  queryFn: async () => {
    const { agents } = await api(listAgents({ query: { limit: 100 } }));
    const lastCall = ({ runtime_stats }: (typeof agents)[number]): string => runtime_stats.last_invoked_at ?? '';
    return agents.sort((a, b) => lastCall(b).localeCompare(lastCall(a)));
  },
});

interface AgentSelectProps extends Pick<SelectProps, 'clearable' | 'placeholder' | 'size' | 'flex' | 'maw'> {
  label: string;
  value: string | undefined;
  onChange: (agent_id: string | undefined) => void;
  /** Only agents that answer. */
  running?: boolean;
}

/** A choice among all agents: those called last at once, others by what is typed. */
export function AgentSelect({ label, value, onChange, running = false, ...rest }: AgentSelectProps): ReactElement {
  const [words, setWords] = useState('');
  const [search] = useDebouncedValue(words.trim(), 200);
  const choices = useQuery(agentChoices);
  const found = useQuery({
    queryKey: ['agents', 'found', search],
    enabled: search.length > 1 && choices.data?.length === 100,
    queryFn: () => api(listAgents({ query: { search, limit: 50 } })),
  });
  const listed = [...(choices.data ?? []), ...(found.data?.agents ?? [])]
    .filter(({ status }) => !running || status === 'running')
    .map(({ agent_id, agent_name }) => [agent_id, agent_name] as const);
  const names = new Map([...(value === undefined ? [] : [[value, agentNameOf(value)] as const]), ...listed]);
  return (
    <Select
      aria-label={label}
      data={[...names].map(([id, name]) => ({ value: id, label: name }))}
      value={value ?? null}
      onChange={(next) => onChange(next ?? undefined)}
      onSearchChange={setWords}
      searchable
      allowDeselect={false}
      clearButtonProps={{ 'aria-label': texts.actions.clear }}
      nothingFoundMessage={texts.palette.nothing}
      {...rest}
    />
  );
}
