import { terms } from '../../platform/search/document-index.js';
import { actionVerb, AGENT_NOUNS, clip, isEnglish, LEAD_VERBS, sentencesOf, STOP_WORDS, withoutEnd } from './words.js';

export type Intent = 'new_project' | 'existing_project' | 'unclear';

/** A task of the agent. */
export interface Capability {
  verb: string;
  /** The clause from its verb on: "answer questions about opening hours". */
  text: string;
}

export interface Limit {
  text: string;
  bound: 'at_most' | 'at_least' | 'exactly';
  value: number;
  unit: string;
}

export interface Fact {
  /** The sentence as it was written. */
  statement: string;
  /** A question that the statement answers. */
  question: string;
  /** A word of the statement that a right answer has to repeat. */
  key: string;
}

export interface Role {
  name: string;
  responsibility: string;
}

/** What rules can read from the text of a requirement. */
export interface RequirementProfile {
  text: string;
  sentences: string[];
  intent: Intent;
  /** "customer support assistant" */
  subject: string;
  audience: string;
  capabilities: Capability[];
  entities: string[];
  limits: Limit[];
  tone: string[];
  /** Sentences that oblige or forbid. */
  rules: string[];
  facts: Fact[];
  /** Cooperating roles: none, or at least two. */
  roles: Role[];
  category: string;
  slug: string;
}

const AGENT = AGENT_NOUNS.join('|');
/** "Build a travel agent that …": what stands before the agent's task. */
const PREAMBLE = new RegExp(
  `^.*?\\b(?:${AGENT})s?\\b(?:\\s+(?:named|called)\\s+[^\\s,]+)?[\\s,]*(?:for\\s+[^,]*?\\s+)?(?:that|which|who|to|can|should|must|will)\\b`,
  'i',
);
const SUBJECT =
  /^(?:it|they|the (?:agent|assistant|bot|chatbot))\s+(?:also\s+)?(?:should|must|can|will|needs? to|has to|is able to)?\s*(?:be able to\s+)?/i;
const CLAUSE_END = / ?[,;:] (?:and |or |then )?| (?:and then|and also|as well as|and|then) /i;
const ASKS_FOR_AGENTS = new RegExp(`\\b(?:${AGENT}|team|system)s?\\b`, 'i');
const DESCRIBES_COOPERATION = /^\s*(?:they\s+)?(?:work|hand|pass)\b.*\b(?:together|over|on)\b/i;
const MAX_CAPABILITIES = 12;
/** The task of a requirement that states facts and no other task. */
export const FROM_FACTS = 'answer questions from the given facts';

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
  if (!hasFacts) return [asWritten(sentences)];
  const answering = { verb: 'answer', text: FROM_FACTS };
  return describesOtherWork(sentences.join(' ')) ? [asWritten(sentences), answering] : [answering];
}

const ANSWERS_ABROAD =
  /beantwort|fragen|auskunft|kundendienst|répond|question|renseign|respond|pregunt|pergunt|informa|отвеча|вопрос|справоч|поддержк|回答|问题|咨询|客服|导览|يجيب|أسئلة|خدمة العملاء/iu;
const NAME_MAX_WORDS = 8;

/** A text in another language that asks for more than answers: it has a description beyond a name such as "Un agent pour le musée". */
function describesOtherWork(asked: string): boolean {
  if (ANSWERS_ABROAD.test(asked)) return false;
  const words = [...new Intl.Segmenter('und', { granularity: 'word' }).segment(asked)].filter((one) => one.isWordLike);
  return !isEnglish(asked) && words.length > NAME_MAX_WORDS;
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
  const described = clip(withoutEnd(sentences[0] ?? ''), 90);
  return { verb: 'handle', text: described === '' ? 'handle requests' : `handle requests as described: ${described}` };
}

const SEVERAL =
  /\b(?:multi-?agent|multiple agents|several agents|(?:two|three|four|five|[2-9]) (?:\w+ )?agents|team(?: of|:)|supervisors?|specialists?|agents? (?:that )?(?:cooperate|collaborate|work together)|hands? (?:it |them |over |off )|passes? (?:it|them|the)\b)/i;
