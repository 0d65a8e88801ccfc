import { type UploadedDocument, DocumentReader } from '../../src/tools/documents/document-reader.js';
import { indexDocument } from '../../src/platform/search/document-index.js';
import { zip } from '../../src/platform/archive/zip.js';

/** Needs `npm run documents:install`. */
const reader = new DocumentReader();
afterAll(() => reader.onApplicationShutdown());

const file = (name: string, content: string | Buffer, content_type = ''): UploadedDocument => ({
  ...{ name, content_type, bytes: Buffer.from(content) },
});
const read = (document: UploadedDocument): Promise<string> => reader.read('org_a', document);

/** A PDF document with one line of text on each page that has one. */
function pdf(pages: string[]): Buffer {
  const kids = pages.map((_, index) => `${4 + index * 2} 0 R`).join(' ');
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    `<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
    ...pages.flatMap((text, index) => {
      const drawn = text === '' ? '' : `BT /F1 12 Tf 72 720 Td (${text}) Tj ET`;
      const resources = '/MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >>';
      return [
        `<< /Type /Page /Parent 2 0 R ${resources} /Contents ${5 + index * 2} 0 R >>`,
        `<< /Length ${drawn.length} >>\nstream\n${drawn}\nendstream`,
      ];
    }),
  ];
  let text = '%PDF-1.4\n';
  const offsets = objects.map((object, index) => {
    const offset = text.length;
    text += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return `${String(offset).padStart(10, '0')} 00000 n \n`;
  });
  const table = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.join('')}`;
  const trailer = `trailer << /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${text.length}\n%%EOF`;
  return Buffer.from(text + table + trailer, 'latin1');
}

const word = (body: string): Promise<Buffer> =>
  zip({ 'word/document.xml': `<w:document><w:body>${body}</w:body></w:document>` });

describe('DocumentReader', () => {
  it('reads the pages of a PDF document, which a lookup names', async () => {
    const text = await read(file('rates.pdf', pdf(['Our rates.', 'A city bike costs 15 euros a day.'])));
    expect(text).toBe('Our rates.\fA city bike costs 15 euros a day.');
    expect(indexDocument(text).places).toEqual([{ page: 1 }, { page: 2 }]);
  });

  it('says that a PDF document without text was probably scanned', async () => {
    await expect(read(file('scan.pdf', pdf(['', ''])))).rejects.toThrow(
      'scan.pdf has 2 pages but no text: it was probably scanned. Run text recognition (OCR) on it first',
    );
  });

  it('reads headings, paragraphs, pages and tables of a Word document', async () => {
    const run = (text: string) => `<w:r><w:t>${text}</w:t></w:r>`;
    const heading = `<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr>${run('Hours &amp; days')}</w:p>`;
    const next = '<w:r><w:br w:type="page"/></w:r>';
    const cell = (text: string) => `<w:tc><w:p>${run(text)}</w:p></w:tc>`;
    const table = `<w:tbl><w:tr>${cell('Monday')}${cell('9:15')}</w:tr></w:tbl>`;
    const text = await read(
      file('hours.docx', await word(`${heading}<w:p>${next}${run('We open early.')}</w:p>${table}`)),
    );
    expect(text).toBe('# Hours & days\fWe open early.\n\nMonday | 9:15');
    expect(indexDocument(text).places).toEqual([
      { page: 1, heading: 'Hours & days' },
      { page: 2, heading: 'Hours & days' },
      { page: 2, heading: 'Hours & days' },
    ]);
  });

  it('reads HTML without its scripts', async () => {
    const page =
      '<!doctype html><head><title>t</title></head><h2>Fees</h2><p>15&nbsp;&euro;</p><script>alert(1)</script>';
    expect(await read(file('fees', page))).toBe('## Fees\n\n15 €');
  });

  it.each([
    [
      'a PDF document of too many pages',
      'long.pdf',
      pdf(Array<string>(2_001).fill('Page')),
      'has 2001 pages; at most 2000 are read',
    ],
    ['more text than is kept', 'long.html', `<p>${'word '.repeat(1_100_000)}</p>`, 'has more than 5000000 characters'],
  ])('refuses %s', async (_, name, content, fault) => {
    await expect(read(file(name, content))).rejects.toThrow(`${name} ${fault}`);
  });

  it('reads a PDF document of as many pages as are allowed', async () => {
    expect((await read(file('long.pdf', pdf(Array<string>(2_000).fill('Page'))))).split('\f')).toHaveLength(2_000);
  });

  it.each([
    ['CPU time', { deadline_ms: 200, heap_mb: 512 }, 'it ran too long'],
    ['memory', { deadline_ms: 60_000, heap_mb: 48 }, 'it needs too much memory'],
  ])('ends the process of a document that takes too much %s, and no other', async (_, bounds, fault) => {
    const bounded = new DocumentReader(bounds);
    try {
      const costly = bounded.read('org_a', file('costly.html', `<html>${'<p>a'.repeat(8_000_000)}`));
      const [said, other] = await Promise.all([
        costly.then(
          ({ length }) => `read ${length} characters`,
          ({ message }: Error) => message,
        ),
        read(file('b.html', '<p>still here</p>')),
      ]);
      expect([said, other]).toEqual([expect.stringContaining(`costly.html cannot be read: ${fault}`), 'still here']);
    } finally {
      await bounded.onApplicationShutdown();
    }
  });

  it('refuses what is damaged, foreign or a bomb, and goes on', async () => {
    const bomb = await word('x'.repeat(51_000_000));
    expect(bomb.byteLength).toBeLessThan(100_000);
    await expect(read(file('bomb.docx', bomb))).rejects.toThrow(
      'bomb.docx cannot be read: the archive contains more than 50000000 bytes',
    );
    await expect(read(file('a.pdf', '%PDF-1.4 nothing'))).rejects.toThrow('a.pdf cannot be read: it is damaged');
    await expect(read(file('a.zip', await zip({ 'a.txt': 'a' })))).rejects.toThrow('a.zip is not a Word document');
    await expect(read(file('a.docx', 'PK\u0003\u0004'))).rejects.toThrow('a.docx cannot be read: the archive');
    await expect(read(file('a.html', '<html><script>x</script></html>'))).rejects.toThrow('a.html contains no text');
    expect(await read(file('b.html', '<p>still here</p>'))).toBe('still here');
  });
});
