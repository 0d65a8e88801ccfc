import { Command, CommanderError, Option } from 'commander';
import { addAgents } from './commands/agents.js';
import { addBuilds } from './commands/builds.js';
import { addFlows } from './commands/flows.js';
import { addIntegrations } from './commands/integrations.js';
import { addPlatform } from './commands/platform.js';
import { addSignIn } from './commands/sign-in.js';
import { addTeams } from './commands/teams.js';
import { addCompletion, complete } from './completion.js';
import { EXIT, exitCodeOf, type ExitCode, recordOf, textOf } from './failure.js';
import { FORMATS } from './screen.js';
import { type Act, type GlobalOptions, Interrupted, Shell, type World } from './shell.js';
import { VERSION } from './target.js';

const GLOBAL_OPTIONS = [
  new Option('-o, --output <format>', 'table, json or yaml').choices(FORMATS),
  new Option('--json', 'the same as --output json'),
  new Option('--profile <name>', 'profile of the config file (NEXUS_PROFILE)'),
  new Option('--url <address>', 'URL of the platform (NEXUS_URL)'),
  new Option('--api-key <key>', 'API key or access token (NEXUS_API_KEY)'),
  new Option('--allow-http', 'send the key over plain http to another machine (NEXUS_ALLOW_HTTP)'),
];
const NAMES = ['output', 'json', 'profile', 'url', 'apiKey', 'allowHttp'] as const;

const ABOUT = `The command line of Nexus, the control plane for AI agents.

  nexus login                                 sign in to a platform
  nexus build "A support assistant for …"     build an agent from one paragraph
  nexus chat <agent>                          talk to it`;

/**
 * Runs one command line and reports its failure on standard error.
 * @param words without the name of the program
 * @param started is called with the shell of the command that runs
 * @returns the exit code
 */
export async function run(
  words: readonly string[],
  world: World,
  started: (shell: Shell) => void = () => undefined,
): Promise<ExitCode> {
  let shell: Shell | undefined;
  const program = nexusProgram(world, (one) => started((shell = one)));
  try {
    if (words[0] === '__complete') world.stdout.write(await complete(program, words.slice(2), world));
    else if (words.length === 0) program.outputHelp();
    else await program.parseAsync(words, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof Interrupted) {
      world.stderr.write('\n');
      return EXIT.interrupted;
    }
    const isJson = shell?.screen.format === 'json';
    // Commander has printed its own errors.
    if (!(error instanceof CommanderError))
      world.stderr.write(isJson ? `${JSON.stringify({ error: recordOf(error) })}\n` : `${textOf(error)}\n`);
    return exitCodeOf(error);
  }
}

/**
 * All commands.
 * @param started is called with the shell of the command that runs
 */
export function nexusProgram(world: World, started: (shell: Shell) => void = () => undefined): Command {
  const program = new Command('nexus')
    .description(ABOUT)
    .version(VERSION, '-V, --version')
    .helpCommand(false)
    .showHelpAfterError('Run with --help for the options.')
    .configureOutput({
      writeOut: (text) => world.stdout.write(text),
      writeErr: (text) => world.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, '')),
    });
  const act: Act =
    (run) =>
    async (...given) => {
      const command = given.at(-1) as Command;
      refuseExcess(command);
      const shell = new Shell(world, command, globalsOf(command));
      started(shell);
      await run(shell, ...(given.slice(0, -1) as never));
    };
  addSignIn(program, act);
  addBuilds(program, act);
  addAgents(program, act);
  addTeams(program, act);
  addFlows(program, act);
  addIntegrations(program, act);
  addPlatform(program, act);
  addCompletion(program, act);
  addGlobals(program);
  return program;
}

/** A word too many after a group of commands is a command that the group does not have. */
function refuseExcess({ args, registeredArguments, parent }: Command): void {
  const extra = args[registeredArguments.length];
  if (extra === undefined || !parent) return;
  const names = parent.commands.map((one) => one.name()).join(', ');
  parent.error(parent.parent ? `unknown command '${extra}'. Commands: ${names}` : `too many arguments: '${extra}'`);
}

/** Every command takes the options that all share, before and after its name. */
function addGlobals(command: Command): void {
  command.exitOverride().enablePositionalOptions().allowExcessArguments();
  if (command.parent) command.optionsGroup('Options of every command:');
  for (const option of GLOBAL_OPTIONS) {
    const isTaken = option.short !== undefined && command.options.some(({ short }) => short === option.short);
    const own = new Option(isTaken ? option.flags.replace(/^-\w, /, '') : option.flags, option.description);
    command.addOption(option.argChoices ? own.choices(option.argChoices) : own);
  }
  for (const child of command.commands) addGlobals(child);
}

/** What is given nearest to the end of the command line wins. */
function globalsOf(command: Command): GlobalOptions {
  const found: Record<string, unknown> = {};
  for (let at: Command | null = command; at; at = at.parent) {
    const given = at.opts<Record<string, unknown>>();
    for (const name of NAMES) if (at.getOptionValueSource(name) === 'cli') found[name] ??= given[name];
  }
  return found;
}
