// Text of PDF, HTML and WordprocessingML. Runs in a worker process that is killed when it takes too long or too much memory.
import { Parser } from 'htmlparser2';
import { getDocumentProxy } from 'unpdf';

/**
 * The text of each page of a PDF document.
 * @param {Uint8Array} bytes
 * @param {number} pagesMax
 * @returns {Promise<{ pages: string[] } | { fault: string }>}
 */
export async function pdfPages(bytes, pagesMax) {
  const document = await getDocumentProxy(bytes, { isEvalSupported: false, verbosity: 0 });
  if (document.numPages > pagesMax) return { fault: `has ${document.numPages} pages; at most ${pagesMax} are read` };
  const pages = [];
  for (let number = 1; number <= document.numPages; number++) {
    const page = await document.getPage(number);
    const { items } = await page.getTextContent();
    pages.push(pageText(items));
    page.cleanup();
  }
  return { pages };
}

/** Lines of one paragraph end with a line break; a larger step down the page begins a paragraph. */
function pageText(items) {
  let text = '';
  let last;
  for (const { str, hasEOL, transform, height } of items) {
    if (str === undefined) continue;
    const y = transform[5];
    if (last !== undefined && str.trim() !== '' && last - y > 1.8 * Math.max(height, 6)) text += '\n\n';
    text += str;
    if (hasEOL) text += '\n';
    if (str.trim() !== '') last = y;
  }
  return text.replace(/[ \t]+\n/g, '\n').replace(/\n{3,}/g, '\n\n').trim();
}

const SKIPPED = new Set(['script', 'style', 'noscript', 'template', 'svg', 'head', 'iframe', 'object']);
const BLOCKS = new Set(
  'p div section article header footer main aside nav ul ol table tr pre blockquote figure figcaption form dl dt dd hr address details summary'.split(' '),
);

/**
 * HTML as Markdown: headings, paragraphs, list items and rows of tables; scripts and styles are left out.
 * @param {string} html
 * @returns {string}
 */
export function htmlMarkdown(html) {
  const lines = [];
  let line = '';
  let prefix = '';
  let skipped = 0;
  const flush = () => {
    const text = line.replace(/\s+/g, ' ').trim();
    if (text !== '') lines.push(prefix + text);
    line = '';
    prefix = '';
  };
  const parser = new Parser({
    onopentag(name) {
      if (SKIPPED.has(name)) skipped += 1;
      const level = /^h([1-6])$/.exec(name)?.[1];
      if (level || name === 'li' || BLOCKS.has(name)) flush();
      if (level) prefix = `${'#'.repeat(Number(level))} `;
      if (name === 'li') prefix = '- ';
      if (name === 'br') line += ' ';
      if (name === 'td' || name === 'th') line += line.trim() === '' ? '' : ' | ';
    },
    ontext(text) {
      if (skipped === 0) line += text;
    },
    onclosetag(name) {
      if (SKIPPED.has(name)) skipped -= 1;
      if (/^h[1-6]$/.test(name) || name === 'li' || BLOCKS.has(name)) flush();
    },
  });
  parser.write(html);
  parser.end();
  flush();
  return lines.join('\n\n');
}

/**
 * `word/document.xml` as Markdown with a form feed between pages where the document says so.
 * @param {string} xml
 * @returns {string}
 */
export function wordMarkdown(xml) {
  const paragraphs = [];
  let text = '';
  let prefix = '';
  let inText = false;
  let rows = 0;
  let cells = [];
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        if (name === 'w:p') [text, prefix] = ['', ''];
        if (name === 'w:t') inText = true;
        if (name === 'w:tab') text += '\t';
        if (name === 'w:br') text += attributes['w:type'] === 'page' ? '\f' : '\n';
        if (name === 'w:lastRenderedPageBreak') text += '\f';
        if (name === 'w:numPr') prefix ||= '- ';
        const level = name === 'w:pStyle' && /^(?:heading|berschrift|titre|ttulo)\s?([1-6])$/i.exec(attributes['w:val'] ?? '');
        if (level) prefix = `${'#'.repeat(Number(level[1]))} `;
        if (name === 'w:pStyle' && /^title$/i.test(attributes['w:val'] ?? '')) prefix = '# ';
        if (name === 'w:tr') [rows, cells] = [rows + 1, []];
      },
      ontext(part) {
        if (inText) text += part;
      },
      onclosetag(name) {
        if (name === 'w:t') inText = false;
        if (name === 'w:p' && rows > 0) cells.push(text.trim());
        else if (name === 'w:p') paragraphs.push(withPages(prefix, text));
        if (name === 'w:tr') {
          rows -= 1;
          paragraphs.push(cells.filter((cell) => cell !== '').join(' | '));
        }
      },
    },
    { xmlMode: true, decodeEntities: true },
  );
  parser.write(xml);
  parser.end();
  return paragraphs.filter((paragraph) => paragraph !== '').join('\n\n').replace(/\n*\f\n*/g, '\f');
}

/** A page break before the words of a paragraph stands before its heading mark. */
function withPages(prefix, text) {
  const [, breaks = '', words = ''] = /^([\f\s]*)([\s\S]*)$/.exec(text) ?? [];
  const pages = breaks.replace(/[^\f]/g, '');
  return words.trim() === '' ? pages : `${pages}${prefix}${words.trim()}`;
}
