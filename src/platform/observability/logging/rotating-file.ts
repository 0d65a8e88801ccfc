import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join, parse } from 'node:path';
import { Clock } from '../../../shared/clock.js';
import type { Settings } from '../../config/settings.js';

const BYTES: Readonly<Record<string, number>> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/**
 * A log file that is rotated by size, and by day or hour of local time where the settings say so. A number stands before the extension:
 * `nexus.log` is written as `nexus.1.log`, then `nexus.2.log`. Writes are synchronous, so that the last ones survive the end of the process.
 */
export class RotatingFile {
  private readonly directory: string;
  private readonly prefix: string;
  private readonly extension: string;
  private readonly maxBytes: number;
  private readonly keep: number;
  private readonly frequency: 'daily' | 'hourly' | undefined;
  private number: number;
  private descriptor: number;
  private bytes: number;
  private period: number;
  private hasFailed = false;

  /** Appends to the newest file that earlier processes left. @throws where the file cannot be opened. */
  constructor(
    settings: Settings,
    file: string,
    private readonly clock = new Clock(),
  ) {
    const { dir, name, ext } = parse(file);
    this.directory = dir || '.';
    this.prefix = `${name}.`;
    this.extension = ext;
    const size = settings.get('LOG_FILE_MAX_SIZE').toLowerCase();
    this.maxBytes = Number.parseInt(size, 10) * (BYTES[size.slice(-1)] ?? 1);
    this.keep = settings.get('LOG_FILE_KEEP');
    this.frequency = settings.get('LOG_FILE_FREQUENCY');
    mkdirSync(this.directory, { recursive: true });
    this.number = Math.max(1, ...this.numbers());
    this.descriptor = openSync(this.pathOf(this.number), 'a');
    const { size: bytes, mtime } = fstatSync(this.descriptor);
    this.bytes = bytes;
    this.period = this.periodOf(mtime);
  }

  /** Never throws: a full disk costs the lines of the file. It is reported once on standard error, and later lines are tried again. */
  append(text: string): void {
    try {
      const period = this.periodOf(this.clock.now());
      const isFull = this.bytes + Buffer.byteLength(text) > this.maxBytes || period !== this.period;
      if (isFull && this.bytes > 0) this.rotate();
      this.bytes += writeSync(this.descriptor, text);
      this.period = period;
      this.hasFailed = false;
    } catch (error) {
      if (!this.hasFailed) process.emitWarning(`The log file cannot be written. ${String(error)}`);
      this.hasFailed = true;
    }
  }

  private rotate(): void {
    const next = openSync(this.pathOf(this.number + 1), 'a');
    closeSync(this.descriptor);
    this.descriptor = next;
    this.number += 1;
    this.bytes = fstatSync(next).size;
    const outdated = this.numbers().filter((number) => number < this.number - this.keep);
    for (const number of outdated) rmSync(this.pathOf(number), { force: true });
  }

  private pathOf(number: number): string {
    return join(this.directory, `${this.prefix}${number}${this.extension}`);
  }

  private numbers(): number[] {
    return readdirSync(this.directory)
      .filter((name) => name.startsWith(this.prefix) && name.endsWith(this.extension))
      .map((name) => name.slice(this.prefix.length, name.length - this.extension.length))
      .filter((between) => /^[1-9]\d*$/.test(between))
      .map(Number);
  }

  /** When the day or hour of a time began, in milliseconds; 0 where only the size counts. */
  private periodOf(time: Date): number {
    if (this.frequency === undefined) return 0;
    return new Date(time).setHours(this.frequency === 'daily' ? 0 : time.getHours(), 0, 0, 0);
  }
}
