// The ten examples of a client's README: its first block of code, unchanged. Each client's output must contain what EXAMPLES lists, in
// this order.
import { readFileSync } from 'node:fs';

const EXAMPLES = [
  { title: /^Sign in with a key\./, prints: /^admin@nexus\.test$/m },
  { title: /^Build an agent and watch it\. /, prints: /^100$/m },
  { title: /^List, page by page\.$/, prints: /^.*calculator.*$/im },
  { title: /^Ask an agent\.$/, prints: /^.*69,104.*$/m },
  { title: /^Ask in the background, and follow the run\.$/, prints: /^.*4[^]*?^success$/m },
  { title: /^Hold a conversation in a session\.$/, prints: /^user What is 15% of 80\?\nassistant .*12.*$/m },
  { title: /^Publish a flow, run it, wait for it\.$/, prints: /^Hello Ada$/m },
  { title: /^Import an API and call it through its mock\.$/, prints: /^200 .+$/m },
  { title: /^Errors (?:are|have) /, prints: /^RESOURCE_NOT_FOUND .+ req_\w+$/m },
  { title: /^Read the events after the last one seen\.$/, prints: /^2 step\.completed\n3 run\.ended$/m },
];

/** The program in a README. @throws Error unless it has the ten examples, each once and in order */
export function programOf(readme) {
  const [, program = ''] = /^## Ten examples\n\n```\w+\n([^]*?)^```$/m.exec(readFileSync(readme, 'utf8')) ?? [];
  const titles = [...program.matchAll(/^\s*(?:\/\/|#) (\d+)\. (.+)$/gm)];
  const isComplete =
    titles.length === EXAMPLES.length &&
    titles.every(([, number, title], index) => Number(number) === index + 1 && EXAMPLES[index].title.test(title));
  if (!isComplete) throw new Error(`${readme} has other examples: ${titles.map(([line]) => line.trim()).join('; ')}`);
  return program;
}

/** @throws Error that names the first example whose output is missing */
export function expectPrinted(output) {
  let rest = output;
  for (const [index, { prints }] of EXAMPLES.entries()) {
    const found = prints.exec(rest);
    if (!found) throw new Error(`example ${index + 1} printed nothing like ${prints}, but:\n${rest}`);
    rest = rest.slice(found.index + found[0].length);
  }
}
