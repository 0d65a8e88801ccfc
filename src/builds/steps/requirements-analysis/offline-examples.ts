import type { NumberedRequirement } from '../../requirement/coverage.js';
import type { Fact } from '../../requirement/statements.js';
import { STOP_WORDS } from '../../requirement/words.js';
import type { AcceptanceCheck, AcceptanceExample } from './prompt.js';

interface ProvableTask {
  /** How the requirement begins: the verb of the task in its base form. */
  does: RegExp;
  /** What the task is about. */
  about: RegExp;
  /** Without this tool the offline model cannot do it. */
  tool?: string;
  input: string;
  /** Words of the right answer. */
  result: string;
}

/** Requirements in other languages than English are not taken apart: the verb may stand anywhere in them. */
const CALCULATES =
  /^(?:calculate|compute|work|add|sum|split|determine|estimate|figure|give|tell|answer|show)\b|berechn|rechne|\bcalcul|вычисл|рассчит|счита|计算|يحسب|احسب/iu;
const TELLS =
  /^(?:tell|count|calculate|compute|work|show|give|answer|find|determine|say)\b|zähl|\bcompt|\bcuent|\bcont|считает|计算|يحسب/iu;
const CONVERTS =
  /^(?:convert|calculate|compute|work|change|transform)\b|umrechn|rechne|\bconv(?:ert|iert)|конверт|换算|转换|يحول/iu;
const COUNTS = /^(?:count|measure|calculate|tell)\b|zähl|\bcompt|\bcuent|\bcont|считает|统计|计算|يحسب|يعد/iu;

const NEWS =
  'The city council met on Monday. The council decided that the new bridge over the river will open in May. The bridge will carry trams and bicycles. Tickets stay the same price.';

/** What the offline model can be seen to do. A requirement must match both the verb and the subject. */
export const PROVABLE_TASKS: readonly ProvableTask[] = [
  {
    does: CALCULATES,
    about:
      /\b(?:discounts?|percent(?:ages?)?|tips?|vat|tax(?:es)?|mark-?ups?|rabatte?|prozente?|remises?|descuentos?|descontos?)\b|折扣|百分|скидк|процент|خصم|نسبة/iu,
    tool: 'calculator',
    input: 'What is 15% of 80?',
    result: '12',
  },
  {
    does: CALCULATES,
    about:
      /\b(?:totals?|sums?|add (?:up|numbers?|figures?|amounts?)|numbers up|bills?|budgets?|summen?|somar?|sumas?)\b|总额|总和|сумм|مجموع/iu,
    tool: 'calculator',
    input: 'What is 12.5 + 7.25 + 30?',
    result: '49.75',
  },
  {
    does: CALCULATES,
    about:
      /\b(?:arithmetic|calculations?|products? of|(?:calculate|compute|work out) (?:the )?(?:numbers?|figures?|results?|expressions?|anything)$|mathematical (?:expressions?|operations?))\b/iu,
    tool: 'calculator',
    input: 'What is 17 * 23?',
    result: '391',
  },
  {
    does: TELLS,
    about:
      /\b(?:weekdays?|days? of the week|wochentage?|jours? de la semaine|días? de la semana|dias? da semana)\b|星期|дн\S+ недели|يوم من الأسبوع/iu,
    tool: 'date_time',
    input: 'What weekday is 2024-12-25?',
    result: 'Wednesday',
  },
  {
    does: TELLS,
    about:
      /\b(?:local times?|times? of (?:the )?day|times? in (?:any|each|every|other)|current times?|(?:dates|times?),? (?:and )?(?:times|dates?))\b/iu,
    tool: 'date_time',
    input: 'What time is it in Tokyo?',
    result: 'Tokyo',
  },
  {
    does: CONVERTS,
    about: /\b(?:times?|time zones?|zeitzonen?|fuseaux? horaires?|zonas? horarias?)\b|时区|часов\S* пояс/iu,
    tool: 'date_time',
    input: 'What is 10:00 London in Tokyo?',
    result: 'Tokyo',
  },
  {
    does: TELLS,
    about:
      /\b(?:days? (?:until|between|remain\w*|left)|count (?:the )?days|dates? between|tage (?:bis|zwischen)|jours (?:avant|entre)|días (?:hasta|entre)|dias (?:até|entre))\b|天数|дней до|أيام/iu,
    tool: 'date_time',
    input: 'How many days are there between 2024-01-01 and 2024-12-25?',
    result: '359',
  },
  {
    does: CONVERTS,
    about: /\b(?:weights?|kilograms?|kg|gewichte?|poids|pesos?)\b|重量|вес(?:а|ов)?(?!\p{L})|وزن/iu,
    tool: 'unit_conversion',
    input: 'Convert 5 kg to pounds.',
    result: '11.02',
  },
  {
    does: CONVERTS,
    about: /\b(?:temperatures?|celsius|fahrenheit|temperaturen|températures?|temperaturas?)\b|温度|температур|حرارة/iu,
    tool: 'unit_conversion',
    input: 'Convert 100 celsius to fahrenheit.',
    result: '212',
  },
  {
    does: CONVERTS,
    about: /\b(?:recipes?|cups?|volumes?|cooking|kitchen)\b/iu,
    tool: 'unit_conversion',
    input: 'Convert 2 cups to ml.',
    result: '473',
  },
  {
    does: CONVERTS,
    about:
      /\b(?:lengths?|distances?|miles?|kilomet(?:er|re)s?|units|measurements|längen?|einheiten|longueurs?|unités|longitud\w*|unidades|comprimentos?)\b|长度|单位|длин|единиц|طول|وحدات/iu,
    tool: 'unit_conversion',
    input: 'Convert 10 km to miles.',
    result: '6.21',
  },
  {
    does: COUNTS,
    about: /\b(?:words?|characters?|letters?|sentences?|wörter|mots|palabras|palavras)\b|字数|слов|كلمات/iu,
    tool: 'text_statistics',
    input: 'How many words are in "The quick brown fox jumps over the lazy dog"?',
    result: '9',
  },
  {
    does: /^(?:estimate|calculate|tell|give|show|report)\b/iu,
    about: /\breading times?\b/iu,
    tool: 'text_statistics',
    input: 'What is the reading time of: The quick brown fox jumps over the lazy dog?',
    result: 'seconds',
  },
  {
    does: /^(?:extract|read|get|query|find|parse|look|show)\b/iu,
    about: /\bjson\b/iu,
    tool: 'json_query',
    input: 'Read user.name from {"user":{"name":"Ada"}}',
    result: 'Ada',
  },
  { does: /^summari[sz]e\b/iu, about: /./u, input: `Summarise: ${NEWS}`, result: 'bridge' },
  {
    does: /^(?:sort|alphabeti[sz]e)\b/iu,
    about: /\b(?:lists?|words?|names?|items?)\b/iu,
    input: 'Sort: pear, apple, fig',
    result: 'apple, fig, pear',
  },
];

