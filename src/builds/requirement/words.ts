import { createHash } from 'node:crypto';

const BULLET = /^\s*(?:[-*•–—]|\d{1,2}[.)])\s+/u;
const ABBREVIATION_END = /\b(?:e\.g|i\.e|etc|approx|vs|no|nr|mr|mrs|ms|dr|prof|st|a\.m|p\.m)\.\s*$/i;

/** The sentences and list items of a text, trimmed, without bullets, in order. */
export function sentencesOf(text: string): string[] {
  const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });
  const sentences: string[] = [];
  for (const line of text.split(/[\r\n\u2028\u2029]+/)) {
    const parts = [...segmenter.segment(line.replace(BULLET, ''))].map((part) => part.segment);
    sentences.push(...joinAbbreviations(parts));
  }
  return sentences
    .map((sentence) => sentence.replace(/[\s\p{Cc}]+/gu, ' ').trim())
    .filter((sentence) => sentence !== '');
}

/** A German ordinal: "am 3. Werktag". */
const ORDINAL_END = /\b(?:am|der|dem|den|des|zum|vom|bis|ab)\s+\d{1,2}\.\s*$/i;

/** The segmenter also ends a sentence after "e.g." and ordinals when a capital follows. */
function joinAbbreviations(parts: string[]): string[] {
  const joined: string[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (last !== undefined && (ABBREVIATION_END.test(last) || ORDINAL_END.test(last)))
      joined[joined.length - 1] = last + part;
    else joined.push(part);
  }
  return joined;
}

/** Cuts at a word boundary if possible and adds an ellipsis. `max` counts UTF-16 units; surrogate pairs stay whole. */
export function clip(text: string, max: number): string {
  if (text.length <= max) return text;
  const cut = text.slice(0, max - 1).replace(/[\uD800-\uDBFF]$/, '');
  const boundary = cut.lastIndexOf(' ');
  return `${(boundary > max / 2 ? cut.slice(0, boundary) : cut).trimEnd()}…`;
}

export function withoutEnd(sentence: string): string {
  return sentence.replace(/(?<![\s.!?;:,。！？])[\s.!?;:,。！？]+$/u, '');
}

export function capitalised(text: string): string {
  const first = [...text][0] ?? '';
  return first.toUpperCase() + text.slice(first.length);
}

export function titleCase(text: string): string {
  return text
    .split(/[\s_-]+/)
    .filter((word) => word !== '')
    .map(capitalised)
    .join(' ');
}

const ENDINGS: readonly [RegExp, string[]][] = [
  [/ies$/, ['y']],
  [/(?:es|ed)$/, ['', 'e']],
  [/s$/, ['']],
  [/ing$/, ['', 'e']],
];

/** The base form of an action verb, or undefined for any other word: "booking" → "book", "summarizes" → "summarize". */
export function actionVerb(word: string): string | undefined {
  const lower = word.toLowerCase();
  if (ACTION_VERBS.has(lower)) return lower;
  for (const [ending, replacements] of ENDINGS) {
    if (!ending.test(lower)) continue;
    const stem = lower.replace(ending, '');
    const undoubled = stem.replace(/([bdglmnprtz])\1$/, '$1');
    const found = [...replacements.map((end) => stem + end), undoubled].find((base) => ACTION_VERBS.has(base));
    if (found !== undefined) return found;
  }
  return undefined;
}

const MIN_LENGTH = 3;
const MAX_LENGTH = 30;

/**
 * An English slug of 3 to 30 characters. Text without an ASCII form (Chinese, Arabic, emoji) gets a slug
 * from its hash, so the same text always has the same slug; so does text of which only figures have one.
 */
export function slugOf(text: string, separator: '_' | '-'): string {
  const words = toAscii(text)
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  const slug = fit(words, separator);
  if (slug.length >= MIN_LENGTH && /[a-z]/.test(slug)) return slug;
  return `agent${separator}${createHash('sha256').update(text).digest('hex').slice(0, 8)}`;
}

/** Whole words while they fit; a first word that is too long is cut. */
function fit(words: string[], separator: string): string {
  let slug = '';
  for (const word of words) {
    const next = slug === '' ? word : `${slug}${separator}${word}`;
    if (next.length > MAX_LENGTH) break;
    slug = next;
  }
  return slug === '' ? (words[0] ?? '').slice(0, MAX_LENGTH) : slug;
}

