import { stageContext } from '../../../test/support/stage-context.js';
import { agentNameFor, deployedAgentName, toAgentName } from './step.js';

describe('agent names', () => {
  const mapped = stageContext('a requirement', {
    agent_name_map: { agent_design: 'designer', agent_deployer: 'live_agent' },
  });

  it('come from the request first', () => {
    const named = stageContext('a requirement', {
      agent_name: 'my-agent',
      agent_name_map: { agent_design: 'designer' },
    });
    expect(agentNameFor(named, 'agent_design', 'slug')).toBe('my-agent');
    expect(deployedAgentName(named, 'slug')).toBe('my-agent');
  });

  it('come from the map for the stage that it names', () => {
    expect(agentNameFor(mapped, 'agent_design', 'slug')).toBe('designer');
    expect(agentNameFor(mapped, 'orchestrator', 'slug')).toBe('slug');
    expect(deployedAgentName(mapped, 'slug')).toBe('live_agent');
  });

  it('are made valid when they are not', () => {
    expect(toAgentName('My Agent!')).toBe('my_agent');
    expect(toAgentName('智能助手')).toMatch(/^agent_[0-9a-f]{8}$/);
  });
});
