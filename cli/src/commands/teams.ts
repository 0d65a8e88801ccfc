import type { Command } from 'commander';
import {
  editAgentDefinition,
  getAgentDefinition,
  type InputOf,
  type Nexus,
} from '../../../sdks/typescript/src/index.js';
import { misused } from '../failure.js';
import { agentIdOf } from '../runs.js';
import type { Act, Shell } from '../shell.js';

type Member = NonNullable<InputOf<typeof editAgentDefinition>['body']['team']>[number];

/** `teams`. A team is a part of an agent's definition; each change makes a new version. */
export function addTeams(program: Command, act: Act): void {
  const teams = program.command('teams').description('Members that an agent supervises and calls as tools.');
  teams
    .command('get', { isDefault: true })
    .argument('<agent>')
    .description('Shows the team of an agent. With -o yaml, it is printed as apply reads it.')
    .action(
      act(async (shell, given: string) => {
        const nexus = shell.nexus();
        const { definition } = await nexus.call(getAgentDefinition, {
          path: { agent_id: await agentIdOf(nexus, given) },
        });
        showTeam(shell, definition.team ?? []);
      }),
    );
  teams
    .command('apply')
    .argument('<agent>')
    .requiredOption('-f, --file <path>', 'JSON or YAML: the list of all members; - for standard input')
    .description('Replaces the team of an agent. The agent gets a new version.')
    .action(
      act(async (shell, given: string, { file }: { file: string }) => {
        const team = await shell.document(file);
        if (!Array.isArray(team) || team.length === 0)
          throw misused(`${file} does not contain a list of members`, 'nexus teams rm removes a team.');
        await replaceTeam(shell, given, team as Member[]);
      }),
    );
  teams
    .command('rm')
    .argument('<agent>')
    .description('Removes the team of an agent, which then works alone. The agent gets a new version.')
    .action(act(async (shell, given: string) => replaceTeam(shell, given, [])));
}

/** Refused by the platform when the agent changes between the reading and the edit. */
async function replaceTeam(shell: Shell, given: string, team: Member[]): Promise<void> {
  const nexus: Nexus = shell.nexus();
  const path = { agent_id: await agentIdOf(nexus, given) };
  const { revision } = await nexus.call(getAgentDefinition, { path });
  const agent = await nexus.call(editAgentDefinition, { path, body: { revision, team } });
  shell.screen.record(agent, [
    ['agent', agent.agent_id],
    ['version', agent.version],
    ['members', team.map(({ name }) => name).join(', ') || 'none'],
  ]);
}

function showTeam(shell: Shell, team: readonly Member[]): void {
  const columns = [
    { title: 'name', value: ({ name }: Member) => name },
    { title: 'model', value: ({ model_id }: Member) => model_id ?? "the agent's" },
    { title: 'tools', value: ({ tools = [] }: Member) => tools.map(({ name }) => name).join(', ') },
    { title: 'documents', value: ({ documents }: Member) => documents?.join(', ') ?? 'all' },
    { title: 'description', value: ({ description }: Member) => description },
  ];
  shell.screen.list(team, columns, 'The agent has no team.');
}
