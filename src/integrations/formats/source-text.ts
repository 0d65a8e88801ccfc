import { CORE_SCHEMA, EVENT_ID, load, mergeTag, parseEvents, YAMLException } from 'js-yaml';
import { JsonFaultFinder } from '../../platform/http/json-text.js';
import { expandedSize } from '../../tools/expanded-size.js';
import type { DocumentFault } from '../catalogue/operation.js';

/** Values of one document with every alias written out. The largest published documents have about a million. */
const MAX_VALUES = 4_000_000;
const MAX_DEPTH = 200;
/** Finding the lines of a larger text would take longer than reading it. */
const LINES_MAX_CHARACTERS = 10_000_000;
const FAULTS_MAX = 100;
const MESSAGE_MAX = 300;
/** Of faults that concern the whole text. */
const START = { line: 1, column: 1 };

/** The document cannot be used. It names every fault, at most 100. */
export class DocumentFaults extends Error {
  constructor(
    readonly faults: DocumentFault[],
    readonly total = faults.length,
  ) {
    super(`${total} faults`);
  }
}

/** A text in JSON or YAML. @throws DocumentFaults when it is neither, or too deep or too large when aliases are written out */
export function parseDocument(text: string): unknown {
  const parsed = parse(text);
  if (expandedSize(parsed, MAX_VALUES, MAX_DEPTH) > MAX_VALUES)
    throw new DocumentFaults([
      {
        ...fault('', `has more than ${MAX_VALUES} values with aliases expanded, or more than ${MAX_DEPTH} levels`),
        ...START,
      },
    ]);
  return parsed;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    if (/^\s*[[{]/.test(text)) throw jsonFault(text);
  }
  try {
    return load(text, { schema: CORE_SCHEMA.withTags(mergeTag) });
  } catch (error) {
    const { reason, mark } = error instanceof YAMLException ? error : { reason: String(error), mark: undefined };
    throw new DocumentFaults([
      {
        ...fault('', `is not valid YAML: ${reason}`),
        // At the end of a text the parser may stand before the first column.
        ...(mark ? { line: mark.line + 1, column: Math.max(1, mark.column + 1) } : START),
      },
    ]);
  }
}

function jsonFault(text: string): DocumentFaults {
  const found = JsonFaultFinder.find(text);
  if (!found) return new DocumentFaults([{ ...fault('', 'is not valid JSON'), ...START }]);
  const { line, column, expected } = found;
  const message = `is not valid JSON: expected ${expected}, found ${JSON.stringify(found.found)}`;
  return new DocumentFaults([{ pointer: '', line, column, message }]);
}

export const fault = (pointer: string, message: string): DocumentFault => ({
  pointer,
  line: null,
  column: null,
  message: message.slice(0, MESSAGE_MAX),
});

/** A step of a JSON pointer. */
export const escaped = (step: string | number): string => String(step).replaceAll('~', '~0').replaceAll('/', '~1');

/** The faults with their lines, each once, in the order of the text. */
export function located(text: string, faults: readonly DocumentFault[]): DocumentFaults {
  const unique = [...new Map(faults.map((one) => [`${one.pointer} ${one.message}`, one])).values()];
  const kept = unique.slice(0, FAULTS_MAX);
  if (text.length > LINES_MAX_CHARACTERS) return new DocumentFaults(kept, unique.length);
  const places = placesOf(
    text,
    kept.map(({ pointer }) => pointer),
  );
  const found = kept.map((one, index) => ({ ...one, ...(one.line === null ? lineAt(text, places[index] ?? 0) : {}) }));
  return new DocumentFaults(
    found.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)),
    unique.length,
  );
}

function lineAt(text: string, offset: number): { line: number; column: number } {
  let line = 1;
  let start = 0;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) {
    line++;
    start = at + 1;
  }
  return { line, column: offset - start + 1 };
}

interface Wanted {
  steps: string[];
  offset: number;
}

interface OpenNode {
  isMapping: boolean;
  /** Pointers that lead through this node. */
  wanted: Wanted[];
  /** Of a mapping: the key that was read last. */
  key: { text: string; offset: number } | undefined;
  index: number;
}

/** The offset of each pointer's value, or of the nearest that exists above it. */
function placesOf(text: string, pointers: readonly string[]): number[] {
  const all: Wanted[] = pointers.map((pointer) => ({
    steps: pointer
      .split('/')
      .slice(1)
      .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~')),
    offset: 0,
  }));
  try {
    walk(text, all);
  } catch {
    // The text is JSON that YAML reads otherwise, such as one with tabs: the places found so far count.
  }
  return all.map(({ offset }) => offset);
}

function walk(text: string, all: Wanted[]): void {
  const open: OpenNode[] = [];
  for (const event of parseEvents(text, {})) {
    if (event.type === EVENT_ID.DOCUMENT) continue;
    if (event.type === EVENT_ID.POP) {
      open.pop();
      continue;
    }
    const parent = open.at(-1);
    const start =
      event.type === EVENT_ID.SCALAR
        ? event.valueStart
        : event.type === EVENT_ID.ALIAS
          ? event.anchorStart
          : event.start;
    if (parent?.isMapping && !parent.key) {
      const isText = event.type === EVENT_ID.SCALAR;
      parent.key = { text: isText ? text.slice(event.valueStart, event.valueEnd) : '', offset: start };
      if (!isText && event.type !== EVENT_ID.ALIAS)
        open.push({ isMapping: false, wanted: [], key: undefined, index: 0 });
      continue;
    }
    const step = parent ? (parent.isMapping ? (parent.key?.text ?? '') : String(parent.index++)) : '';
    const depth = open.length - 1;
    const wanted = parent ? parent.wanted.filter(({ steps }) => steps[depth] === step) : all;
    // An empty item has no place of its own: that of its list stays.
    const offset = parent?.key?.offset ?? start;
    if (offset >= 0) for (const one of wanted) one.offset = offset;
    if (parent) parent.key = undefined;
    if (event.type === EVENT_ID.MAPPING || event.type === EVENT_ID.SEQUENCE)
      open.push({ isMapping: event.type === EVENT_ID.MAPPING, wanted, key: undefined, index: 0 });
  }
}
