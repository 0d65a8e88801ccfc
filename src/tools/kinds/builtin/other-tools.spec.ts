import type { ToolContext } from '../../tool.js';
import { BuiltinToolKind } from './builtin.kind.js';
import { ToolWorkers } from '../../tool-workers.js';

const workers = new ToolWorkers();
const catalogue = new BuiltinToolKind(workers);

afterAll(() => workers.onApplicationShutdown());

const documents = [
  { name: 'faq.md', content: '# Refunds\n\nRefunds are made within 14 days.\n\n# Shipping\n\nShipping costs 5 euros.' },
];
const context: ToolContext = { knowledge: documents, now: () => new Date('2026-03-05T10:00:00.000Z') };
const run = async (name: string, input: unknown) => catalogue.execute(name, input, context);

describe('date_time', () => {
  it('takes the time from the injected clock', async () => {
    expect(await run('date_time', { operation: 'now', zone: 'Tokyo' })).toMatchObject({
      iso: '2026-03-05T19:00:00.000+09:00',
      weekday: 'Thursday',
      zone: 'Asia/Tokyo',
    });
    expect(
      await run('date_time', { operation: 'convert', date: '15:00', zone: 'New York', to_zone: 'London' }),
    ).toMatchObject({ time: '20:00', date: '2026-03-05' });
    expect(await run('date_time', { operation: 'difference', date: 'today', other_date: '03-01' })).toMatchObject({
      value: 361,
      to: '2027-03-01T00:00:00.000Z',
    });
  });

  it('knows leap years, business days and negative differences', async () => {
    for (const date of [
      'December 28, 2024',
      'Dec 28 2024',
      'the 28th of December, 2024',
      '28. Dezember 2024',
      '28 de diciembre de 2024',
    ])
      expect(await run('date_time', { operation: 'add', date, amount: 0 })).toMatchObject({ date: '2024-12-28' });
    expect(await run('date_time', { operation: 'add', date: 'Christmas', amount: 0 })).toMatchObject({
      date: '2026-12-25',
    });
    expect(await run('date_time', { operation: 'convert', date: '3pm', to_zone: 'Tokyo' })).toMatchObject({
      time: '00:00',
    });
    expect(await run('date_time', { operation: 'add', date: '2024-02-28', amount: 1 })).toMatchObject({
      date: '2024-02-29',
    });
    expect(
      await run('date_time', { operation: 'add', date: '2026-03-05', amount: 3, unit: 'business_days' }),
    ).toMatchObject({ date: '2026-03-10' });
    expect(
      await run('date_time', {
        operation: 'difference',
        date: '2026-03-09',
        other_date: '2026-03-02',
        unit: 'business_days',
      }),
    ).toMatchObject({ value: -5 });
  });

  it.each([
    [{ operation: 'now', zone: 'Mars' }, 'The time zone "Mars" is not known'],
    [{ operation: 'add', date: '2026-13-01', amount: 1 }, '"2026-13-01" is not a date'],
    [{ operation: 'add', date: 'today' }, 'add needs an amount'],
    [{ operation: 'convert', date: 'now' }, 'convert needs to_zone'],
  ])('says what is wrong with %j', async (input, message) => {
    await expect(run('date_time', input)).rejects.toThrow(message);
  });
});

describe('unit_conversion', () => {
  it.each([
    [5, 'MB', 'KB', 5000],
    [10, 'm', 'ft', 32.8083989501],
    [60, 'mph', 'km/h', 96.56064],
    [-40, 'C', 'F', -40],
    [1, 'gallon', 'liters', 3.785411784],
    [5, 'Kilometres', 'Miles', 3.10685596119],
  ])('converts %d %s to %s', async (value, from, to, result) => {
    expect(await run('unit_conversion', { value, from, to })).toMatchObject({ result });
  });

  it.each([
    ['euro', 'usd', 'The unit "euro" is not known.'],
    ['km', 'kg', '"km" and "kg" measure different things.'],
    ['constructor', 'm', 'The unit "constructor" is not known.'],
  ])('refuses %s to %s', async (from, to, message) => {
    await expect(run('unit_conversion', { value: 1, from, to })).rejects.toThrow(message);
  });
});

