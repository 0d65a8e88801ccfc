import { request } from 'node:http';
import { startApp, type TestApp } from '../support/app.js';

interface Reply {
  status: number | undefined;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** `fetch` decodes answers and hides how they were encoded. */
function ask(app: TestApp, path: string, headers: Record<string, string> = {}): Promise<Reply> {
  const { hostname, port } = new URL(app.url);
  return new Promise((resolve, reject) => {
    request({ host: hostname, port, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString() }),
      );
    })
      .on('error', reject)
      .end();
  });
}

describe('the console', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  it('is one page for every address of its router, with a policy that names no foreign host and no inline code', async () => {
    const [first, second] = [await ask(app, '/console'), await ask(app, '/console/agents/proj_1%3Ashop')];
    expect([first.status, second.status]).toEqual([200, 200]);
    const policy = String(first.headers['content-security-policy']);
    const nonce = /'nonce-([^']+)'/.exec(policy)?.[1] ?? '';
    expect(policy).toContain(`script-src 'self'; style-src 'self' 'nonce-${nonce}'`);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    expect(policy).not.toContain('http');
    expect(first.text).toContain(`<meta property="csp-nonce" nonce="${nonce}">`);
    expect(first.text).not.toContain('__NONCE__');
    expect(second.headers['content-security-policy']).not.toBe(policy);
    expect(first.headers['cache-control']).toBe('no-store');
    expect(first.text).not.toMatch(/https?:\/\//);
  });

  it('sends its files compressed, to be kept for a year', async () => {
    const script = /src="(\/console\/assets\/[^"]+\.js)"/.exec((await ask(app, '/console')).text)?.[1] ?? '';
    const plain = await ask(app, script);
    const zipped = await ask(app, script, { 'accept-encoding': 'gzip' });
    const small = await ask(app, script, { 'accept-encoding': 'gzip, deflate, br' });
    expect([plain, zipped, small].map(({ headers }) => headers['content-encoding'])).toEqual([undefined, 'gzip', 'br']);
    expect(small.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'Accept-Encoding',
    });
    const sizes = [plain, zipped, small].map(({ headers }) => Number(headers['content-length']));
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
  });

  it('answers 404 for a file that the build does not have, and gives no other file of the disk', async () => {
    for (const path of ['/console/assets/gone.js', '/console/../package.json', '/console/..%2f..%2fpackage.json']) {
      const { status, text } = await ask(app, path);
      expect([path, status]).toEqual([path, 404]);
      expect(text).toContain('"code":"RESOURCE_NOT_FOUND"');
    }
  });
});

it('is left out where the operator turns it off', async () => {
  const app = await startApp({ NEXUS_CONSOLE: 'false' });
  try {
    expect((await ask(app, '/console')).status).toBe(404);
  } finally {
    await app.close();
  }
});
