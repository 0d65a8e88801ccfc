const isTerminal = process.stdout.isTTY;
const style = (code: number, text: string): string => (isTerminal ? `\u001b[${code}m${text}\u001b[0m` : text);

export const bold = (text: string): string => style(1, text);
export const dim = (text: string): string => style(2, text);
export const green = (text: string): string => style(32, text);
export const red = (text: string): string => style(31, text);

export function line(text = ''): void {
  process.stdout.write(`${text}\n`);
}

export function heading(text: string): void {
  line();
  line(bold(text));
}

/** Counts the seconds of a wait on a terminal; elsewhere it writes nothing. */
export class Waiting {
  private readonly startedAt = Date.now();
  private readonly timer: NodeJS.Timeout | undefined;

  constructor(label: string) {
    if (!isTerminal) return;
    const show = (): void => {
      const seconds = Math.round((Date.now() - this.startedAt) / 1000);
      process.stdout.write(`\r\u001b[2K  ${label} … ${seconds} s`);
    };
    show();
    this.timer = setInterval(show, 1_000);
  }

  end(): void {
    clearInterval(this.timer);
    if (isTerminal) process.stdout.write('\r\u001b[2K');
  }
}

/** Rows with their first column aligned. */
export function table(rows: [string, string][]): void {
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, value] of rows) line(`  ${name.padEnd(width)}  ${value}`);
}
