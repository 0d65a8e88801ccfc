import { readFileSync } from 'node:fs';
import { CREDENTIAL_SOURCES, settingsSchema } from '../../src/platform/config/settings-schema.js';

/** Read by libraries under their own names. */
const OF_LIBRARIES = ['AWS_SECRET_ACCESS_KEY'];
/** Only their presence counts; people set them as the AWS documentation says. */
const UNLISTED: string[] = CREDENTIAL_SOURCES.filter((name) => name !== 'AWS_ACCESS_KEY_ID');

const listed = [...readFileSync('.env.example', 'utf8').matchAll(/^# ?([A-Z][A-Z0-9_]+)=/gm)].map(
  ([, name]) => name ?? '',
);

describe('.env.example', () => {
  it('lists every setting once, and nothing else', () => {
    const settings = Object.keys(settingsSchema().shape).filter((name) => !UNLISTED.includes(name));
    expect(listed.filter((name) => !OF_LIBRARIES.includes(name)).sort()).toEqual(settings.sort());
  });
});
