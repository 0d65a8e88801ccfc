import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';

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

const BOUNDARY = /boundary=(?:"([^"]+)"|([^;\s]+))/i;

/** The hash of a multipart body. The boundary does not count: a client makes up a new one each time it sends the same files. */
export class MultipartHash {
  private readonly hash = createHash('sha256');
  private readonly delimiter: Buffer;
  private rest: Buffer = Buffer.alloc(0);
  private parts = 0;

  constructor(boundary: string) {
    this.delimiter = Buffer.from(`--${boundary}`);
  }

  /** Undefined when the body is not multipart. */
  static boundaryOf(contentType: string): string | undefined {
    if (!/^multipart\//i.test(contentType)) return undefined;
    const [, quoted, plain] = BOUNDARY.exec(contentType) ?? [];
    return quoted ?? plain ?? '';
  }

  add(chunk: Buffer): void {
    let text = Buffer.concat([this.rest, chunk]);
    for (let at = text.indexOf(this.delimiter); at >= 0; at = text.indexOf(this.delimiter)) {
      this.hash.update(text.subarray(0, at)).update(`\0part ${++this.parts}\0`);
      text = text.subarray(at + this.delimiter.length);
    }
    // The beginning of a delimiter may stand at the end.
    const kept = Math.min(text.length, this.delimiter.length - 1);
    this.hash.update(text.subarray(0, text.length - kept));
    this.rest = text.subarray(text.length - kept);
  }

  digest(): string {
    return this.hash.copy().update(this.rest).digest('hex');
  }
}