/** Cyrillic, Greek, Arabic and Latin letters with their ASCII form. */
const LETTERS: ReadonlyMap<string, string> = new Map(
  [
    'а:a б:b в:v г:g д:d е:e ж:zh з:z и:i к:k л:l м:m н:n о:o п:p р:r с:s т:t у:u ф:f х:kh ц:ts ч:ch ш:sh щ:shch ъ: ы:y ь: э:e ю:yu я:ya і:i є:ye ґ:g',
    'α:a β:v γ:g δ:d ε:e ζ:z η:i θ:th ι:i κ:k λ:l μ:m ν:n ξ:x ο:o π:p ρ:r σ:s ς:s τ:t υ:y φ:f χ:ch ψ:ps ω:o',
    'ا:a أ:a إ:i آ:a ب:b ت:t ث:th ج:j ح:h خ:kh د:d ذ:dh ر:r ز:z س:s ش:sh ص:s ض:d ط:t ظ:z ع:a غ:gh ف:f ق:q ك:k ل:l م:m ن:n ه:h ة:a و:w ي:y ى:a ء: ئ:y ؤ:w',
    'ß:ss æ:ae œ:oe ø:o đ:d ð:d þ:th ł:l ı:i',
  ]
    .flatMap((alphabet) => alphabet.split(' '))
    .map((pair) => [pair.slice(0, 1), pair.slice(2)]),
);

/** Lower-case ASCII for Latin, Cyrillic, Greek and Arabic text. Letters without an ASCII form are dropped. */
export function toAscii(text: string): string {
  const plain = text.toLowerCase().normalize('NFKD').replace(/\p{M}/gu, '');
  return [...plain]
    .map((letter) => LETTERS.get(letter) ?? letter)
    .join('')
    .replace(/[^\x20-\x7e]/g, '');
}

/** Base forms of what agents are asked to do. A clause counts as a capability when it has one of these. */
export const ACTION_VERBS: ReadonlySet<string> = new Set(
  `add adjust advise analyse analyze answer arrange assess assign assist book brainstorm calculate categorise categorize
  check classify collect compare compile compose compute configure confirm convert correct count create criticise
  debug decide define deliver describe design detect diagnose discuss draft edit encourage escalate estimate evaluate
  examine explain extract fetch filter find fix flag follow forecast format gather generate give grade greet guide
  handle help identify improve inform inspect interview introduce investigate keep list log look maintain make manage
  measure merge moderate monitor motivate negotiate notify offer optimise optimize order organise organize parse
  perform plan practise practice predict prepare present prioritise prioritize process produce propose proofread
  provide publish qualify query quiz rank rate read recommend reconcile record refer register rehearse remember remind
  rephrase reply report request research resolve respond retrieve review rewrite route save scan schedule score search
  select sell send show simplify solve sort split store structure suggest sum summarise summarize support tag teach
  tell test track train transform translate triage troubleshoot tutor understand update validate verify warn watch
  welcome work write`.split(/\s+/),
);

/** Verbs with which a requirement asks for the agent itself. */
export const LEAD_VERBS: ReadonlySet<string> = new Set(
  'build create make need want develop design give get have set implement write'.split(' '),
);

export const AGENT_NOUNS: readonly string[] =
  `agent assistant bot chatbot helper calculator tutor advisor adviser coach concierge companion copilot planner analyst expert guide reviewer checker generator trainer
  mentor consultant translator secretary receptionist librarian`.split(/\s+/);

export const STOP_WORDS: ReadonlySet<string> = new Set(
  `a about above across after again all almost also although always am among an and another any anything are around as
  at away back based be because been before being below best better between both but by can cannot case could customer
  day days did do does doing done down each either else enough even every everything few first for from further get
  give given good had has have having he her here hers him his how i if in including into is it its itself just kind
  know last least less let like made make many may maybe me might more most much must my need needs never new next no
  none nor not nothing now of off often on once one only or other others our ours out over own part per please possible
  rather really same second see several shall she should simple since so some someone something sometimes still such
  sure take than that the their them then there these they thing things this those three through thus time to today
  together too two type under until up upon us use used user users using various very via want wants was way we well
  were what whatever when where whether which while people remain who whole whose why will with within without would year yes yet you
  your yours`.split(/\s+/),
);

