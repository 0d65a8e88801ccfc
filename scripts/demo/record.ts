// Records terminals from real runs: the demo's to docs/demo.svg, that of the command line to docs/cli.svg.
// Usage: npm run demo:record [-- demo|cli] (needs `script` of util-linux)
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const [COLUMNS, ROWS, LAST_FRAME_SECONDS] = [104, 30, 8];
/** Output within this time is one frame. */
const FRAME_MS = 120;
/** A start is cut to this, so that the picture shows what happens and not how fast the recording machine is. */
const LONGEST_FRAME_SECONDS = 1.2;
const [CHARACTER, LINE, MARGIN] = [8.43, 19, 14];
const COLORS: Readonly<Record<string, string>> = { '31': '#f85149', '32': '#3fb950' };
const DATA = resolve('.nexus/recording');
const PASSWORD = 'nexus demo, only here';
const NEXUS = resolve('cli/dist/nexus.js');
const KEY_MS = 45;

const ESCAPE = String.fromCharCode(27);
const TOKEN = new RegExp(`${ESCAPE}\\[\\d*[A-Za-z]|[^]`, 'gu');

interface Cell {
  text: string;
  style: string;
}

/** As much of a terminal as is used: lines that wrap, carriage return, columns, erasing a line or its rest, bold, dim and two colours. */
class Terminal {
  private readonly lines: Cell[][] = [[]];
  private column = 0;
  private style = '';

  write(output: string): void {
    for (const [token] of output.matchAll(TOKEN)) this.take(token);
  }

  /** The last rows, each as runs of one style. */
  rows(): Cell[][] {
    return this.lines.slice(-ROWS).map(runsOf);
  }

  private take(token: string): void {
    const line = this.lines.at(-1) ?? [];
    if (token === '\n') this.lines.push([]);
    if (token === '\n' || token === '\r') this.column = 0;
    else if (token.startsWith(ESCAPE) && token.endsWith('K')) line.length = 0;
    else if (token.startsWith(ESCAPE) && token.endsWith('J')) line.length = Math.min(line.length, this.column);
    else if (token.startsWith(ESCAPE) && token.endsWith('G')) this.column = Number(token.slice(2, -1)) - 1;
    else if (token.startsWith(ESCAPE)) this.style = token.slice(2, -1).replace(/^0$/, '');
    else if (token >= ' ') {
      if (this.column >= COLUMNS) {
        this.lines.push([]);
        this.column = 0;
      }
      (this.lines.at(-1) ?? [])[this.column] = { text: token, style: this.style };
      this.column += 1;
    }
  }
}

function runsOf(cells: Cell[]): Cell[] {
  const runs: Cell[] = [];
  for (const { text, style } of Array.from(cells, (cell) => cell ?? { text: ' ', style: '' })) {
    const last = runs.at(-1);
    if (last?.style === style) last.text += text;
    else runs.push({ text, style });
  }
  return runs;
}

interface Frame {
  at: number;
  rows: string[];
}

interface Recording {
  /** What bash runs. */
  command: string;
  env: Record<string, string>;
  /** Typed into the terminal, each when the output ends with the prompt. */
  answers?: { prompt: string; lines: string[] };
}