/** "Build a support team for …" */
const OPENS_WITH_TEAM = /^(?:[a-z]{1,12}\s){0,3}?an?\s(?:[\w-]{1,30}\s){0,2}team\b/i;
/** "a researcher who finds sources", "one writer agent that drafts" */
const ROLE =
  /\b(?:an?|one|another|the|first|second|third)\s+((?:[a-z-]+\s){0,2}?[a-z-]{3,}) ?(?:(?:agent|bot|assistant) ?)?(?:\(([^)]{5,120})\)|(?:that|who|which|to)\s+([a-z][^,;.]{4,120}?))(?=[,;.]|\s+and\s+(?:an?|one|another|the)\b|$)/gi;
const NOT_A_ROLE =
  /\b(?:team|system|multi|agents?|supervisor|coordinator|orchestrator|user|customer|person|one|way|tool|page|list|question|request|product)s?$/i;
const MAX_ROLES = 6;
/** "a team of a researcher, a writer and a reviewer" */
const LISTED = /\bteam of\s([^.;:]{5,200})/i;
const LIST_END = /\s(?:that|who|which|to|for|with|working|where|each)\b.*$/i;
const LISTED_ROLE = /^(?:an?|one|the)\s((?:[a-z-]{1,30}\s){0,2}[a-z-]{3,30})$/i;
/** "a supervisor that hands to billing and shipping specialists" */
const TOPICS =
  /\b(?:hands?|routes?|delegates?|passes|forwards?|assigns?|gives?)\b[^.;]{0,60}?\bto\s(?:an?\s|the\s|its\s)?((?:[a-z-]{2,30}(?:,\s(?:and\s)?|\sand\s)){1,6}[a-z-]{2,30})\s(?:specialist|agent|expert|assistant)s?\b/i;
const LIST_COMMA = /,\s(?:and\s)?|\sand\s/i;

/** Cooperating roles when the text clearly describes at least two of them; otherwise none. */
export function rolesOf(sentences: readonly string[]): Role[] {
  const text = sentences.map(withoutEnd).join('. ');
  if (!SEVERAL.test(text) && !OPENS_WITH_TEAM.test(text)) return [];
  const roles = new Map<string, Role>();
  for (const [, name, inBrackets, clause] of text.matchAll(ROLE)) {
    const responsibility = (inBrackets ?? clause ?? '').trim();
    const role = (name ?? '').trim().toLowerCase();
    const startsWithAction = actionVerb(responsibility.split(/\s+/)[0] ?? '') !== undefined;
    if (role === '' || NOT_A_ROLE.test(role) || !startsWithAction || roles.has(role)) continue;
    roles.set(role, { name: role, responsibility: clip(responsibility, 120) });
  }
  const found = roles.size >= 2 ? [...roles.values()] : listedRoles(text);
  return found.length >= 2 ? found.slice(0, MAX_ROLES) : [];
}

/** Roles that are only named, without what each does. */
function listedRoles(text: string): Role[] {
  const topics = TOPICS.exec(text)?.[1]?.toLowerCase().split(LIST_COMMA) ?? [];
  if (topics.length > 0)
    return [...new Set(topics)].map((topic) => ({
      name: `${topic} specialist`,
      responsibility: `answers questions about ${topic}`,
    }));
  const listed = (LISTED.exec(text)?.[1] ?? '').replace(LIST_END, '').split(LIST_COMMA);
  const names = listed.map((one) => LISTED_ROLE.exec(one.trim())?.[1]?.toLowerCase());
  if (names.includes(undefined)) return [];
  return [...new Set(names)].flatMap((name) =>
    name === undefined ? [] : [{ name, responsibility: `works as the ${name}` }],
  );
}

const TOPIC_WORD = /\p{L}{4,}/gu;
const topicWords = (text: string): string[] =>
  (text.toLowerCase().match(TOPIC_WORD) ?? [])
    .filter((word) => !STOP_WORDS.has(word))
    .map((word) => word.replace(/(?:s|es|ing|ed)$/u, ''));

/** The role whose name and duty share most words with a text; undefined when none shares any. */
export function roleFor(text: string, roles: readonly Role[]): Role | undefined {
  const words = new Set(topicWords(text));
  let best: Role | undefined;
  let most = 0;
  for (const role of roles) {
    const shared = new Set(topicWords(`${role.name} ${role.responsibility}`).filter((word) => words.has(word))).size;
    if (shared > most) [best, most] = [role, shared];
  }
  return best;
}

