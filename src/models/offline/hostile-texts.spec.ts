import type { offlineJobs } from '../../../test/support/offline-answers.fixture.js';
import { WorkerPool } from '../../platform/async/worker-pool.js';
import type { Conversation } from './conversation-memory.js';

const pool = new WorkerPool<typeof offlineJobs>({
  module: new URL('../../../test/support/offline-answers.fixture.js', import.meta.url),
  processes: 1,
  waiting_max: 1,
  heap_mb: 64,
});
const LENGTH = 100_000;
/** A quadratic pattern takes 10 seconds and more for such a text; the rules together take 10 to 40 milliseconds. */
const limits = { deadline_ms: 2_000 };
const blank: Conversation = { system: 'You are a helper.', earlier: [], latest: 'What is 2 + 2?', outcomes: [] };

const REPEATED = [
  ...['1', '1,', '1,111', '1.', '1 ', '1e', '1+', '1 + ', '1%', '(', ')', '-', '= ', '= 1 ', '1 km = '],
  ...[' ', '\t', '\n', ' \n', '.', '. ', '?', ', ', ',a', ';', ':', '"', '“', '{', '[', '{ ', '{"a":', '[1,'],
  ...[
    'a',
    'a ',
    'A',
    'A ',
    'é',
    '日本',
    '😀',
    '_',
    '/',
    '/ ',
    ' per ',
    'my a is b and ',
    'and what is ',
    'then double ',
  ],
  ...[
    'what is ',
    'please ',
    'how many ',
    'the result ',
    'remember ',
    'my ',
    'in ',
    'to ',
    'twenty ',
    '5 days ',
    'a.b@',
  ],
  ...['<session_state>\n', 'Name: ', 'you are ', '12:30 ', 'jan 1 ', '2026-01-01 ', 'million '],
];
const BEGINNINGS = [
  '',
  'summarize: ',
  'sort: ',
  'sort ',
  'count the words: ',
  'what is ',
  'get a from ',
  'calculate 1 ',
];

afterAll(() => pool.close());

function long(beginning: string, repeated: string, end: string): string {
  return beginning + repeated.repeat(Math.ceil(LENGTH / repeated.length)).slice(0, LENGTH) + end;
}

describe('rules of the offline model on texts of 100,000 characters', () => {
  it.each(BEGINNINGS)('answer every message that begins with "%s" before the deadline', async (beginning) => {
    // A pattern goes back over a text that does not fit at its end. One that fits is tried once, without a beginning.
    const ends = beginning === '' ? ['', '!x'] : ['!x'];
    for (const repeated of REPEATED) {
      for (const end of ends)
        expect([
          repeated,
          await pool.run('answer', { ...blank, latest: long(beginning, repeated, end) }, limits),
        ]).toEqual([repeated, expect.stringMatching(/text|call/)]);
    }
  });

  it.each([
    ['an earlier message of the user', (text: string) => ({ earlier: [{ role: 'user' as const, text }] })],
    ['an earlier answer', (text: string) => ({ earlier: [{ role: 'assistant' as const, text }] })],
    ['the instructions', (text: string) => ({ system: text })],
  ])('answer before the deadline when such a text is %s', async (_, change) => {
    for (const repeated of REPEATED)
      expect([repeated, await pool.run('answer', { ...blank, ...change(long('', repeated, '!x')) }, limits)]).toEqual([
        repeated,
        'call',
      ]);
  });
});
