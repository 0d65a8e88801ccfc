import { type Format, plain, Screen, timeOf } from './screen.js';

class Recorded {
  text = '';
  constructor(
    readonly isTTY: boolean,
    readonly columns = 80,
  ) {}
  write = (text: string): boolean => {
    this.text += text;
    return true;
  };
}

function screenOf(format: Format, { isTTY = false, columns = 80, env = {} } = {}) {
  const [out, error] = [new Recorded(isTTY, columns), new Recorded(isTTY, columns)];
  return { screen: new Screen(format, out, error, env), out, error };
}

const ROWS = [
  { id: 'a', name: '東京', at: undefined },
  { id: 'bb', name: 'two\nlines', at: 3 },
];
const COLUMNS = [
  { title: 'id', value: (row: (typeof ROWS)[number]) => row.id },
  { title: 'name', value: (row: (typeof ROWS)[number]) => row.name },
  { title: 'at', value: (row: (typeof ROWS)[number]) => row.at },
];

describe('a list', () => {
  it('is a table whose columns are aligned by what a terminal shows', () => {
    const { screen, out } = screenOf('table');
    screen.list(ROWS, COLUMNS, 'none');
    expect(out.text).toBe('ID  NAME       AT\na   東京\nbb  two lines  3\n');
  });

  it('is cut to the width of a terminal, and of nothing else', () => {
    const row = { id: 'x'.repeat(30), name: '東'.repeat(10), at: undefined };
    const narrow = screenOf('table', { isTTY: true, columns: 30, env: { NO_COLOR: '1' } });
    narrow.screen.list([row], COLUMNS, 'none');
    expect(narrow.out.text).toBe(
      `ID${' '.repeat(12)}NAME${' '.repeat(10)}AT
${'x'.repeat(11)}…  東東東東東…
`,
    );
    expect(narrow.screen.fitted('x'.repeat(40))).toBe(`${'x'.repeat(29)}…`);
    const piped = screenOf('table', { columns: 30 });
    piped.screen.list([row], COLUMNS, 'none');
    expect(piped.out.text).toContain('x'.repeat(30));
    expect(piped.screen.fitted('x'.repeat(40))).toBe('x'.repeat(40));
  });

  it('is an array in json and yaml, also when it is empty', () => {
    const [json, yaml, empty, table] = [screenOf('json'), screenOf('yaml'), screenOf('json'), screenOf('table')];
    json.screen.list(ROWS, COLUMNS, 'none');
    expect(JSON.parse(json.out.text)).toEqual([{ id: 'a', name: '東京' }, ROWS[1]]);
    yaml.screen.list([{ id: 'a', at: undefined, done: true }], [], 'none');
    expect(yaml.out.text).toBe('- id: a\n  done: true\n');
    empty.screen.list([], COLUMNS, 'none');
    expect([empty.out.text, empty.error.text]).toEqual(['[]\n', '']);
    table.screen.list([], COLUMNS, 'none');
    expect([table.out.text, table.error.text]).toEqual(['', 'none\n']);
  });
});

describe('a record', () => {
  it('leaves out what is empty, indents further lines, and is whole in json', () => {
    const { screen, out } = screenOf('table');
    screen.record({}, [
      ['name', 'x'],
      ['cost', null],
      ['agents', 'a\nb'],
    ]);
    expect(out.text).toBe('name    x\nagents  a\n        b\n');
    const json = screenOf('json');
    json.screen.record({ cost: null }, [['cost', null]]);
    json.screen.line('for people');
    expect(json.out.text).toBe('{\n  "cost": null\n}\n');
  });
});

it('colours are for terminals, unless NO_COLOR or TERM=dumb', () => {
  const of = (env: object, isTTY = true): string => screenOf('table', { isTTY, env }).screen.style('red', 'no');
  expect(of({})).toBe('\u001b[31mno\u001b[0m');
  expect([of({ NO_COLOR: '1' }), of({ TERM: 'dumb' }), of({}, false)]).toEqual(['no', 'no', 'no']);
  expect(of({ NO_COLOR: '' })).toBe('\u001b[31mno\u001b[0m');
});

it('text of a platform cannot drive the terminal', () => {
  expect(plain('a\u001b[2Jb\u0007\u009bc\td\ne')).toBe('a[2Jbc\td\ne');
});

it('progress is drawn on terminals; elsewhere only its notes are written, and none beside a document', () => {
  const [terminal, piped, json] = [
    screenOf('table', { isTTY: true, env: { NO_COLOR: '1' } }),
    screenOf('table'),
    screenOf('json'),
  ];
  for (const { screen } of [terminal, piped, json]) {
    const bar = screen.progress();
    bar.show(50, 'half');
    bar.note('done');
    bar.end();
  }
  expect(terminal.out.text).toContain(`\r\u001b[2K  [${'█'.repeat(16)}${'░'.repeat(16)}]  50 %  half`);
  expect(piped.out.text).toBe('done\n');
  expect([json.out.text, json.error.text]).toEqual(['', '']);
});

it('a time is shown to the minute', () => {
  expect(timeOf('2026-11-20T10:00:59.000Z')).toMatch(/^2026-11-2\d \d\d:00$/);
  expect(timeOf(null)).toBe('');
});
