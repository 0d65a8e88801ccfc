import { LRUCache } from 'lru-cache';

/** Characters of documents whose indexes one process holds: five uploads of 10 MB. An index takes about as much again. */
const KEPT_CHARACTERS = 55_000_000;

/** Long enough to answer a question, short enough that ten fit into a tool's output. */
const PASSAGE_MAX_LENGTH = 900;

const STOP_WORDS = new Set(
  `a about an and any are as at be been but by can could did do does for from had has have how i if in into is it its me my of on or our please
  should so tell than that the their them then there these they this to us was we were what when where which who why will with would you your
  der die das den dem des ein eine einen einem einer und oder ist sind hat haben im am um zu zum zur von vom bei wie was wer wo wann welche welcher
  welches wird werden ich sie wir ihr es mein meine nicht auf für mit
  le la les un une des du de et ou est sont quel quelle quels quelles que qui où quand combien comment je tu il elle nous vous mon ma mes ce cette
  à au aux en dans pour par pas ne se sur
  el los las una unos unas del al y o es son qué quién cuál cuándo cuánto cuánta cuántos cuántas cómo dónde mi su sus por para con no hay hace
  os um uma da do das dos e é são qual quais quem quando quanto quanta quantos quantas como onde meu minha seu sua por com não na nas nos há
  и или в во на с со к по за из о об от до у а но не это как что кто где когда сколько какой какая какое какие мой моя мы вы я он она они будет
  的 了 是 在 和 有 吗 呢 什么 多少 几 怎么 怎么样 哪里 哪 谁 我 你 您 我们 你们 它 这 那 吧 请 时候
  في من على إلى عن مع و أو هو هي ما ماذا متى أين كم كيف هل هذا هذه أي لا أنا أنت نحن`
    .normalize('NFKD')
    .split(/\s+/u),
);

/** Scripts that write without spaces between words. */
const UNSPACED = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;
const SEGMENTER = new Intl.Segmenter('und', { granularity: 'word' });

/** The position of a passage in its document. Pages count from 1; a document without form feeds has none. */
export interface PassagePlace {
  page?: number;
  heading?: string;
}

/** What a lookup needs of one document. */
export interface DocumentIndex {
  passages: readonly string[];
  /** Where each passage stands. */
  places: readonly PassagePlace[];
  /** Words of each passage that carry meaning. */
  lengths: Uint32Array;
  /** For each term, the passages that contain it and how often: passage, count, passage, count... */
  postings: ReadonlyMap<string, Uint32Array>;
}

/** Indexes by the hash of the document; the longest unused goes first. */
export const documentIndexes = new LRUCache<string, DocumentIndex>({ maxSize: KEPT_CHARACTERS });

export function indexDocument(content: string): DocumentIndex {
  const placed = splitIntoPassages(content);
  const passages = placed.map(({ text }) => text);
  const places = placed.map(({ place }) => place);
  const lengths = new Uint32Array(passages.length);
  const lists = new Map<string, number[]>();
  /** Words recur, so each is processed once. */
  const known = new Map<string, number[] | null>();
  const listOf = (word: string): number[] | null => {
    const term = termOf(word);
    const list = term === undefined ? null : (lists.get(term) ?? []);
    if (term !== undefined && list) lists.set(term, list);
    known.set(word, list);
    return list;
  };
  for (const [passage, text] of passages.entries()) {
    for (const word of wordsOf(text)) {
      const seen = known.get(word);
      const list = seen === undefined ? listOf(word) : seen;
      if (!list) continue;
      lengths[passage] = (lengths[passage] ?? 0) + 1;
      if (list.at(-2) === passage) list[list.length - 1] = (list.at(-1) ?? 0) + 1;
      else list.push(passage, 1);
    }
  }
  const postings = new Map([...lists].map(([term, list]) => [term, Uint32Array.from(list)] as const));
  return { passages, places, lengths, postings };
}

/** The usual constants of Okapi BM25 (Robertson and Zaragoza 2009). */
const SATURATION = 1.2;
const LENGTH_WEIGHT = 0.75;

/** A passage that fits a query. */
interface RankedPassage {
  document: string;
  /** Its number in the document, from 1. */
  passage: number;
  /** Of a document with pages, from 1. */
  page?: number;
  /** The heading above it. */
  heading?: string;
  text: string;
  /** BM25; comparable within one answer only. */
  score: number;
}

/** Passages that share a term with the query, best first; equal scores keep the order of the documents. */
export function rankPassages(
  query: string,
  documents: readonly { name: string; index: DocumentIndex }[],
  limit: number,
): RankedPassage[] {
  const wanted = [...new Set(terms(query))];
  const total = documents.reduce((sum, { index }) => sum + index.passages.length, 0);
  const words = documents.reduce((sum, { index }) => sum + index.lengths.reduce((all, one) => all + one, 0), 0);
  const average = Math.max(1, words / Math.max(1, total));
  const scores = documents.map(({ index }) => new Float64Array(index.passages.length));
  for (const term of wanted) {
    const lists = documents.map(({ index }) => index.postings.get(term) ?? new Uint32Array());
    const rarity = inverseFrequency(
      lists.reduce((sum, list) => sum + list.length / 2, 0),
      total,
    );
    for (const [document, list] of lists.entries()) {
      const { lengths } = documents[document]?.index ?? { lengths: new Uint32Array() };
      const own = scores[document] ?? new Float64Array();
      for (let at = 0; at < list.length; at += 2) {
        const [passage = 0, count = 0] = [list[at], list[at + 1]];
        const norm = SATURATION * (1 - LENGTH_WEIGHT + LENGTH_WEIGHT * ((lengths[passage] ?? 0) / average));
        own[passage] = (own[passage] ?? 0) + (rarity * count * (SATURATION + 1)) / (count + norm);
      }
    }
  }
  const found: (RankedPassage & { order: number })[] = [];
  for (const [document, own] of scores.entries())
    for (const [passage, score] of own.entries()) {
      const { name = '', index } = documents[document] ?? {};
      const rounded = Math.round(score * 1000) / 1000;
      if (rounded > 0)
        found.push({
          document: name,
          passage: passage + 1,
          ...index?.places[passage],
          text: index?.passages[passage] ?? '',
          score: rounded,
          order: found.length,
        });
    }
  found.sort((a, b) => b.score - a.score || a.order - b.order);
  return found.slice(0, limit).map(({ order: _order, ...ranked }) => ranked);
}

