import { dump } from 'js-yaml';
import stringWidth from 'string-width';

export const FORMATS = ['table', 'json', 'yaml'] as const;
export type Format = (typeof FORMATS)[number];

const STYLES = { bold: 1, dim: 2, green: 32, red: 31, yellow: 33 } as const;
type Style = keyof typeof STYLES;
const GAP = '  ';
const BAR_WIDTH = 32;
const CELL_MIN = 8;
const CONTROL_CHARACTERS = /(?![\t\n])\p{Cc}/gu;

/** A column of a table. `value` may be undefined or null: the cell is then empty. */
export interface Column<T> {
  title: string;
  value: (row: T) => string | number | boolean | null | undefined;
}

interface Output {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

/** Standard output and error. Records go to the output in the format that was asked for; notes and progress of json and yaml to the error. */
export class Screen {
  readonly isTerminal: boolean;
  private readonly isColoured: boolean;

  constructor(
    readonly format: Format,
    private readonly out: Output,
    private readonly error: Output,
    env: Readonly<Record<string, string | undefined>>,
  ) {
    this.isTerminal = out.isTTY === true;
    this.isColoured = this.isTerminal && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  }

  get isTable(): boolean {
    return this.format === 'table';
  }

  style(style: Style, text: string): string {
    return this.isColoured ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text;
  }

  bold = (text: string): string => this.style('bold', text);
  dim = (text: string): string => this.style('dim', text);

  /** For people: nothing in json and yaml, where the output is one document. */
  line(text = ''): void {
    if (this.isTable) this.write(`${text}\n`);
  }

  /** Text from a platform: control characters that could drive the terminal are removed. */
  write(text: string): void {
    this.out.write(text);
  }

  /** To standard error, in every format. */
  note(text: string): void {
    this.error.write(`${text}\n`);
  }

  /** Where progress is drawn: beside the document of json and yaml, only on a terminal. */
  progress(): ProgressBar {
    const stream = this.isTable ? this.out : this.error;
    return new ProgressBar(stream, stream.isTTY === true, this.isTable || stream.isTTY === true);
  }

  /** A list: rows on a table, an array otherwise. */
  list<T>(rows: readonly T[], columns: readonly Column<T>[], empty: string): void {
    if (!this.isTable) this.document(rows);
    else if (rows.length === 0) this.note(empty);
    else this.write(this.table(rows, columns));
  }

  /** One record: pairs of name and value on a table, everything otherwise. */
  record(data: unknown, pairs: readonly (readonly [string, string | number | boolean | null | undefined])[]): void {
    if (!this.isTable) {
      this.document(data);
      return;
    }
    const shown = pairs.filter(([, value]) => value !== undefined && value !== null && value !== '');
    const width = Math.max(0, ...shown.map(([name]) => name.length));
    for (const [name, value] of shown)
      this.line(
        `${this.dim(name.padEnd(width))}${GAP}${plain(value).replaceAll('\n', `\n${' '.repeat(width)}${GAP}`)}`,
      );
  }

  /** The whole output of json and yaml. */
  document(data: unknown): void {
    this.write(this.format === 'yaml' ? dump(jsonOf(data), { lineWidth: -1 }) : `${JSON.stringify(data, null, 2)}\n`);
  }

  /** One line, cut to the width of a terminal. Elsewhere it is whole. */
  fitted(text: string): string {
    const width = this.out.columns ?? 80;
    return this.isTerminal && stringWidth(text) > width ? padded(text, width) : text;
  }

  /** One of many documents: a line of json, a document of a yaml stream. */
  event(data: unknown): void {
    this.write(this.format === 'yaml' ? `---\n${dump(jsonOf(data), { lineWidth: -1 })}` : `${JSON.stringify(data)}\n`);
  }

  table<T>(rows: readonly T[], columns: readonly Column<T>[]): string {
    const cells = rows.map((row) => columns.map(({ value }) => plain(value(row)).replace(/\s+/g, ' ').trim()));
    const titles = columns.map(({ title }) => title.toUpperCase());
    const widths = titles.map((title, at) =>
      Math.max(...[title, ...cells.map((row) => row[at] ?? '')].map((text) => stringWidth(text))),
    );
    this.fit(widths);
    const lineOf = (row: readonly string[]): string =>
      row
        .map((cell, at) => padded(cell, widths[at] ?? 0))
        .join(GAP)
        .trimEnd();
    return [this.dim(lineOf(titles)), ...cells.map(lineOf)].map((line) => `${line}\n`).join('');
  }

  /** Narrows the widest columns until the table fits the terminal. Elsewhere nothing is cut. */
  private fit(widths: number[]): void {
    const room = this.isTerminal ? (this.out.columns ?? 80) - GAP.length * (widths.length - 1) : Infinity;
    for (let sum = widths.reduce((a, b) => a + b, 0); sum > room; sum--) {
      const widest = widths.indexOf(Math.max(...widths));
      if ((widths[widest] ?? 0) <= CELL_MIN) return;
      widths[widest] = (widths[widest] ?? 0) - 1;
    }
  }
}

/** A bar that is redrawn in place on a terminal, and lines of notes elsewhere. */
export class ProgressBar {
  private last = '';

  constructor(
    private readonly stream: Output,
    private readonly isTerminal: boolean,
    private readonly isShown: boolean,
  ) {}

  /** @param percent 0 to 100 */
  show(percent: number, label: string): void {
    const filled = Math.round((percent / 100) * BAR_WIDTH);
    const text = `  [${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}] ${percent.toFixed(0).padStart(3)} %  ${label}`;
    if (!this.isShown || !this.isTerminal || text === this.last) return;
    this.last = text;
    this.stream.write(`\r\u001b[2K${text}`);
  }

  /** Writes a line above the bar. */
  note(text: string): void {
    if (!this.isShown) return;
    this.stream.write(this.isTerminal ? `\r\u001b[2K${text}\n${this.last}` : `${text}\n`);
  }

  /** Removes the bar. */
  end(): void {
    if (this.isShown && this.isTerminal) this.stream.write('\r\u001b[2K');
    this.last = '';
  }
}

/** Without control characters, which could drive the terminal of the reader. Line breaks and tabs stay. */
export const plain = (value: string | number | boolean | null | undefined): string =>
  String(value ?? '').replace(CONTROL_CHARACTERS, '');

/** A field of an event; empty unless it is text. */
export const textIn = (value: unknown): string => (typeof value === 'string' ? value : '');

/** What a JSON reader would see: without undefined, which YAML cannot write. */
const jsonOf = (data: unknown): unknown => JSON.parse(JSON.stringify(data ?? null)) as unknown;

function padded(cell: string, width: number): string {
  const missing = width - stringWidth(cell);
  if (missing >= 0) return cell + ' '.repeat(missing);
  let cut = '';
  for (const { segment } of new Intl.Segmenter().segment(cell)) {
    if (stringWidth(cut + segment) > width - 1) break;
    cut += segment;
  }
  return `${cut}…`.padEnd(width - (stringWidth(cut) - cut.length));
}

/** A time of the API in the reader's own zone, to the minute. */
export function timeOf(at: string | null | undefined): string {
  if (!at) return '';
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** A share of 0 to 1. */
export const percentOf = (share: number | null | undefined): string =>
  share === null || share === undefined ? '' : `${Math.round(share * 1_000) / 10} %`;
