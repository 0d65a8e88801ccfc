import { queryOptions } from '@tanstack/react-query';
import { api } from '../api/api';
import { listAgents } from '../client/sdk.gen';

/** As many agents as pages that span agents look at. */
const MOST = 20;

/** The agents that were called last, for pages whose lists the API gives by agent. */
export const agentChoices = queryOptions({
  queryKey: ['agents', 'choices'],
  queryFn: async () => {
    const { agents } = await api(listAgents({ query: { limit: 100 } }));
    const lastCall = ({ runtime_stats }: (typeof agents)[number]): string => runtime_stats.last_invoked_at ?? '';
    return agents.sort((a, b) => lastCall(b).localeCompare(lastCall(a))).slice(0, MOST);
  },
});
