import { SecretSearch } from './secrets-in-text.js';

const KEY = `nxs_${'k'.repeat(43)}`;
const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyIn0.c2lnbmF0dXJlLW9mLWEtdG9rZW4';

it('finds secrets of the platform by their form alone', () => {
  const search = new SecretSearch([]);
  expect(search.in(`{"msg":"key ${KEY}"} {"url":"/?token=${JWT}&x"}`)).toEqual([KEY, JWT]);
  expect(search.in('{"key_id":"key_01KAG4ZQ4N5B1M6Z6K0TQX0N3R","nxs_":"[redacted]"}')).toEqual([]);
});

it('finds values that were used: as they are, in an address, in base64', () => {
  const search = new SecretSearch(['seven quiet harbours', 'tool-credential-0123', 'short']);
  expect(search.in('{"password":"seven quiet harbours"}')).toEqual(['seven quiet harbours']);
  expect(search.in('GET /login?p=seven%20quiet%20harbours')).toEqual(['seven quiet harbours']);
  expect(search.in(`Basic ${Buffer.from('tool-credential-0123').toString('base64')}`)).toEqual([
    'tool-credential-0123',
  ]);
  expect(search.in('a short text; tool-credential-01234 is another')).toEqual([]);
});
