import { createHash } from 'node:crypto';

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