type Draft = Omit<AcceptanceExample, 'id'>;

/** The tools of the tasks that the requirements ask for, in any language; the catalogue's own keywords are English. */
export function toolsOfTasks(requirements: readonly NumberedRequirement[], offered: readonly string[]): string[] {
  const tasks = requirements.flatMap(({ kind, text }) => (kind === 'functional' ? tasksFor(text, offered) : []));
  return [...new Set(tasks.flatMap(({ tool }) => tool ?? []))];
}

/**
 * Examples for each functional requirement that the offline model can be seen to fulfil, and one for each fact. A
 * requirement that fits nothing here gets none and is reported as unproven.
 */
export function examplesFor(
  requirements: readonly NumberedRequirement[],
  facts: readonly Fact[],
  tools: readonly string[],
): Draft[] {
  const drafts: Draft[] = [];
  for (const { id, kind, text } of requirements) {
    if (kind !== 'functional') continue;
    for (const task of tasksFor(text, tools)) {
      const same = drafts.find(({ input }) => input === task.input);
      if (same) same.proves.push(id);
      else drafts.push(draftOf(task, id));
    }
  }
  return [...drafts, ...(tools.includes(LOOKUP) ? aboutFacts(requirements, facts) : [])].slice(0, EXAMPLES_MAX);
}

const LOOKUP = 'knowledge_lookup';
const EXAMPLES_MAX = 14;
const FACTS_MAX = 6;
/** Before the text of a requirement in which no English task was found. */
const AS_WRITTEN = /^handle requests as described: /iu;

const TASKS_MAX = 3;

function tasksFor(text: string, tools: readonly string[]): ProvableTask[] {
  const words = text.replace(AS_WRITTEN, '');
  const fitting = PROVABLE_TASKS.filter(
    ({ does, about, tool }) => does.test(words) && about.test(words) && (tool === undefined || tools.includes(tool)),
  );
  return fitting.slice(0, TASKS_MAX);
}

function draftOf({ input, result, tool }: ProvableTask, id: string): Draft {
  const checks: AcceptanceCheck[] = [{ kind: 'contains', value: result }];
  if (tool !== undefined) checks.push({ kind: 'uses_tool', value: tool });
  return { input, checks, judged: null, proves: [id] };
}

/** A question that two facts share has no single right answer. */
function aboutFacts(requirements: readonly NumberedRequirement[], facts: readonly Fact[]): Draft[] {
  const answerable = facts.filter(({ question }) => facts.filter((other) => other.question === question).length === 1);
  return answerable.slice(0, FACTS_MAX).map((fact) => ({
    input: fact.question,
    checks: [
      { kind: 'contains', value: fact.key },
      { kind: 'uses_tool', value: LOOKUP },
    ],
    judged: `The answer agrees with: ${fact.statement.slice(0, 500)}`,
    proves: requirements.filter((requirement) => isProvenBy(requirement, fact)).map(({ id }) => id),
  }));
}

const ANSWERING =
  /^(?:answer|tell|inform|explain|guide|help|support|respond|reply|show|describe|provide|give|welcome|handle)\b/iu;
const OWN = /\b(?:our|my|given facts)\b/iu;

/** A fact proves itself, and a task of answering about its subject or about the organization's own affairs. */
function isProvenBy({ kind, text }: NumberedRequirement, { statement }: Fact): boolean {
  if (kind === 'knowledge') return text === statement.slice(0, TEXT_MAX);
  if (kind !== 'functional' || !ANSWERING.test(text)) return false;
  const said = new Set(stemsOf(statement));
  return OWN.test(text) || stemsOf(text).some((word) => said.has(word));
}

export const TEXT_MAX = 1000;

function stemsOf(text: string): string[] {
  return (text.toLowerCase().match(/\p{L}{4,}/gu) ?? []).filter((word) => !STOP_WORDS.has(word)).map(stem);
}

function stem(word: string): string {
  return word.replace(/(?:s|es|ing|ed)$/u, '');
}
