import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import {
  faultsOf,
  faultsOfPaths,
  keepPicture,
  openPage,
  pathOf,
  startBrowser,
  startPlatform,
  type Platform,
} from './platform';

const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1.0.0' },
  servers: [{ url: 'https://shop.example.com' }],
  paths: {
    '/orders/{id}': {
      get: {
        operationId: 'getOrder',
        parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
        responses: {
          200: {
            description: 'The order',
            content: {
              'application/json': {
                schema: { type: 'object', properties: { total: { type: 'number', example: 129.5 } } },
              },
            },
          },
        },
      },
    },
  },
};

let platform: Platform;
let browser: Browser;
let page: Page;
let flow = '';
let run = '';
let integration = '';
let decision = '';
const complaints: string[] = [];

beforeAll(async () => {
  [platform, browser] = await Promise.all([startPlatform(), startBrowser()]);
  page = await openPage(browser, complaints);
  await page.goto(platform.link);
  await page.getByRole('heading', { name: 'Welcome to Nexus' }).waitFor();
});
afterEach((test) => keepPicture(page, test));
afterAll(async () => {
  await browser?.close();
  await platform?.stop();
});

it('writes a flow, publishes it, runs it, approves a step and sees it end', async () => {
  await page.getByRole('link', { name: 'Flows', exact: true }).first().click();
  await page.getByRole('link', { name: 'New flow' }).first().click();
  await page.getByRole('textbox', { name: 'Name' }).fill('Allow a request');
  await page.getByText('No faults.').waitFor();
  await page.getByRole('button', { name: 'Create the flow' }).click();
  await page.getByRole('heading', { level: 1, name: 'Allow a request' }).waitFor();
  flow = pathOf(page);
  await page.getByRole('button', { name: 'Publish' }).click();
  await page.getByText('Version 1', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByRole('dialog').getByRole('textbox', { name: 'Request' }).fill('A new chair');
  await page.getByRole('button', { name: 'Start the run' }).click();
  await page.getByRole('heading', { level: 2, name: 'Waits for' }).waitFor();
  run = pathOf(page);
  expect(await faultsOf(page)).toEqual([]);
  await page.getByRole('textbox', { name: 'Comment' }).fill('Fine');
  await page.getByRole('button', { name: 'Approve' }).click();
  await page.getByText('Completed', { exact: true }).first().waitFor();
  await page.getByRole('tab', { name: 'Input and output' }).click();
  await page.getByText('A new chair is allowed').waitFor();
});

it('names the line of a fault while a definition is written', async () => {
  await page.goto(`${platform.url}/console${flow}?tab=definition`);
  const editor = page.getByRole('textbox', { name: 'Definition in YAML' });
  await editor.click();
  await page.keyboard.press('Control+End');
  await page.keyboard.type('\nnonsense: true');
  await page.getByText('1 fault', { exact: true }).waitFor();
  expect(await page.locator('.fault-list li').innerText()).toContain('nonsense');
});

it('imports an API and calls an operation that the mock answers', async () => {
  await page.getByRole('link', { name: 'Integrations' }).click();
  await page.getByRole('link', { name: 'Import an API' }).first().click();
  await page.getByText('Paste', { exact: true }).click();
  await page.getByRole('textbox', { name: 'Document' }).fill(JSON.stringify(DOCUMENT));
  await page.getByRole('textbox', { name: 'Name' }).fill('shop');
  await page.getByRole('button', { name: 'Import' }).click();
  await page.getByRole('tab', { name: 'Mock and clients' }).click();
  integration = pathOf(page);
  await page.getByText('Instead of the API', { exact: true }).click();
  await page.getByText('Response from the mock', { exact: true }).waitFor();
  await page.getByRole('tab', { name: 'Operations' }).click();
  await page.getByRole('textbox', { name: 'id' }).fill('ord_1');
  await page.getByRole('button', { name: 'Call the operation' }).click();
  await page.getByText('129.5').first().waitFor();
  await page.getByText('Matches its schema').waitFor();
});

it('makes an API key, which works, and revokes it', async () => {
  await page.goto(`${platform.url}/console/settings?tab=keys`);
  await page.getByRole('button', { name: 'New API key' }).first().click();
  await page.getByRole('textbox', { name: 'Name' }).fill('journey');
  await page.getByRole('button', { name: 'Create the key' }).click();
  await page.getByText('Key journey created').waitFor();
  const key = (await page.locator('.note-box').getByText(/^nxs_/).innerText()).trim();
  const status = async (): Promise<number> =>
    (await fetch(`${platform.url}/api/v1/flows`, { headers: { Authorization: `Bearer ${key}` } })).status;
  expect(await status()).toBe(200);
  await page.getByRole('button', { name: 'Revoke journey' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke journey' }).click();
  await page.getByText('No API keys').waitFor();
  await expect.poll(status, { timeout: 60_000 }).toBe(401);
});

it('weighs a decision', async () => {
  await page.goto(`${platform.url}/console/orchestration?tab=decisions`);
  await page.getByRole('button', { name: 'New decision' }).first().click();
  await page.getByRole('textbox', { name: 'What you are considering' }).fill('Sell in Portugal');
  await page.getByRole('textbox', { name: 'Estimated cost in $' }).fill('100');
  await page.getByRole('textbox', { name: 'Expected revenue in $' }).fill('400');
  await page.getByRole('button', { name: 'Analyse' }).click();
  await page.waitForURL('**/console/orchestration/decisions/*');
  decision = pathOf(page);
});

it('has no violation of WCAG 2.2 AA on its pages, in both themes, and none is wider than a small phone', async () => {
  const settings = ['account', 'members', 'keys', 'credentials', 'models', 'budgets', 'audit', 'organization'];
  const paths = [
    ...[flow, run, integration, decision, '/orchestration/partnerships/claude_strategic'],
    ...['definition', 'triggers', 'versions'].map((tab) => `${flow}?tab=${tab}`),
    ...['findings', 'versions', 'tests'].map((tab) => `${integration}?tab=${tab}`),
    ...['/flows/new', '/integrations/new'],
    ...['decisions', 'calibration', 'readiness'].map((tab) => `/orchestration?tab=${tab}`),
    ...settings.map((tab) => `/settings?tab=${tab}`),
  ];
  expect(await faultsOfPaths(page, platform, paths)).toEqual([]);
});

it('had no error on the way', () => {
  expect(complaints).toEqual([]);
});
