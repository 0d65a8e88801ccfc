import type { Fact } from './requirement-profile.js';
import { withoutEnd } from './sentences.js';
import { STOP_WORDS } from './word-lists.js';

const LABEL = /^(?:facts?|knowledge|background|faq|note|info(?:rmation)?)\s*:\s*/i;
const STATEMENT =
  /^(.{2,80}?)\s+(is|are|costs?|opens?|closes?|accepts?|takes?|lasts?|offers?|includes?|ships?|delivers?|charges?|gets?|receives?|has|have|lies|starts?|ends?)\s+(.{2,})$/i;
const SPEAKS_OF_THE_AGENT =
  /\b(?:agent|assistant|chat ?bot|bot|it|its|they|he|she|you|i|this|that|there|which|who|users?|answers?|repl(?:y|ies)|responses?|output|input|goal|purpose|task|tone|style|language)\b/i;
const WISH = /\b(?:should|must|need|needs|want|wants|can|could|will|would|shall|may|please|never|always|if|when)\b/i;
const SPECIFIC = /\d|@|https?:|\p{Lu}\p{L}+|"|“/u;

/** Sentences that state something about the world of the user, such as "Our opening hours are Monday to Friday, 9 to 17." */
export function factsOf(sentences: readonly string[]): Fact[] {
  return sentences.map(factOf).filter((fact): fact is Fact => fact !== undefined);
}

function factOf(sentence: string): Fact | undefined {
  const statement = sentence.replace(LABEL, '');
  const [, subject, verb, predicate] = STATEMENT.exec(withoutEnd(statement)) ?? [];
  if (subject === undefined || verb === undefined || predicate === undefined) return undefined;
  const ours = /^(?:our|we|my)\b/i.test(subject);
  if (SPEAKS_OF_THE_AGENT.test(subject) || WISH.test(`${subject} ${verb} ${predicate.slice(0, 30)}`)) return undefined;
  if (!ours && !SPECIFIC.test(predicate)) return undefined;
  const key = keyOf(predicate, subject);
  return key === undefined ? undefined : { statement, question: questionAbout(subject, verb), key };
}

function questionAbout(subject: string, verb: string): string {
  const addressed = subject.replace(/^(?:our|my)\b/i, 'your').replace(/^we\b/i, 'you');
  if (addressed === 'you') return `What do you ${verb.toLowerCase().replace(/s$/, '')}?`;
  const topic = addressed.replace(/^(?:The|An?|\p{Lu}\p{Ll}+s)\b/u, (word) => word.toLowerCase());
  const known = /^(?:your|the)\b/i.test(topic) && /^(?:is|are)$/i.test(verb);
  return known ? `What ${verb.toLowerCase()} ${topic}?` : `What can you tell me about ${topic}?`;
}

/** The most telling word: a number first, then a proper noun, then the longest word that is not in the subject. */
function keyOf(predicate: string, subject: string): string | undefined {
  const words = (predicate.match(/[\p{L}\p{N}][\p{L}\p{N}@.:/-]*[\p{L}\p{N}]|[\p{L}\p{N}]/gu) ?? []).filter(
    (word) => !subject.toLowerCase().includes(word.toLowerCase()) && !STOP_WORDS.has(word.toLowerCase()),
  );
  const number = words.find((word) => /\d/.test(word));
  const proper = words.find((word) => /^\p{Lu}/u.test(word) && word.length > 2);
  const longest = [...words].sort((a, b) => b.length - a.length)[0];
  const key = number ?? proper ?? longest;
  return key === undefined || (key.length < 3 && number === undefined) ? undefined : key;
}
