import type { Argument, Command } from 'commander';
import {
  listAgents,
  listFlowRuns,
  listFlows,
  listIntegrations,
  listProjects,
  type Nexus,
} from '../../sdks/typescript/src/index.js';
import { misused } from './failure.js';
import { type Act, Shell, type World } from './shell.js';

/** Slower platforms complete no ids. */
const WAITS_MS = 2_000;
const IDS_MAX = 50;

const BASH = `# Completion for bash. In ~/.bashrc: eval "$(nexus completion bash)"
_nexus() {
  local line=\${COMP_LINE:0:COMP_POINT} cur value rest words
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  cur=\${words[\${#words[@]} - 1]}
  COMPREPLY=()
  while IFS=$'\\t' read -r value rest; do
    # Bash splits words at colons, and ids of agents have one.
    [[ $cur == *:* ]] && value=\${value#"\${cur%"\${cur##*:}"}"}
    COMPREPLY+=("$value")
  done < <("\${words[0]}" __complete -- "\${words[@]:1}" 2> /dev/null)
}
complete -o default -F _nexus nexus
`;

const ZSH = `#compdef nexus
# Completion for zsh. In ~/.zshrc, after compinit: eval "$(nexus completion zsh)"
_nexus() {
  local line
  local -a found values shown
  found=("\${(@f)$(\${words[1]} __complete -- "\${(@)words[2,CURRENT]}" 2> /dev/null)}")
  for line in $found; do
    [[ -z $line ]] && continue
    values+=("\${line%%$'\\t'*}")
    shown+=("\${line/$'\\t'/  }")
  done
  if (( \${#values} )); then
    compadd -l -d shown -- $values
  else
    _files
  fi
}
if [[ $funcstack[1] == _nexus ]]; then
  _nexus "$@"
else
  compdef _nexus nexus
fi
`;

const FISH = `# Completion for fish: nexus completion fish > ~/.config/fish/completions/nexus.fish
function __nexus_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l found ($words[1] __complete -- $words[2..-1] 2> /dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c nexus -f -a '(__nexus_complete)'
`;

const SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH };

/** `completion`. The scripts ask `nexus __complete` for what could come next. */
export function addCompletion(program: Command, act: Act): void {
  program
    .command('completion')
    .argument('<shell>', 'bash, zsh or fish')
    .summary('print the completion script of a shell')
    .description(
      'Prints the completion script of a shell. Ids of agents, builds, flows, runs and integrations are completed too.\n\n' +
        '  bash: echo \'eval "$(nexus completion bash)"\' >> ~/.bashrc\n' +
        '  zsh:  echo \'eval "$(nexus completion zsh)"\' >> ~/.zshrc\n' +
        '  fish: nexus completion fish > ~/.config/fish/completions/nexus.fish',
    )
    .action(
      act((shell, name: string) => {
        const script = Object.hasOwn(SCRIPTS, name) ? SCRIPTS[name] : undefined;
        if (script === undefined) throw misused(`There is no completion for ${name}`, 'Shells: bash, zsh, fish');
        shell.screen.write(script);
      }),
    );
}

interface Candidate {
  value: string;
  description: string;
}

/** What can stand in the place of the last word. One candidate a line, with a description after a tab. */
export async function complete(program: Command, words: readonly string[], world: World): Promise<string> {
  const found = await candidates(program, words, world);
  const current = words.at(-1) ?? '';
  return found
    .filter(({ value }) => value.startsWith(current))
    .map(({ value, description }) => `${value}\t${description.split('\n', 1)[0] ?? ''}\n`)
    .join('');
}

async function candidates(program: Command, words: readonly string[], world: World): Promise<Candidate[]> {
  const current = words.at(-1) ?? '';
  const globals: Record<string, string> = {};
  let [command, position] = [program, 0];
  for (let at = 0; at < words.length - 1; at++) {
    const word = words[at] ?? '';
    const [flag] = word.split('=', 1);
    const option = command.options.find(({ short, long }) => flag === short || flag === long);
    if (option) {
      const takesNext = (option.required || option.optional) && !word.includes('=');
      if (takesNext && at + 1 === words.length - 1)
        return (option.argChoices ?? []).map((value) => ({ value, description: '' }));
      if (takesNext) globals[option.attributeName()] = words[++at] ?? '';
    } else if (!word.startsWith('-')) {
      const child = position === 0 ? command.commands.find((one) => one.name() === word) : undefined;
      if (child) command = child;
      else position++;
    }
  }
  if (current.startsWith('-'))
    return command.options
      .filter(({ hidden }) => !hidden)
      .map(({ long, short, description }) => ({ value: long ?? short ?? '', description }));
  const commands = command.commands.map((one) => ({
    value: one.name(),
    description: one.summary() || one.description(),
  }));
  if (position === 0 && commands.length > 0) return commands;
  const argument = command.registeredArguments[position];
  return argument === undefined ? [] : values(argument, new Shell(world, command, globals));
}

/** Ids are asked for with a short patience; what goes wrong completes nothing. */
async function values(argument: Argument, shell: Shell): Promise<Candidate[]> {
  if (argument.name() === 'shell') return Object.keys(SCRIPTS).map((value) => ({ value, description: '' }));
  if (argument.name() === 'mode') return ['on', 'instead', 'off'].map((value) => ({ value, description: '' }));
  const list = LISTS[argument.name()];
  if (!list) return [];
  const late = new Promise<Candidate[]>((resolve) => setTimeout(resolve, WAITS_MS, []).unref());
  const found = Promise.resolve()
    .then(() => list(shell.nexus()))
    .catch(() => []);
  return Promise.race([found, late]);
}

const query = { limit: IDS_MAX };
/** By the name of the argument. */
const LISTS: Readonly<Record<string, (nexus: Nexus) => Promise<Candidate[]>>> = {
  agent: async (nexus) =>
    (await nexus.call(listAgents, { query })).agents.map(({ agent_id, description }) => ({
      value: agent_id,
      description,
    })),
  project: async (nexus) =>
    (await nexus.call(listProjects, { query })).projects.map(({ project_id, project_name, status }) => ({
      value: project_id,
      description: `${project_name}, ${status}`,
    })),
  flow: async (nexus) =>
    (await nexus.call(listFlows, { query })).flows.map(({ flow_id, name }) => ({ value: flow_id, description: name })),
  run: async (nexus) =>
    (await nexus.call(listFlowRuns, { query })).runs.map(({ run_id, status }) => ({
      value: run_id,
      description: status,
    })),
  integration: async (nexus) =>
    (await nexus.call(listIntegrations, { query })).integrations.map(({ integration_id, name }) => ({
      value: integration_id,
      description: name,
    })),
};