const LABEL = /^(?:facts?|knowledge|background|faq|note|info(?:rmation)?)\s*:\s*/i;
const STATEMENT =
  /^(.{2,80}?) (is|are|costs?|opens?|closes?|accepts?|takes?|lasts?|offers?|includes?|ships?|delivers?|charges?|gets?|receives?|has|have|lies|starts?|ends?) (.{2,})$/i;
const SPEAKS_OF_THE_AGENT =
  /\b(?:agent|assistant|chat ?bot|bot|it|its|they|he|she|you|i|this|that|there|which|who|users?|answers?|repl(?:y|ies)|responses?|output|input|goal|purpose|task|tone|style|language)\b/i;
const WISH = /\b(?:should|must|need|needs|want|wants|can|could|will|would|shall|may|please|never|always|if|when)\b/i;
const SPECIFIC = /\d|@|https?:|\p{Lu}\p{L}+|"|“/u;

/** Statements about the user's world, such as "Our opening hours are Monday to Friday, 9 to 17." */
export function factsOf(sentences: readonly string[]): Fact[] {
  return sentences.map((sentence) => factOf(sentence) ?? figureOf(sentence)).filter((fact) => fact !== undefined);
}

const ABOUT_THE_AGENT =
  /\b(?:agents?|assistants?|chat ?bots?|bots?|copilot|tutor|calculator|guide|helper|users?|answers?|repl(?:y|ies)|responses?|outputs?)\b|assist|agente|helfer|antwort|répon|respuest|respost|помощник|агент|калькулятор|ответ|助手|客服|助理|回答|مساعد|وكيل|إجاب/iu;
const WISH_ABROAD =
  /\b(?:soll|muss|müss|darf|dürf|doi[st]|devr|debe|deve)\p{L}*|долж|нужно|нельзя|必须|应该|不要|不得|يجب|ينبغي/iu;
const FIGURE = /\p{N}[\p{N}.,:/-]*\p{N}|\p{N}/u;

/** What the requirement says of the user's world: its sentences without those that describe the agent and state no figure. */
export function knowledgeIn(sentences: readonly string[]): string[] {
  return sentences.filter((sentence) => !ABOUT_THE_AGENT.test(sentence) || FIGURE.test(sentence));
}