async function record({ command, env, answers }: Recording): Promise<Frame[]> {
  const child = spawn('script', ['-qfec', `stty cols ${COLUMNS} rows ${ROWS}; ${command}`, '/dev/null'], {
    env: { ...process.env, TERM: 'xterm', SHELL: '/bin/bash', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const terminal = new Terminal();
  const startedAt = Date.now();
  const frames: Frame[] = [];
  const lines = [...(answers?.lines ?? [])];
  child.stdout.setEncoding('utf8').on('data', (output: string) => {
    terminal.write(output);
    const at = Date.now() - startedAt;
    const frame = { at, rows: terminal.rows().map(svgOfRow) };
    const last = frames.at(-1);
    if (last && at - last.at < FRAME_MS) last.rows = frame.rows;
    else frames.push(frame);
    if (answers && output.includes(answers.prompt)) void type(child, lines.shift() ?? '/exit');
  });
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0) throw new Error(`the recorded command ended with code ${code}`);
  return frames;
}

async function type({ stdin }: ChildProcess, line: string): Promise<void> {
  for (const key of `${line}\r`) {
    await delay(KEY_MS);
    stdin?.write(key);
  }
}

function svgOfRow(runs: Cell[]): string {
  let column = 0;
  return runs
    .map(({ text, style }) => {
      const x = (column * CHARACTER).toFixed(1);
      column += [...text].length;
      if (text.trim() === '') return '';
      const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
      const color = COLORS[style];
      const look =
        color === undefined ? (style === '1' ? ' class="b"' : style === '2' ? ' class="d"' : '') : ` fill="${color}"`;
      return `<tspan x="${x}"${look}>${escaped}</tspan>`;
    })
    .join('');
}

/** Every frame in its time: each is shown by one animation, and rows that stay the same are written once. */
function svgOf(frames: Frame[], label: string): string {
  const seconds = frames.map(({ at }, index) =>
    Math.min(((frames[index + 1]?.at ?? at) - at) / 1000, LONGEST_FRAME_SECONDS),
  );
  seconds[seconds.length - 1] = LAST_FRAME_SECONDS;
  const total = seconds.reduce((sum, one) => sum + one, 0);
  const rows = new Map<string, string>();
  const idOf = (row: string): string => {
    if (!rows.has(row)) rows.set(row, `r${rows.size}`);
    return rows.get(row) ?? '';
  };
  const [width, height] = [COLUMNS * CHARACTER + 2 * MARGIN, ROWS * LINE + 2 * MARGIN];
  let from = 0;
  const shown = frames.map(({ rows: own }, index) => {
    const [begin, end] = [from / total, (from + (seconds[index] ?? 0)) / total];
    from += seconds[index] ?? 0;
    const uses = own.map((row, at) => (row === '' ? '' : `<use href="#${idOf(row)}" y="${at * LINE}"/>`)).join('');
    const isLast = index === frames.length - 1;
    const times = isLast ? `0;${begin.toFixed(5)};1` : `0;${begin.toFixed(5)};${end.toFixed(5)};1`;
    const values = isLast ? 'hidden;visible;visible' : 'hidden;visible;hidden;hidden';
    // Without animation, as in print, the last frame is shown.
    return `<g visibility="${isLast ? 'visible' : 'hidden'}">${uses}<animate attributeName="visibility" calcMode="discrete" dur="${total.toFixed(2)}s" repeatCount="indefinite" keyTimes="${times}" values="${values}"/></g>`;
  });
  const texts = [...rows].map(([row, id]) => `<text id="${id}" xml:space="preserve">${row}</text>`).join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width.toFixed(0)} ${height.toFixed(0)}" role="img" aria-label="${label}">
<style>text{font:14px ui-monospace,Menlo,Consolas,monospace;fill:#c9d1d9}.b{font-weight:700;fill:#fff}.d{fill:#8b949e}</style>
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<defs>${texts}</defs>
<g transform="translate(${MARGIN} ${MARGIN + LINE - 5})">
${shown.join('\n')}
</g>
</svg>
`;
}

async function demo(): Promise<void> {
  const command = `exec '${process.execPath}' --no-warnings scripts/demo/demo.ts`;
  // The demo prints the folder, so it is named from the checkout.
  const env = { NEXUS_DATA_DIR: relative('', DATA), NEXUS_ADMIN_PASSWORD: PASSWORD };
  const frames = await record({ command, env });
  const label = 'Terminal: npm run demo builds an agent from one paragraph in six stages and talks to it';
  writeFileSync('docs/demo.svg', svgOf(frames, label));
}

/** `nexus build` and `nexus chat` on a platform of their own, after a sign-in that is not shown. */
async function commandLine(): Promise<void> {
  Object.assign(process.env, { NEXUS_DATA_DIR: DATA, NEXUS_ADMIN_PASSWORD: PASSWORD });
  const { findOrStartPlatform } = await import('./platform.ts');
  const platform = await findOrStartPlatform(0, 350, {});
  try {
    const env = { XDG_CONFIG_HOME: DATA, NEXUS_URL: platform.url };
    const login = [NEXUS, 'login', '--email', platform.administrator().email, '--password-stdin'];
    execFileSync(process.execPath, login, { env: { ...process.env, ...env }, input: PASSWORD });
    const requirement =
      'A support assistant for our web shop that works out discounts. Our delivery takes 3 working days.';
    const shown = (words: string): string => `printf '\\033[32m$\\033[0m \\033[1m%s\\033[0m\\n' '${words}'; sleep 1`;
    const nexus = `'${process.execPath}' '${NEXUS}'`;
    const command = [
      `${shown(`nexus build "${requirement}"`)}; ${nexus} build "${requirement}"; sleep 1; echo`,
      `${shown('nexus chat support_assistant')}; ${nexus} chat support_assistant`,
    ].join('; ');
    const lines = ['What is 19.99 minus 15%?', 'How long does the delivery take?', '/exit'];
    const frames = await record({ command, env, answers: { prompt: 'you ', lines } });
    const label = 'Terminal: nexus build shows the six stages of a build, nexus chat talks to the agent';
    writeFileSync('docs/cli.svg', svgOf(frames, label));
  } finally {
    await platform.stop();
  }
}

const wanted = process.argv[2];
rmSync(DATA, { recursive: true, force: true });
if (wanted !== 'cli') await demo();
rmSync(DATA, { recursive: true, force: true });
if (wanted !== 'demo') await commandLine();
rmSync(DATA, { recursive: true, force: true });
