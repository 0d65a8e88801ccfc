import { ValidationError } from '../../shared/domain-error.js';
import { CursorCodec } from './cursors.js';

const SCOPE = 'agents:org_1:status=running';
const KEY = { agent_id: 'proj_1:writer', created_at: '2026-01-01T00:00:00.000Z', rank: 7 };
const codec = new CursorCodec('a secret of the platform');

const refusal = (cursor: string, scope = SCOPE): unknown => {
  try {
    return codec.decode(scope, cursor);
  } catch (error) {
    return error;
  }
};

describe('CursorCodec', () => {
  it('gives back the key, types included, in a form that needs no escaping in a URL', () => {
    const cursor = codec.encode(SCOPE, KEY);
    expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(codec.decode(SCOPE, cursor)).toEqual(KEY);
  });

  it('refuses a cursor of another organization, filter or secret', () => {
    const cursor = codec.encode(SCOPE, KEY);
    expect(refusal(cursor, 'agents:org_2:status=running')).toBeInstanceOf(ValidationError);
    expect(refusal(cursor, 'agents:org_1:status=offline')).toBeInstanceOf(ValidationError);
    expect(refusal(new CursorCodec('another').encode(SCOPE, KEY))).toBeInstanceOf(ValidationError);
  });

  it('refuses a cursor with any bit changed', () => {
    const bytes = Buffer.from(codec.encode(SCOPE, KEY), 'base64url');
    for (let index = 0; index < bytes.length; index += 1) {
      const forged = Buffer.from(bytes);
      forged[index] = bytes[index]! ^ 1;
      expect(refusal(forged.toString('base64url'))).toBeInstanceOf(ValidationError);
    }
  });

  it.each(['', 'x', '%%%', 'eyJhIjoxfQ', 'a'.repeat(43), 'a'.repeat(4096)])(
    'refuses what never was a cursor: %s',
    (text) => {
      expect(refusal(text)).toMatchObject({
        details: { fields: { last_key: [expect.stringContaining('not a cursor')] } },
      });
    },
  );

  it('refuses another spelling of the same bytes', () => {
    expect(refusal(`${codec.encode(SCOPE, KEY)}=`)).toBeInstanceOf(ValidationError);
  });
});