/** A sentence in any language that states a figure. Its question is the sentence with a gap in the place of the figure. */
function figureOf(sentence: string): Fact | undefined {
  const statement = sentence.replace(LABEL, '');
  const key = FIGURE.exec(statement)?.[0];
  const isWish = WISH.test(statement) || WISH_ABROAD.test(statement) || ABOUT_THE_AGENT.test(statement);
  if (key === undefined || isWish || inSentence(statement).length > 0 || !/\p{L}{4}|\p{Script=Han}{2}/u.test(statement))
    return undefined;
  return { statement, question: `${withoutEnd(statement).replace(FIGURE, '…').slice(0, 400)}?`, key };
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

/** The most specific word: a number first, then a proper noun, then the longest word that is not in the subject. */
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

const UNITS =
  'percent|%|words?|characters?|sentences?|lines?|pages?|bullet points?|paragraphs?|items?|questions?|suggestions?|options?|examples?|seconds?|minutes?|hours?|days?|weeks?|months?|years?|requests?|users?|euros?|dollars?|eur|usd|€|\\$|kg|km|degrees?';
const AT_MOST =
  'at most|no more than|not more than|up to|maximum(?: of)?|max\\.?|within|under|less than|fewer than|below';
const AT_LEAST = 'at least|no less than|minimum(?: of)?|min\\.?|more than|over';
const LIMIT = new RegExp(
  `(?:\\b(${AT_MOST})\\s+|\\b(${AT_LEAST})\\s+|\\b(?:exactly\\s+)?)([€$]?)(\\d{1,9}(?:[.,]\\d{1,6})?)\\s*-?\\s*(${UNITS})?(?![\\p{L}\\d])`,
  'giu',
);

/** Numbers with a bound or a unit: "at most 100 words", "within 2 seconds", "3 suggestions". */
export function limitsOf(sentences: readonly string[]): Limit[] {
  const limits: Limit[] = [];
  for (const match of sentences.join('\n').matchAll(LIMIT)) {
    const [text, atMost, atLeast, currency, digits, unit] = match;
    if (atMost === undefined && atLeast === undefined && unit === undefined) continue;
    limits.push({
      text: text.trim(),
      bound: atMost !== undefined ? 'at_most' : atLeast !== undefined ? 'at_least' : 'exactly',
      value: Number(digits?.replace(',', '.')),
      unit: (unit ?? currency ?? '').toLowerCase(),
    });
  }
  return limits.slice(0, 10);
}

const OBLIGES_OR_FORBIDS =
  /\b(?:must|never|always|only|do not|don't|does not|doesn't|should not|shouldn't|may not|cannot|can't|refuse|avoid|forbidden|not allowed|required to|make sure|ensure)\b/i;
const ASKS_FOR_THE_AGENT = /\b(?:build|create|develop|design)\b.*\b(?:agent|assistant|bot|chatbot)\b/i;

/** The sentences that oblige or forbid something, as they were written. */
export function rulesOf(sentences: readonly string[]): string[] {
  return sentences
    .filter((sentence) => OBLIGES_OR_FORBIDS.test(sentence) && !ASKS_FOR_THE_AGENT.test(sentence))
    .slice(0, 15);
}

export function forbids(rule: string): boolean {
  return /\b(?:never|not|don't|doesn't|shouldn't|cannot|can't|refuse|avoid|forbidden)\b/i.test(rule);
}

const PROHIBITION =
  /^(?:never|do not|don't|avoid|(?:it|the agent) (?:must not|must never|should not|should never|may not))\b/i;

/** The requirement without its facts and prohibitions: "The Alpha costs 199 euros" does not ask for a calculator. */
export function wishesIn(requirement: string): string {
  const sentences = sentencesOf(requirement);
  const facts = factsOf(sentences);
  return sentences
    .filter((sentence) => !PROHIBITION.test(sentence) && !facts.some((fact) => sentence.endsWith(fact.statement)))
    .join('\n');
}

/** Words that say that a statement is new. They are no part of its subject. */
const NEWLY =
  /(?<!\p{L})(?:now|from now on|instead|jetzt|nun|ab sofort|neu|désormais|maintenant|dorénavant|ahora|desde ahora|agora|doravante|теперь|отныне|الآن)(?!\p{L})|现在|改为/giu;

/**
 * The requirement, which ends with its changes, without the statements that a later change replaces: "Our opening hours
 * are 8 to 4" when the change says "Opening hours are now 9 to 5". A change about Sundays only replaces nothing
 * about all days.
 */
export function withoutReplaced(requirement: string, changes: readonly string[]): string {
  if (changes.length === 0) return requirement;
  const base = requirement.slice(0, -['', ...changes].join('\n\n').length);
  return changes.reduce((text, change) => {
    const kept = sentencesOf(change).reduce(withoutOlder, sentencesOf(text));
    return [...kept, change].join('\n');
  }, base);
}

function withoutOlder(sentences: readonly string[], change: string): string[] {
  const now = factIn(change);
  const olds = sentences.map((sentence) => (now ? factIn(sentence) : undefined));
  const replaced = olds.filter(
    (old) => old && now && old.hasFigure === now.hasFigure && [...now.about].every((term) => old.about.has(term)),
  );
  const closest = Math.min(...replaced.map((old) => old?.about.size ?? Infinity));
  return sentences.filter((_, index) => !replaced.includes(olds[index]) || olds[index]?.about.size !== closest);
}

/** What a fact is about: its words before the first figure, or before its predicate when it has a name instead. */
function factIn(sentence: string): { about: ReadonlySet<string>; hasFigure: boolean } | undefined {
  const [fact] = factsOf([sentence.replace(NEWLY, ' ').replace(/\s+/g, ' ').trim()]);
  if (!fact) return undefined;
  const at = fact.statement.search(FIGURE);
  const [, subject = '', verb = ''] = STATEMENT.exec(fact.statement) ?? [];
  const isNamed = /^\p{Lu}/u.test(fact.key);
  const about = new Set(at >= 0 ? terms(fact.statement.slice(0, at)) : isNamed ? terms(`${subject} ${verb}`) : []);
  return about.size === 0 ? undefined : { about, hasFigure: at >= 0 };
}
