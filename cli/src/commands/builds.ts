import type { Command } from 'commander';
import { writeFileSync } from 'node:fs';
import {
  controlProject,
  createProject,
  type DataOf,
  deleteProject,
  getProject,
  getProjectArtifact,
  listProjectArtifacts,
  listProjects,
  listProjectStages,
} from '../../../sdks/typescript/src/index.js';
import { CliError, EXIT, failed, misused } from '../failure.js';
import { timeOf } from '../screen.js';
import { type Act, listed, type ListOptions, pageOf, several, type Shell, taken } from '../shell.js';

type Project = DataOf<typeof getProject>;
const PROJECT_ID = /^proj_[0-9A-Z]{26}$/;
const STATES = ['building', 'completed', 'failed', 'paused', 'pending'] as const;

interface BuildOptions {
  name?: string;
  agentName?: string;
  model?: string;
  tag?: string[];
  acceptUnproven?: boolean;
  detach?: boolean;
}

interface ControlOptions {
  reason?: string;
  fromScratch?: boolean;
  fromStage?: string;
}

/** `build` and `projects`. */
export function addBuilds(program: Command, act: Act): void {
  program
    .command('build')
    .argument('<requirement>', 'what the agent should do (- for standard input), or the id of a build to watch')
    .summary('build an agent from one paragraph')
    .description(
      'Builds an agent from one paragraph and shows the six stages live.\n' +
        'The build runs on the platform: Ctrl-C stops watching, and nexus build <project id> watches again.',
    )
    .option('--name <name>', 'name of the project')
    .option('--agent-name <name>', 'name of the agent')
    .option('--model <id>', "model of the agent; the platform's by default")
    .option('--tag <tags>', 'tags, separated by commas', several)
    .option('--accept-unproven', 'deploy even if no requirement is proven')
    .option('-d, --detach', 'print the id and do not wait')
    .action(act(build));
  const projects = program.command('projects').description('Lists and controls builds.');
  listed(projects.command('ls', { isDefault: true }))
    .description('Lists builds, newest first.')
    .option('--status <status>', STATES.join(', '))
    .option('--search <words>', 'search in name and requirement')
    .action(
      act(async (shell, options: ListOptions & { status?: (typeof STATES)[number]; search?: string }) => {
        const query = { ...pageOf(options), status: options.status, search: options.search };
        const rows = await taken(shell.nexus().items(listProjects, { query }), options);
        const columns = [
          { title: 'id', value: (row: (typeof rows)[number]) => row.project_id },
          { title: 'name', value: (row: (typeof rows)[number]) => row.project_name },
          { title: 'status', value: (row: (typeof rows)[number]) => row.status },
          { title: 'progress', value: (row: (typeof rows)[number]) => `${Math.round(row.progress)} %` },
          { title: 'agents', value: (row: (typeof rows)[number]) => row.agents.length },
          { title: 'created', value: (row: (typeof rows)[number]) => timeOf(row.created_at) },
        ];
        shell.screen.list(rows, columns, 'There are no builds. Start one: nexus build "…"');
      }),
    );
  projects
    .command('get')
    .argument('<project>')
    .description('Shows a build.')
    .action(act(async (shell, project_id: string) => show(shell, await read(shell, project_id))));
  projects
    .command('artifacts')
    .argument('<project>')
    .argument('[path]', 'prints this artifact')
    .description('Lists the artifacts of a build, or prints one.')
    .option('-f, --file <path>', 'write the artifact to a file')
    .action(act(artifacts));
  const actions = { pause: 'Pauses a build.', resume: 'Resumes a paused build.', stop: 'Stops a build.' } as const;
  for (const [action, description] of Object.entries(actions) as [keyof typeof actions, string][])
    projects
      .command(action)
      .argument('<project>')
      .description(description)
      .option('--reason <text>', 'reason, stored with the build')
      .action(act((shell, project_id: string, options: ControlOptions) => control(shell, project_id, action, options)));
  projects
    .command('restart')
    .argument('<project>')
    .description('Restarts a completed, failed or stopped build.')
    .option('--reason <text>', 'reason, stored with the build')
    .option('--from-scratch', 'repeat completed stages')
    .option('--from-stage <stage>', 'repeat from this stage on')
    .action(
      act((shell, project_id: string, options: ControlOptions) => control(shell, project_id, 'restart', options)),
    );
  projects
    .command('rm')
    .argument('<project>')
    .description('Deletes a project with its agents, sessions and runs.')
    .option('-y, --yes', 'do not ask')
    .action(
      act(async (shell, project_id: string, { yes }: { yes?: boolean }) => {
        if (!yes && !/^y/i.test(await shell.ask(`Delete ${project_id} with its agents, sessions and runs? [y/N] `)))
          throw new CliError('Nothing was deleted', EXIT.failed);
        const deleted = await shell.nexus().call(deleteProject, { path: { project_id } });
        shell.screen.record(deleted, [['deleted', project_id]]);
      }),
    );
}

