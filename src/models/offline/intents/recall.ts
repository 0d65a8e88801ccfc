import { factKey, tellFact, type Fact, factsIn, isCount } from '../facts.js';
import type { Intent, Reply, Turn } from '../intent.js';
import { essence, isQuestion, sentencesOf } from '../sentences.js';

const ASKED_FACT =
  /^(?:what(?:['’]s|s| is| was| are| were)|which is|tell me|say|do you (?:know|remember)|remind me (?:of|what)|who is|how (?:much|big|large|long|old|far) is)\s+(?:what )?my\s+([\p{L}\p{N} _-]{1,60}?)(?: (?:again|is|was|are))?$/iu;
const ASKED_COUNT = /^how many ([\p{L} ]{1,40}?) (?:do|did) i have$/iu;
const QUESTIONS: readonly (readonly [RegExp, string])[] = [
  [/^(?:who am i|what am i called|do you (?:know|remember) who i am)$/i, 'name'],
  [/^where (?:do i live|am i(?: from)?|is my home)$/i, 'home'],
  [/^(?:where do i work|what do i do|what is my job)$/i, 'work'],
  [/^how old am i$/i, 'age'],
  [/^what do i (?:like|love|prefer)$/i, 'preference'],
  [/^what did i (?:ask|tell) you to remember$/i, 'note'],
];

/** Answers from what the user said earlier in the conversation. */
export const recallIntent: Intent = (turn) => {
  const question = essence(turn.sentence);
  const key = keyIn(question);
  const value = key === undefined ? undefined : turn.memory.fact(key);
  if (key !== undefined && value !== undefined) return { text: tellFact({ key: factKey(key), value }) };
  return everything(question, turn) ?? history(question, turn);
};

const QUESTION_WORDS = new Set(
  'what when where which who whom whose why how many much does did do is are was were have has had my your the for and you can tell about that this with from been'.split(
    ' ',
  ),
);

/** In any language: the statement of the user that shares most words with the question, quoted. */
export const toldIntent: Intent = ({ sentence, memory }) => {
  if (!isQuestion(sentence)) return undefined;
  const asked = wordsOf(sentence);
  const told = memory.userMessages
    .flatMap(sentencesOf)
    .filter((statement) => !isQuestion(statement))
    .map((statement) => ({ statement, shared: sharedWords(asked, wordsOf(statement)) }));
  const best = told.reduce<{ statement: string; shared: number } | undefined>(
    (found, one) => (one.shared > 0 && one.shared >= (found?.shared ?? 0) ? one : found),
    undefined,
  );
  return best && { text: `You told me: "${best.statement}"` };
};

const SEGMENTER = new Intl.Segmenter('und', { granularity: 'word' });

function wordsOf(text: string): string[] {
  return [...SEGMENTER.segment(text.toLowerCase())]
    .filter(({ isWordLike, segment }) => isWordLike === true && !QUESTION_WORDS.has(segment))
    .map(({ segment }) => segment);
}

/** Words with the same beginning are the same word: "join" and "joined". Short words count only in Chinese, where words are short. */
function sharedWords(asked: readonly string[], told: readonly string[]): number {
  const isSame = (a: string, b: string): boolean =>
    a === b
      ? a.length > 2 || /\p{Script=Han}/u.test(a)
      : a.length > 3 && b.length > 3 && (a.startsWith(b) || b.startsWith(a));
  return asked.filter((word) => told.some((one) => isSame(word, one))).length;
}

/** Comes after the tools' rules: "my budget divided by 4" is arithmetic, not an unknown fact. */
export const unknownFactIntent: Intent = (turn) => {
  const key = keyIn(essence(turn.sentence));
  if (key === undefined) return undefined;
  return { text: `I find nothing about your ${key} in the part of this conversation that I can see.` };
};

function keyIn(question: string): string | undefined {
  return (
    ASKED_FACT.exec(question)?.[1] ??
    ASKED_COUNT.exec(question)?.[1] ??
    QUESTIONS.find(([pattern]) => pattern.test(question))?.[1]
  );
}

function everything(question: string, { memory }: Turn): Reply | undefined {
  if (!/^what (?:do you know|have i told you|did i tell you|do you remember)(?: about me)?$/i.test(question))
    return undefined;
  const facts = memory.facts.map(tellFact).join(' ');
  return { text: facts === '' ? 'I find nothing about you in the part of this conversation that I can see.' : facts };
}

function history(question: string, { memory }: Turn): Reply | undefined {
  const match =
    /^(?:what (?:did i (?:just )?(?:ask|say|write|tell you)(?: you)?|was my)|repeat(?: my)?)\s*(first|last|before|previously|earlier)?(?: (?:question|message|thing))?$/i.exec(
      question,
    );
  if (match) {
    const said = match[1]?.toLowerCase() === 'first' ? memory.userMessages[0] : memory.userMessages.at(-1);
    return {
      text:
        said === undefined
          ? 'This is your first message in this conversation.'
          : `${match[1]?.toLowerCase() === 'first' ? 'You first asked' : 'Before this you said'}: "${said.slice(0, 300)}"`,
    };
  }
  if (
    !/^(?:what (?:was|is) (?:the|your) (?:last|previous) (?:result|answer)|what did you (?:just )?say)$/i.test(question)
  )
    return undefined;
  const { lastResult } = memory;
  if (lastResult && /result|answer/i.test(question))
    return { text: `The last result was ${lastResult.value}${lastResult.unit ? ` ${lastResult.unit}` : ''}.` };
  const answer = memory.answers.at(-1);
  return {
    text:
      answer === undefined ? 'I have not answered anything in this conversation yet.' : `My last answer was: ${answer}`,
  };
}

/** Confirms what the user tells about themselves, so that they see what will be remembered. */
export const statementIntent: Intent = ({ sentence }) => {
  const facts = factsIn(sentence);
  return facts.length === 0 ? undefined : { text: facts.map(confirm).join(' ') };
};

function confirm({ key, value }: Fact): string {
  switch (key) {
    case 'name':
      return `Nice to meet you, ${value}.`;
    case 'note':
      return `Noted: ${value}.`;
    case 'home':
      return `Noted: you live in ${value}.`;
    case 'work':
    case 'preference':
      return `Noted: ${value}.`;
    case 'age':
      return `Noted: you are ${value} years old.`;
    default:
      return isCount({ key, value }) ? `Noted: you have ${value} ${key}.` : `Noted: your ${key} is ${value}.`;
  }
}
