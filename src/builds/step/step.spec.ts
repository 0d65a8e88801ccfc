import { stageContext } from '../../../test/support/stage-context.js';
import { builtAgentName, toAgentName } from './step.js';

describe('agent names', () => {
  const map = { orchestrator: 'first', agent_developer_manager: 'written', agent_deployer: 'live_agent' };
  const { orchestrator, agent_developer_manager } = map;

  it.each([
    ['the request', { agent_name: 'my-agent', agent_name_map: map }, 'my-agent'],
    ['the entry for the deployer', { agent_name_map: map }, 'live_agent'],
    ['the entry for the developer', { agent_name_map: { orchestrator, agent_developer_manager } }, 'written'],
    ['the entry for the orchestrator', { agent_name_map: { orchestrator } }, 'first'],
    ['the plan', { agent_name_map: { agent_design: 'designer' } }, 'slug'],
  ])('come from %s', (_, asked, name) => {
    expect(builtAgentName(stageContext('a requirement', asked), 'slug')).toBe(name);
  });

  it('are made valid when they are not', () => {
    expect(toAgentName('My Agent!')).toBe('my_agent');
    expect(toAgentName('智能助手')).toMatch(/^agent_[0-9a-f]{8}$/);
  });
});