async function build(shell: Shell, given: string, options: BuildOptions): Promise<void> {
  const { screen } = shell;
  const nexus = shell.nexus();
  let project_id = given;
  if (!PROJECT_ID.test(given)) {
    const created = await nexus.call(createProject, {
      body: {
        requirement: await shell.text(given, 'The requirement'),
        project_name: options.name,
        agent_name: options.agentName,
        model_id: options.model,
        tags: options.tag,
        accept_unproven: options.acceptUnproven,
      },
    });
    ({ project_id } = created);
    if (options.detach) {
      screen.record(created, [
        ['project', project_id],
        ['watch it', `nexus build ${project_id}`],
      ]);
      return;
    }
  }
  screen.line(`Build ${screen.bold(project_id)}`);
  shell.interrupted = () => {
    screen.note(
      `\nThe build continues. Watch it: nexus build ${project_id}   Stop it: nexus projects stop ${project_id}`,
    );
    return false;
  };
  const project = await watched(shell, project_id);
  shell.interrupted = undefined;
  show(shell, project);
  if (project.status !== 'completed') {
    const { message, suggestion } = project.error_info ?? { message: 'no reason given' };
    throw failed(`The build ended as ${project.status}: ${message}`, suggestion);
  }
  screen.line();
  screen.line(screen.dim(`Talk to it: nexus chat ${project.agents[0] ?? ''}`));
}

/** Shows stages, log and progress until the build has ended. */
async function watched(shell: Shell, project_id: string): Promise<Project> {
  const { screen } = shell;
  const nexus = shell.nexus();
  const bar = screen.progress();
  const { stages, total_stages } = await nexus.call(listProjectStages, { path: { project_id } });
  const nameOf = (stage: string, sub: string | null): string => {
    const found = stages.find(({ stage_name }) => stage_name === stage);
    const name = found ? `${found.stage_number}/${total_stages} ${found.display_name}` : stage;
    return sub === null ? name : `${name}: ${sub.replaceAll('_', ' ')}`;
  };
  let [label, percent, lastEventId] = ['waiting for a slot', 0, ''];
  try {
    // A stream ends with an attempt; a build that was restarted has several.
    for (;;) {
      for await (const { id, event, data } of nexus.buildEvents(project_id, { lastEventId })) {
        lastEventId = id;
        if (event === 'stage') {
          label = nameOf(data.stage_name, data.sub_stage_name);
          if (data.status === 'completed') bar.note(`  ${screen.style('green', '✓')} ${label}`);
          if (data.status === 'failed') bar.note(`  ${screen.style('red', '✗')} ${label}`);
        } else if (event === 'log') bar.note(screen.dim(`      ${data.message}`));
        else if (event === 'progress') percent = data.progress;
        bar.show(percent, label);
      }
      const project = await nexus.call(getProject, { path: { project_id } });
      if (project.status === 'completed' || project.status === 'failed') return project;
    }
  } finally {
    bar.end();
  }
}

const read = (shell: Shell, project_id: string): Promise<Project> =>
  shell.nexus().call(getProject, { path: { project_id } });

function show({ screen }: Shell, project: Project): void {
  const { coverage, build_summary: summary, error_info } = project;
  const seconds = summary.total_duration_seconds;
  const figures = `${summary.model ?? 'no model'}, ${summary.input_tokens} tokens in, ${summary.output_tokens} out`;
  screen.record(project, [
    ['project', `${project.project_name} (${project.project_id})`],
    ['status', `${project.status}, ${Math.round(project.progress)} %`],
    ['agents', project.agents.join('\n')],
    ['built', seconds === null ? undefined : `in ${seconds} s by ${figures}`],
    ['cost', summary.cost === null ? undefined : `${summary.cost} USD`],
    ['coverage', coverage && `${coverage.proven} of ${coverage.total} requirements are proven by acceptance examples`],
    ['warning', coverage?.warning],
    ['error', error_info && `${error_info.code}: ${error_info.message}`],
  ]);
}

async function artifacts(
  shell: Shell,
  project_id: string,
  path: string | undefined,
  { file }: { file?: string },
): Promise<void> {
  const nexus = shell.nexus();
  if (path === undefined) {
    if (file !== undefined) throw misused('--file needs the path of an artifact');
    const { artifacts: rows } = await nexus.call(listProjectArtifacts, { path: { project_id } });
    const columns = [
      { title: 'path', value: (row: (typeof rows)[number]) => row.path },
      { title: 'stage', value: (row: (typeof rows)[number]) => row.stage_name },
      { title: 'bytes', value: (row: (typeof rows)[number]) => row.size_bytes },
    ];
    shell.screen.list(rows, columns, 'The build has no artifacts yet.');
    return;
  }
  const artifact = await nexus.call(getProjectArtifact, { path: { project_id, path } });
  if (file !== undefined) {
    writeFileSync(file, artifact.content);
    shell.screen.line(`Wrote ${file}`);
  } else if (shell.screen.isTable) shell.screen.write(`${artifact.content.replace(/\n$/, '')}\n`);
  else shell.screen.document(artifact);
}

async function control(
  shell: Shell,
  project_id: string,
  action: 'pause' | 'resume' | 'stop' | 'restart',
  { reason, fromScratch, fromStage }: ControlOptions,
): Promise<void> {
  const from_stage = fromStage as 'orchestrator' | undefined;
  const body = { action, reason, from_scratch: fromScratch, from_stage };
  const controlled = await shell.nexus().call(controlProject, { path: { project_id }, body });
  shell.screen.record(controlled, [
    ['project', project_id],
    ['status', controlled.status],
  ]);
}
