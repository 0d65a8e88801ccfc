import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseSettings } from '../config/load-settings.js';
import { SecretBox } from './secret-box.js';

const key = (fill: number): string => Buffer.alloc(32, fill).toString('base64');
const directory = mkdtempSync(join(tmpdir(), 'nexus-secrets-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const box = (settings: Record<string, string>) =>
  new SecretBox(parseSettings({ ENVIRONMENT: 'test', NEXUS_DATA_DIR: directory, ...settings }));

describe('SecretBox', () => {
  it('opens what it sealed, for exactly what it was sealed for', () => {
    const secrets = box({ NEXUS_ENCRYPTION_KEY: key(1) });
    const sealed = secrets.seal('hunter2 é', 'tool:acme:tool_1');
    expect(JSON.stringify(sealed)).not.toContain('hunter2');
    expect(secrets.open(sealed, 'tool:acme:tool_1')).toBe('hunter2 é');
    expect(() => secrets.open(sealed, 'tool:other:tool_1')).toThrow('cannot be decrypted');
    const forged = { ...sealed, data: Buffer.from('other').toString('base64') };
    expect(() => secrets.open(forged, 'tool:acme:tool_1')).toThrow('cannot be decrypted');
  });

  it('never seals the same secret the same way', () => {
    const secrets = box({ NEXUS_ENCRYPTION_KEY: key(1) });
    expect(secrets.seal('a', 'b').data).not.toBe(secrets.seal('a', 'b').data);
  });

  it('seals with the first key and opens with every one', () => {
    const old = box({ NEXUS_ENCRYPTION_KEY: key(1) }).seal('secret', 'x');
    const both = box({ NEXUS_ENCRYPTION_KEY: `${key(2)},${key(1)}` });
    expect(both.open(old, 'x')).toBe('secret');
    const fresh = both.seal('secret', 'x');
    expect(fresh.key_id).not.toBe(old.key_id);
    expect(() => box({ NEXUS_ENCRYPTION_KEY: key(2) }).open(old, 'x')).toThrow('is not configured');
  });

  it('keeps a key in the data directory where none is set, but not in production', () => {
    const sealed = box({}).seal('secret', 'x');
    expect(box({}).open(sealed, 'x')).toBe('secret');
    const production = box({ ENVIRONMENT: 'production', JWT_SECRET_KEY: 'q8F0m3Wn7Zr1Tx5Vb9Kd2Ls6Hp4Gy0Uc8Je' });
    expect(() => production.seal('secret', 'x')).toThrow('NEXUS_ENCRYPTION_KEY is not set');
  });

  it('refuses keys of another length at the start', () => {
    expect(() => box({ NEXUS_ENCRYPTION_KEY: 'c2hvcnQ=' })).toThrow('NEXUS_ENCRYPTION_KEY: must be keys of 32 bytes');
  });
});
