import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { AxeResults } from 'axe-core';
import { chromium, type Browser, type Page } from 'playwright-core';
import { expect, type TestContext } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const START_MS = 120_000;
const WAIT_MS = 60_000;
const AXE = readFileSync(join(ROOT, '.ci/node_modules/axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 360, height: 800 };

export const ADMIN = { email: 'admin@nexus.local', password: 'nine purple lanterns' };

export interface Platform {
  url: string;
  /** The address that the start printed, with the code that signs in once. */
  link: string;
  /** What it printed, with its mails: in development they go to the terminal. */
  said: () => string;
  stop: () => Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === 'string') throw new Error('No port');
  return address.port;
}

/** `npm start` in development, on the embedded database in a folder of its own. */
export async function startPlatform(): Promise<Platform> {
  const folder = mkdtempSync(join(tmpdir(), 'nexus-console-'));
  const child = spawn(join(ROOT, 'node_modules/.bin/node'), ['dist/main.js'], {
    cwd: ROOT,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      ENVIRONMENT: 'development',
      API_PORT: String(await freePort()),
      NEXUS_DATA_DIR: join(folder, 'data'),
      RATE_LIMIT_PER_MINUTE: '100000',
      NEXUS_ADMIN_PASSWORD: ADMIN.password,
      NEXUS_ALLOW_REGISTRATION: 'true',
      LOG_LEVEL: 'ERROR',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = async (): Promise<void> => {
    const ended = new Promise((done) => child.once('exit', done));
    if (child.exitCode === null && child.kill('SIGTERM')) await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const link = await new Promise<string>((done, fail) => {
    const timer = setTimeout(() => fail(new Error(`The platform did not start:\n${said}`)), START_MS);
    child.once('exit', () => fail(new Error(`The platform ended:\n${said}`)));
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const found = /Console: (\S+)/.exec(said)?.[1];
      if (found === undefined) return;
      clearTimeout(timer);
      done(found);
    });
  }).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { url: new URL(link).origin, link, said: () => said, stop };
}

/** The Chromium of the system: nothing is downloaded. */
export async function startBrowser(): Promise<Browser> {
  const executablePath = CHROMIUM.find((path) => existsSync(path));
  if (executablePath === undefined) throw new Error('Install Chromium: apt-get install chromium');
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}

/** A page without a sign-in. What the browser complains about goes to `complaints`: violated policies, missing files, exceptions. */
export async function openPage(browser: Browser, complaints: string[] = []): Promise<Page> {
  const page = await browser.newPage({ viewport: DESKTOP, colorScheme: 'light', reducedMotion: 'reduce' });
  page.setDefaultTimeout(WAIT_MS);
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  return page;
}

/** The address of the open page inside the console. */
export const pathOf = (page: Page): string => new URL(page.url()).pathname.replace('/console', '');

/** Violations of WCAG 2.2 AA in both themes, and a width over that of a small phone, of the page as it is now. */
export async function faultsOf(page: Page): Promise<string[]> {
  // An open dialog hides the rest from roles, so the heading is found by its element.
  await page.locator('h1').first().waitFor({ state: 'attached' });
  await expect.poll(() => page.locator('[aria-busy=true]').count(), { timeout: WAIT_MS }).toBe(0);
  const found: string[] = [];
  await page.evaluate(AXE);
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.locator(`html[data-mantine-color-scheme=${colorScheme}]`).waitFor();
    const { violations } = await page.evaluate<AxeResults>(`axe.run({ runOnly: ${JSON.stringify(RULES)} })`);
    for (const { id, nodes } of violations)
      found.push(`${colorScheme} ${page.url()}: ${id}: ${nodes[0]?.html.slice(0, 160) ?? ''}`);
  }
  await page.setViewportSize(PHONE);
  const excess = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  if (excess > 0) found.push(`${page.url()}: ${excess} px wider than ${PHONE.width}`);
  await page.setViewportSize(DESKTOP);
  return found;
}

/** The faults of each address of the console. */
export async function faultsOfPaths(page: Page, platform: Platform, paths: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const path of paths) {
    await page.goto(`${platform.url}/console${path}`);
    found.push(...(await faultsOf(page)));
  }
  return found;
}

/** Keeps a picture of the page on which a test failed, and prints where it is. */
export async function keepPicture(page: Page | undefined, { task }: TestContext): Promise<void> {
  if (page === undefined || task.result?.state !== 'fail') return;
  const path = join(mkdtempSync(join(tmpdir(), 'nexus-journey-')), 'failed.png');
  await page.screenshot({ path, fullPage: true });
  process.stdout.write(`"${task.name}" failed at ${page.url()}: ${path}\n`);
}