/** Adjectives that set the tone, with the word that the agent's instructions use. */
export const TONES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    friendly: 'friendly',
    warm: 'warm',
    formal: 'formal',
    polite: 'polite',
    professional: 'professional',
    concise: 'concise',
    brief: 'concise',
    short: 'concise',
    detailed: 'detailed',
    thorough: 'detailed',
    patient: 'patient',
    playful: 'playful',
    fun: 'playful',
    humorous: 'humorous',
    funny: 'humorous',
    witty: 'humorous',
    empathetic: 'empathetic',
    compassionate: 'empathetic',
    cheerful: 'cheerful',
    neutral: 'neutral',
    objective: 'neutral',
    calm: 'calm',
    encouraging: 'encouraging',
    motivating: 'encouraging',
    casual: 'casual',
    informal: 'casual',
    serious: 'serious',
    simple: 'plain',
    plain: 'plain',
    strict: 'strict',
    persuasive: 'persuasive',
  }),
);

/** Verbs and nouns that say nothing about what is to be done. */
const VAGUE = new Set(
  'stuff thing things everything anything something help helps helping handle handles work works do does good nice please create build make generate give agent assistant bot chatbot helper'.split(
    ' ',
  ),
);
/** What says in other languages that something is to be made or done: an agent, or one of its usual tasks. */
const TASK_WORDS =
  /assist|agent|bot(?!\p{L})|helfer|hilf|beantwort|berechn|rechne|umrechn|erklär|übersetz|plan|zusammenfass|répond|calcul|expliqu|tradui|aide|résum|respond|explica|traduc|traduz|ayud|ajud|resum|помощник|помог|отвеча|реша|счита|вычисл|объясн|перевод|бот(?!\p{L})|агент|助手|助理|回答|计算|翻译|解释|总结|智能|机器人|アシスタント|回答|計算|翻訳|مساعد|يجيب|احسب|يحسب|ترجم|شرح|وكيل|روبوت/iu;

/** Whether a text says what is to be done: an action with something to act on, or an agent for a purpose. */
export function statesTask(text: string): boolean {
  const words = text.toLowerCase().match(/\p{L}[\p{L}'’-]*/gu) ?? [];
  const telling = words.filter((word) => word.length > 2 && !VAGUE.has(word) && !STOP_WORDS.has(word));
  if (telling.length === 0) return false;
  const acts = words.some((word) => actionVerb(word) !== undefined || AGENT_NOUNS.includes(word.replace(/s$/, '')));
  return acts || TASK_WORDS.test(text);
}

const ENGLISH =
  /^(?:the|that|for|and|which|who|our|my|its|of|with|to|is|are|it|this|from|by|on|at|should|must|please|helps?|an)$/iu;

/** Whether a text is English as far as its letters and small words show. Single words count as English. */
export function isEnglish(text: string): boolean {
  if (!/^[\p{Script=Latin}\P{L}]*$/u.test(text)) return false;
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  const english = words.filter((word) => ENGLISH.test(word)).length;
  return english >= words.filter((word) => FOREIGN.test(word) && !ENGLISH_TOO.has(word)).length;
}

/** Words of the list below that English has too. */
const ENGLISH_TOO = new Set([
  'in',
  'am',
  'die',
  'agent',
  'agents',
  'assistant',
  'assistants',
  'question',
  'questions',
  'as',
  'a',
  'do',
  'dos',
  'des',
  'e',
  'o',
  'y',
]);

/** Small words and agent nouns of other languages, which name nothing. */
const FOREIGN =
  /^(?:der|die|das|den|dem|des|ein|eine|einen|einem|einer|und|für|unser\p{L}*|mein\p{L}*|mit|zu|zur|zum|von|vom|im|in|am|auf|fragen|beantwort\p{L}*|erstelle|assistent\p{L}*|agent\p{L}*|hilfe|un|une|le|la|les|des|du|de|et|pour|notre|nos|qui|aux?|assistant\p{L}*|aide|répond|questions?|crée|una|el|los|las|y|para|nuestr\p{L}*|que|del|al|con|asistente|ayuda|responde|preguntas|um|uma|o|os|as|e|da|do|das|dos|noss\p{L}*|a|à|assistente|ajuda|perguntas|para|для|наш\p{L}*|который|которая|на|в|и|из|по|о|помощник\p{L}*|агент\p{L}*|создай|отвечает|вопросы|клиент\p{L}*|أنشئ|مساعدا?|مساعدًا|وكيلا?|على|في|من|إلى|عن|يجيب|أسئلة|العملاء)$/iu;

/** The first words of a text in another language that name its subject, at most two. */
export function subjectWords(sentence: string): string[] {
  const words = sentence.match(/\p{L}[\p{L}\p{M}'’-]*/gu) ?? [];
  return words
    .map((word) => word.replace(/^[ldLD]['’]/u, ''))
    .filter((word) => word.length > 2 && !FOREIGN.test(word))
    .slice(0, 2);
}