describe('json_query', () => {
  it('reads values and answers null for what is not there, inherited members included', async () => {
    expect(await run('json_query', { json: '{"a":[1,2,3]}', query: 'length(a)' })).toEqual({
      query: 'length(a)',
      result: 3,
    });
    expect(await run('json_query', { json: '{"a":1}', query: 'constructor' })).toEqual({
      query: 'constructor',
      result: null,
    });
  });

  it.each([
    ['{a', 'a', 'The document is not valid JSON'],
    ['{}', 'a[', 'The query is not valid JMESPath'],
    ['{"a":1}', `${'[@,@][]|'.repeat(40)}@`, 'expand the result without limit'],
  ])('refuses %s with %s', async (json, query, message) => {
    await expect(run('json_query', { json, query })).rejects.toThrow(message);
  });
});

describe('text_statistics', () => {
  it('counts languages without spaces, and nothing in an empty text', async () => {
    expect(await run('text_statistics', { text: '今日は良い天気です。' })).toMatchObject({
      characters: 10,
      sentences: 1,
    });
    expect(await run('text_statistics', { text: '' })).toMatchObject({
      characters: 0,
      words: 0,
      sentences: 0,
      lines: 0,
      average_word_length: 0,
    });
  });
});

describe('knowledge_lookup', () => {
  it('ranks the passage that answers the question first and names its document', async () => {
    const { passages } = (await run('knowledge_lookup', { query: 'When do I get my refund?' })) as {
      passages: { document: string; text: string; score: number }[];
    };
    expect(passages).toEqual([
      {
        document: 'faq.md',
        heading: 'Refunds',
        passage: 1,
        text: '# Refunds\nRefunds are made within 14 days.',
        score: expect.any(Number) as number,
      },
    ]);
  });

  it('finds nothing where nothing fits, and says when there are no documents', async () => {
    expect(await run('knowledge_lookup', { query: 'dinosaurs' })).toEqual({
      query: 'dinosaurs',
      documents: 1,
      passages: [],
    });
    await expect(catalogue.execute('knowledge_lookup', { query: 'x' }, { ...context, knowledge: [] })).rejects.toThrow(
      'No documents were given',
    );
  });

  it.each([
    ['东京天气', '今天东京天气很好。\n\n上海的交通很方便。', '今天东京天气很好。'],
    ['営業時間', '当店の営業時間は9時から18時です。\n\n住所は東京です。', '当店の営業時間は9時から18時です。'],
    ['ราคา', 'ร้านเปิดทุกวัน\n\nราคาสินค้าคือห้าบาท', 'ราคาสินค้าคือห้าบาท'],
  ])('finds "%s" in a language that writes no spaces between words', async (query, content, text) => {
    const knowledge = [{ name: 'a.md', content }];
    const answer = await catalogue.execute('knowledge_lookup', { query, limit: 1 }, { ...context, knowledge });
    expect(answer).toMatchObject({ passages: [{ document: 'a.md', text }] });
  });

  it.each([
    ['¿A qué hora abren?', 'Abrimos a las 13:00.'],
    ['A que horas abrem?', 'Abrimos às 6:30.'],
    ['Wie heißt die Hausverwaltung?', 'Name der Hausverwaltung: Krüger.'],
    ['¿Cómo se llama la doctora?', 'El nombre es Vega.'],
    ['When did it open?', 'It opened in May.'],
  ])('finds other forms of the words of "%s"', async (query, text) => {
    const knowledge = [{ name: 'a.md', content: `Unrelated, dinosaurs.\n\n${text}` }];
    const answer = await catalogue.execute('knowledge_lookup', { query, limit: 1 }, { ...context, knowledge });
    expect(answer).toMatchObject({ passages: [{ text }] });
  });

  it('indexes large documents beside the event loop, once', async () => {
    const filler = 'the quick brown fox jumps over one lazy dog and goes home again\n\n'.repeat(40_000);
    const knowledge = [
      { name: 'a.md', content: `${filler}Zebras have stripes.` },
      { name: 'b.md', content: `Whales sing.\n\n${filler}` },
    ];
    let ticks = 0;
    const ticking = setInterval(() => (ticks += 1), 10);
    const ask = (query: string) =>
      catalogue.execute('knowledge_lookup', { query, limit: 1 }, { ...context, knowledge });
    expect(await ask('zebras')).toMatchObject({
      documents: 2,
      passages: [{ document: 'a.md', text: 'Zebras have stripes.' }],
    });
    clearInterval(ticking);
    expect(ticks).toBeGreaterThan(10);
    // The process still holds both indexes, so the contents are not needed again.
    for (const document of knowledge) document.content = '';
    expect(await ask('whales')).toMatchObject({ passages: [{ document: 'b.md', text: 'Whales sing.' }] });
  });
});
