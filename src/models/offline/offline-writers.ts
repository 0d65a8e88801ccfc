import { Injectable } from '@nestjs/common';

/** Turns the input of a structured request into the object that the request's schema describes. Pure and deterministic. */
export type OfflineWriter = (input: unknown) => unknown;

/**
 * What the offline model knows how to write. A feature that asks for structured output registers a writer under the
 * name of its schema, and the offline model answers the request with it; a real model never sees these.
 */
@Injectable()
export class OfflineWriters {
  private readonly writers = new Map<string, OfflineWriter>();

  /** A second writer under the same name is a programming error and throws. */
  register(name: string, writer: OfflineWriter): void {
    if (this.writers.has(name)) throw new Error(`An offline writer named "${name}" is already registered`);
    this.writers.set(name, writer);
  }

  find(name: string): OfflineWriter | undefined {
    return this.writers.get(name);
  }

  names(): string[] {
    return [...this.writers.keys()].sort();
  }
}
