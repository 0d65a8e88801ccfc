import { unzip, ZipFault } from '../../platform/archive/zip.js';
import { serve } from '../../platform/async/worker-jobs.js';

/** From `src/tools/documents` and from `dist/tools/documents` alike. Its packages are installed apart. */
const READERS = new URL('../../../documents/extract.mjs', import.meta.url).href;
const NOT_INSTALLED = 'cannot be read: its reader is not installed. On the platform, run npm run documents:install';

const PAGES_MAX = 2_000;
/** Of a DOCX archive. Word writes about twenty files and the pictures. */
const UNPACKED = { files_max: 2_000, bytes_max: 50_000_000 };
const CHARACTERS_MAX = 5_000_000;

export type DocumentKind = 'pdf' | 'docx' | 'html';

/** The text, with a form feed between pages, or what is wrong. A fault continues the name of the file. */
export type ExtractedText = { text: string } | { fault: string };

interface Readers {
  pdfPages(bytes: Uint8Array, pages_max: number): Promise<{ pages: string[] } | { fault: string }>;
  htmlMarkdown(html: string): string;
  wordMarkdown(xml: string): string;
}

async function textOf(readers: Readers, kind: DocumentKind, bytes: Uint8Array): Promise<ExtractedText> {
  if (kind === 'html') return { text: readers.htmlMarkdown(new TextDecoder().decode(bytes)) };
  if (kind === 'docx') {
    const body = (await unzip(bytes, UNPACKED))['word/document.xml'];
    return body ? { text: readers.wordMarkdown(body.toString('utf8')) } : { fault: 'is not a Word document' };
  }
  const read = await readers.pdfPages(new Uint8Array(bytes), PAGES_MAX);
  if ('fault' in read) return read;
  if (read.pages.every((page) => page === ''))
    return {
      fault: `has ${read.pages.length} pages but no text: it was probably scanned. Run text recognition (OCR) on it first`,
    };
  return { text: read.pages.join('\f') };
}

async function extract(
  readers: Readers | undefined,
  { kind, bytes }: { kind: DocumentKind; bytes: Uint8Array },
): Promise<ExtractedText> {
  if (!readers) return { fault: NOT_INSTALLED };
  try {
    const read = await textOf(readers, kind, bytes);
    if ('fault' in read) return read;
    if (read.text.length > CHARACTERS_MAX) return { fault: `has more than ${CHARACTERS_MAX} characters` };
    return read.text.trim() === '' ? { fault: 'contains no text' } : read;
  } catch (error) {
    if (error instanceof ZipFault) return { fault: `cannot be read: the archive ${error.message}` };
    const isLocked = error instanceof Error && error.name === 'PasswordException';
    return { fault: isLocked ? 'is protected by a password' : 'cannot be read: it is damaged' };
  }
}

export const documentJobs = {
  extract: async () => {
    const readers = await import(READERS).then(
      (module) => module as Readers,
      () => undefined,
    );
    return (input: { kind: DocumentKind; bytes: Uint8Array }) => extract(readers, input);
  },
};

export default serve(documentJobs);