function inverseFrequency(containing: number, total: number): number {
  return Math.log(1 + (total - containing + 0.5) / (containing + 0.5));
}

/** The words of a text that carry meaning, in a form in which "refunds" meets "refund" and "shipping" meets "ship". */
export function terms(text: string): string[] {
  return wordsOf(text).flatMap((word) => termOf(word) ?? []);
}

/** Every word as it stands, in lower case and without composed characters. Languages without spaces are cut into words too. */
function wordsOf(text: string): string[] {
  const words =
    text
      .toLowerCase()
      .normalize('NFKD')
      .match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
  if (!UNSPACED.test(text)) return words;
  return words.flatMap((word) => (UNSPACED.test(word) ? segments(word) : [word]));
}

function segments(word: string): string[] {
  return Array.from(SEGMENTER.segment(word.normalize('NFC')), ({ segment }) => segment.normalize('NFKD'));
}

/** Words for the same in questions and statements: "Wie heiße ich?" asks for what "Mein Name ist Ada" states. */
const NAMING = new Set(
  'name names named called heiße heisse heißt heisst nombre nombres llamo llama llamas nom noms appelle appelles nome nomes chamo chama имя зовут اسم اسمي اسمك 名字 叫'
    .normalize('NFKD')
    .split(' '),
);

/** The stem of a word of {@link wordsOf}; undefined for a stop word. */
function termOf(word: string): string | undefined {
  if (STOP_WORDS.has(word)) return undefined;
  return NAMING.has(word) ? 'name' : stem(word);
}

/** Of verbs in Spanish and Portuguese: "abren", "abrem" and "abrimos" are one word. */
const VERB_ENDING = /(?:[aei]mos|[ae][mn])$/u;

/** Plural and the commonest verb endings only: a wrong stem finds wrong passages, a missing one merely ranks lower. */
function stem(word: string): string {
  if (word.length > 4 && VERB_ENDING.test(word)) return word.replace(VERB_ENDING, '');
  if (word.length > 4 && word.endsWith('ied')) return `${word.slice(0, -3)}y`;
  if (word.length > 5 && /[^aeiou]ed$/u.test(word)) return word.slice(0, -2).replace(/([^aeioulsz])\1$/u, '$1');
  if (word.length > 4 && word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  if (word.length > 5 && /[^aeiou]{2}ing$/u.test(word)) return word.slice(0, -3).replace(/([^aeioulsz])\1$/u, '$1');
  if (word.length > 5 && word.endsWith('ing')) return word.slice(0, -3);
  if (word.length > 4 && /(?:ss|sh|ch|x|z)es$/u.test(word)) return word.slice(0, -2);
  if (word.length > 3 && /[^su]s$/u.test(word)) return word.slice(0, -1);
  return word;
}

/** Cuts a document at its paragraphs; a long paragraph is cut at its sentences, a long sentence at a fixed length. */
function splitIntoPassages(content: string): { text: string; place: PassagePlace }[] {
  const pages = content.split('\f');
  const placed: { text: string; place: PassagePlace }[] = [];
  let heading: string | undefined;
  for (const [index, page] of pages.entries()) {
    const paragraphs = page.split(/\n\s*\n/u).map((paragraph) => paragraph.trim());
    for (const paragraph of joinHeadings(paragraphs.filter((one) => one !== ''))) {
      heading = /^#{1,6}\s+([^\n]+)/u.exec(paragraph)?.[1]?.trim() ?? heading;
      const place = { ...(pages.length > 1 ? { page: index + 1 } : {}), ...(heading ? { heading } : {}) };
      for (const text of cut(paragraph)) placed.push({ text, place });
    }
  }
  return placed;
}

/** A heading says what the paragraph under it is about, so the two stay together. */
function joinHeadings(paragraphs: string[]): string[] {
  const joined: string[] = [];
  let heading = '';
  for (const paragraph of paragraphs) {
    const isHeading = /^#{1,6}\s[^\n]*$/u.test(paragraph);
    if (isHeading && heading === '') heading = paragraph;
    else {
      joined.push(heading === '' ? paragraph : `${heading}\n${paragraph}`);
      heading = '';
    }
  }
  return heading === '' ? joined : [...joined, heading];
}

function cut(paragraph: string): string[] {
  if (paragraph.length <= PASSAGE_MAX_LENGTH) return [paragraph];
  const parts: string[] = [];
  let current = '';
  for (const sentence of paragraph.split(/(?<=[.!?\n])\s+/u).flatMap(pieces)) {
    if (current !== '' && current.length + sentence.length >= PASSAGE_MAX_LENGTH) {
      parts.push(current);
      current = '';
    }
    current = current === '' ? sentence : `${current} ${sentence}`;
  }
  return current === '' ? parts : [...parts, current];
}

function pieces(sentence: string): string[] {
  return sentence.match(new RegExp(`.{1,${PASSAGE_MAX_LENGTH}}`, 'gsu')) ?? [];
}
