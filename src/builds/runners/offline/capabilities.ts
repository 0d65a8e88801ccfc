import { actionVerb } from './inflection.js';
import { forbids } from './rules.js';
import type { Capability, Role } from './requirement-profile.js';
import { clip, withoutEnd } from './sentences.js';
import { AGENT_NOUNS, LEAD_VERBS } from './word-lists.js';

const AGENT = AGENT_NOUNS.join('|');
/** "Build a travel agent that …": what stands before the agent's task. */
const PREAMBLE = new RegExp(
  `^.*?\\b(?:${AGENT})s?\\b(?:\\s+(?:named|called)\\s+[^\\s,]+)?[\\s,]*(?:for\\s+[^,]*?\\s+)?(?:that|which|who|to|can|should|must|will)\\b`,
  'i',
);
const SUBJECT =
  /^(?:it|they|the (?:agent|assistant|bot|chatbot))\s+(?:also\s+)?(?:should|must|can|will|needs? to|has to|is able to)?\s*(?:be able to\s+)?/i;
const CLAUSE_END = /\s*[,;:]\s+(?:and\s+|or\s+|then\s+)?|\s+(?:and then|and also|as well as|and|then)\s+/i;
const ASKS_FOR_AGENTS = new RegExp(`\\b(?:${AGENT}|team|system)s?\\b`, 'i');
const DESCRIBES_COOPERATION = /^\s*(?:they\s+)?(?:work|hand|pass)\b.*\b(?:together|over|on)\b/i;
const MAX_CAPABILITIES = 12;

/** What the agent is asked to do, clause by clause; at least one, so that every requirement leads to an agent. */
export function capabilitiesOf(sentences: readonly string[], hasFacts: boolean): Capability[] {
  const found = new Map<string, Capability>();
  for (const sentence of sentences) {
    for (const capability of inSentence(sentence)) {
      const key = capability.text.toLowerCase();
      if (!found.has(key)) found.set(key, capability);
    }
  }
  const capabilities = [...found.values()].slice(0, MAX_CAPABILITIES);
  if (capabilities.length > 0) return capabilities;
  return hasFacts ? [{ verb: 'answer', text: 'answer questions from the given facts' }] : [asWritten(sentences)];
}

/** What each role does, in the base form of its verb: "drafts the article" → "draft the article". */
export function capabilitiesOfRoles(roles: readonly Role[]): Capability[] {
  return roles.map(({ responsibility }) => {
    const [first = '', ...rest] = responsibility.split(/\s+/);
    const verb = actionVerb(first) ?? first.toLowerCase();
    return { verb, text: [verb, ...rest].join(' ') };
  });
}

function inSentence(sentence: string): Capability[] {
  const body = withoutEnd(sentence).replace(PREAMBLE, '').replace(SUBJECT, '').trim();
  const capabilities: Capability[] = [];
  for (const clause of body.split(CLAUSE_END)) {
    const isListItem = capabilities.length > 0 && !/\s/.test(clause.trim());
    const capability = isListItem ? undefined : inClause(clause);
    if (capability) capabilities.push(capability);
    else appendTo(capabilities, clause);
  }
  return capabilities.map(({ verb, text }) => ({ verb, text: clip(text, 120) }));
}

/** A clause without a verb, or of one word, belongs to the one before: "answers questions about orders, returns and invoices". */
function appendTo(capabilities: Capability[], clause: string): void {
  const last = capabilities.at(-1);
  const words = clause.trim().split(/\s+/).length;
  if (last && clause.trim() !== '' && words <= 5) last.text = `${last.text}, ${clause.trim()}`;
}

function inClause(clause: string): Capability | undefined {
  if (forbids(clause) || DESCRIBES_COOPERATION.test(clause)) return undefined;
  const words = clause.trim().split(/\s+/);
  const namesAThing = /^(?:an?|the)$/i.test(words[0] ?? '');
  for (const [index, word] of words.slice(0, 6).entries()) {
    const bare = word.replace(/[^\p{L}'-]/gu, '');
    const verb = actionVerb(bare);
    const isTask =
      verb !== undefined && !isNoun(bare, words[index - 1], words[index + 1]) && (!namesAThing || /ing$/i.test(bare));
    if (!isTask) continue;
    const rest = words.slice(index + 1).join(' ');
    if (rest === '' && (/ing$/i.test(bare) || index > 0)) continue;
    if (LEAD_VERBS.has(verb) && ASKS_FOR_AGENTS.test(rest)) return undefined;
    return { verb, text: rest === '' ? verb : `${verb} ${rest}` };
  }
  return undefined;
}

/** "the report", "about returns" and "answers should" name things, not tasks; "for scheduling" is a task. */
function isNoun(word: string, before: string | undefined, after: string | undefined): boolean {
  if (after !== undefined && /^(?:should|must|can|will|may|is|are|be|has|have)$/i.test(after)) return true;
  if (before === undefined) return false;
  if (/^(?:an?|the|their|its|his|her|my|your|our|this|each|every)$/i.test(before)) return true;
  return /^(?:of|about|for|on|in|with|per|by|from|into|without)$/i.test(before) && !/ing$/i.test(word);
}

function asWritten(sentences: readonly string[]): Capability {
  return { verb: 'handle', text: `handle requests as described: ${clip(withoutEnd(sentences[0] ?? ''), 90)}` };
}
