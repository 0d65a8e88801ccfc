import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';
import { MultipartHash } from './multipart-hash.js';

/** What tells the bodies of two requests apart. */
export abstract class BodyHash {
  static of(request: Request): BodyHash {
    const boundary = MultipartHash.boundaryOf(request.header('content-type') ?? '');
    return boundary === undefined ? new ParsedBody(request.body) : new StreamedBody(request, boundary);
  }

  /** Known before the request is handled; empty for a body that only its handler reads. */
  abstract readonly known: string;

  /** Sees what the handler reads until it has answered. */
  abstract watch(response: Response): void;

  /** Of the whole body, which the handler has read. */
  abstract afterwards(): string;

  /** Of a body that no handler will read. */
  abstract read(): Promise<string>;
}

class ParsedBody extends BodyHash {
  override readonly known: string;

  constructor(body: unknown) {
    super();
    this.known = createHash('sha256')
      .update(JSON.stringify(body ?? null))
      .digest('hex');
  }

  override watch(_response: Response): void {
    return undefined;
  }

  override afterwards(): string {
    return this.known;
  }

  override async read(): Promise<string> {
    return this.known;
  }
}

/** A multipart body: files are not read before their handler is asked. */
class StreamedBody extends BodyHash {
  override readonly known = '';
  private readonly hash: MultipartHash;

  constructor(
    private readonly request: Request,
    boundary: string,
  ) {
    super();
    this.hash = new MultipartHash(boundary);
  }

  override watch(response: Response): void {
    this.request.on('data', (chunk: Buffer) => this.hash.add(chunk));
    // Nothing may flow before the handler pipes the request to where it wants it, which lets it flow again.
    this.request.pause();
    // A handler that wants no body leaves it lying: then it is thrown away, or the connection could not be used again.
    response.once('finish', () => this.request.resume());
  }

  override afterwards(): string {
    return this.hash.digest();
  }

  override async read(): Promise<string> {
    for await (const chunk of this.request as AsyncIterable<Buffer>) this.hash.add(chunk);
    return this.hash.digest();
  }
}
