import { unzip, zip } from './zip.js';

const FILES = { 'b/ä.txt': 'text '.repeat(1_000), 'a.bin': new Uint8Array([0, 255, 1]), empty: '' };
const LIMITS = { files_max: 10, bytes_max: 10_000 };

it('packs what it unpacks, with the same bytes each time', async () => {
  const archive = await zip(FILES);
  expect((await zip({ ...FILES })).equals(archive)).toBe(true);
  const found = await unzip(archive, LIMITS);
  expect(Object.fromEntries(Object.entries(found).map(([path, bytes]) => [path, bytes.toString('latin1')]))).toEqual({
    'a.bin': '\u0000ÿ\u0001',
    'b/ä.txt': FILES['b/ä.txt'],
    empty: '',
  });
});

it('refuses what is damaged or beyond its limits', async () => {
  const archive = await zip(FILES);
  await expect(unzip(archive, { ...LIMITS, files_max: 2 })).rejects.toThrow('contains more than 2 files');
  await expect(unzip(archive, { ...LIMITS, bytes_max: 4_000 })).rejects.toThrow('contains more than 4000 bytes');
  await expect(unzip(Buffer.from('no archive at all, really'), LIMITS)).rejects.toThrow('is not a ZIP archive');
  const damaged = Buffer.from(archive);
  damaged[37] = (damaged[37] ?? 0) ^ 0xff;
  await expect(unzip(damaged, LIMITS)).rejects.toThrow('is damaged');
  for (let cut = 0; cut < archive.length; cut += 7)
    await expect(unzip(archive.subarray(0, cut), LIMITS)).rejects.toThrow(/is damaged|is not a ZIP archive/);
});
