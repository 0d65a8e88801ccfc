import type { Browser, Page, Request } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import {
  ADMIN,
  faultsOf,
  faultsOfPaths,
  keepPicture,
  openPage,
  pathOf,
  startBrowser,
  startPlatform,
  type Platform,
} from './platform';

const SCRIPT_LIMIT = 300 * 1024;
const REQUIREMENT =
  'An agent for scheduling meetings across time zones. It converts times between cities and counts the days until a deadline.';

let platform: Platform;
let browser: Browser;
let page: Page;
const complaints: string[] = [];
let agent = '';
let run = '';
let build = '';
let session = '';

beforeAll(async () => {
  [platform, browser] = await Promise.all([startPlatform(), startBrowser()]);
  page = await openPage(browser, complaints);
});
afterEach((test) => keepPicture(page, test));
afterAll(async () => {
  await browser?.close();
  await platform?.stop();
});

const open = async (path: string): Promise<void> => {
  await page.goto(`${platform.url}/console${path}`);
  await page.getByRole('heading', { level: 1 }).waitFor();
};

it('signs in with the link of the start, once, and loads little script from this host only', async () => {
  const sizes: Promise<number>[] = [];
  const hosts = new Set<string>();
  page.on('request', (request) => hosts.add(new URL(request.url()).origin));
  const measure = (request: Request): void => {
    if (request.resourceType() === 'script')
      sizes.push(request.sizes().then(({ responseBodySize }) => responseBodySize));
  };
  page.on('requestfinished', measure);
  await page.goto(platform.link);
  await page.getByRole('heading', { name: 'Welcome to Nexus' }).waitFor();
  const ready = await page.evaluate(() => Math.round(performance.now()));
  expect(page.url()).toBe(`${platform.url}/console/`);
  expect([...hosts]).toEqual([platform.url]);
  await page.waitForLoadState('networkidle');
  page.off('requestfinished', measure);
  const scripts = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  process.stdout.write(`First load: ${Math.round(scripts / 1024)} KB of script, page there after ${ready} ms\n`);
  expect(scripts).toBeGreaterThan(0);
  expect(scripts).toBeLessThan(SCRIPT_LIMIT);

  const other = await openPage(browser);
  await other.goto(platform.link);
  await other.getByText('The sign-in link is unknown, already used or expired').waitFor();
  expect(await faultsOf(other)).toEqual([]);
  await other.close();
});

it('builds an agent and follows its stages', async () => {
  await page.getByRole('link', { name: 'New agent' }).click();
  await page.getByRole('textbox', { name: 'Requirement' }).fill(REQUIREMENT);
  await page.getByText('What the offline model can build').waitFor();
  await page.getByRole('button', { name: 'Build the agent' }).click();
  await page.getByRole('list', { name: 'Build progress' }).waitFor();
  await page.getByRole('link', { name: 'Open the agent' }).waitFor();
  build = pathOf(page);
  const completed = page.getByRole('list', { name: 'Build progress' }).getByText(', Completed');
  await completed.nth(5).waitFor({ state: 'attached' });
  expect(await completed.count()).toBe(6);
  await page.getByRole('tab', { name: 'Coverage' }).click();
  await page.getByText('What is 10:00 London in Tokyo?').waitFor();
  await page.getByRole('tab', { name: 'Log' }).click();
  await page.locator('.log li').first().waitFor();
  await page.getByRole('tab', { name: /^Artifacts/ }).click();
  await page.getByRole('button', { name: /^architecture\.md/ }).click();
  await page.locator('.graph-node').first().waitFor();
});

it('talks to it, sees the call of the tool, and the run as a waterfall', async () => {
  await page.getByRole('link', { name: 'Chat' }).click();
  await page.getByRole('textbox', { name: 'Message' }).fill('What is 10:00 London in Tokyo?');
  await page.keyboard.press('Enter');
  await page.getByText('10:00 in London is 19:00 in Tokyo').first().waitFor();
  await page.locator('details.call summary', { hasText: 'date_time' }).waitFor();
  await page.getByRole('link', { name: 'Open the run' }).click();
  await page.getByRole('heading', { level: 1, name: 'What is 10:00 London in Tokyo?' }).waitFor();
  run = pathOf(page);
  session = ((await page.getByRole('link', { name: 'Session' }).last().getAttribute('href')) ?? '').replace(
    '/console',
    '',
  );
  expect(session).toMatch(/^\/sessions\/./);
  const tool = page.locator('.waterfall-row', { hasText: 'date_time' });
  await tool.click();
  await page.getByText('"zone": "Asia/Tokyo"').waitFor();
  await page.getByRole('link', { name: 'meetings_zones_assistant' }).click();
  await page.getByRole('heading', { level: 1, name: 'meetings_zones_assistant' }).waitFor();
  agent = pathOf(page);
  await page.getByRole('tab', { name: 'Use it from code' }).click();
  await page.getByText('curl -N').waitFor();
});

it('edits the definition, which makes a version', async () => {
  await open(agent);
  await page.getByRole('tab', { name: 'Definition' }).click();
  const prompt = page.getByRole('textbox', { name: 'Instructions' });
  await prompt.fill(`${await prompt.inputValue()}\nAnswer in one sentence.`);
  await page.getByRole('button', { name: 'Save as a new version' }).click();
  await page.getByText('Saved as v1.0.1').waitFor();
  await page.getByRole('tab', { name: 'Versions' }).click();
  await page.getByText('Answer in one sentence.').first().waitFor();
});

it('rolls out a version: saves one for it, starts, compares, changes the share, stops and promotes', async () => {
  await open(agent);
  await page.getByRole('tab', { name: 'Definition' }).click();
  const prompt = page.getByRole('textbox', { name: 'Instructions' });
  await prompt.fill(`${await prompt.inputValue()}\nBe brief.`);
  await page.getByRole('button', { name: 'Save for a rollout' }).click();
  await page.getByText('Saved as v1.0.2').waitFor();
  await page.getByRole('tab', { name: 'Versions' }).click();
  await page.getByRole('combobox', { name: 'Version to roll out' }).click();
  await page.getByRole('option', { name: 'v1.0.0' }).last().click();
  const part = page.getByRole('tabpanel', { name: 'Versions' });
  const percent = part.getByRole('spinbutton', { name: 'Share of sessions' });
  await percent.fill('100');
  await page.keyboard.press('Enter');
  await part.getByRole('alert').getByText('Trace').waitFor();
  await percent.fill('99');
  expect(await faultsOf(page)).toEqual([]);
  await page.keyboard.press('Enter');
  const figures = part.getByRole('table', { name: 'v1.0.1 and v1.0.0 since the rollout began' });
  await figures.getByRole('columnheader', { name: 'v1.0.0 (candidate)' }).waitFor();
  await page.getByText('v1.0.0 at 99 %', { exact: true }).waitFor();
  await percent.focus();
  await percent.fill('30');
  await page.keyboard.press('Enter');
  await figures.getByRole('row', { name: 'Share of sessions' }).getByText('30 %').waitFor();
  expect(await figures.getByRole('row', { name: 'Calls' }).getByRole('cell').allInnerTexts()).toEqual(['0', '0']);
  expect(await faultsOf(page)).toEqual([]);
  await part.getByRole('button', { name: 'Stop the rollout' }).click();
  await page.getByRole('dialog').getByText('All sessions run v1.0.1 again').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Stop the rollout' }).click();
  await part.getByText('Stopped', { exact: true }).waitFor();
  expect(await part.getByRole('combobox', { name: 'Version to roll out' }).inputValue()).toBe('v1.0.2');
  await part.getByRole('button', { name: 'Start the rollout' }).click();
  await part.getByRole('button', { name: 'Promote v1.0.2' }).click();
  await part.getByText('Promoted', { exact: true }).waitFor();
  expect(await faultsOf(page)).toEqual([]);
  await part.getByRole('button', { name: 'Go back to v1.0.1' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Go back to v1.0.1' }).click();
  await page.getByText('The agent now runs v1.0.1').waitFor();
});

it('compares two versions, sends an edited message again, and saves an answer as an example', async () => {
  await open(`/playground?agent=${agent.slice('/agents/'.length)}&version=v1.0.0`);
  const message = page.getByRole('textbox', { name: 'Message' });
  await message.fill('What is 8:00 Berlin in London?');
  await page.keyboard.press('Enter');
  const keep = page.getByRole('button', { name: 'Save as an acceptance example' });
  await keep.waitFor();
  const sessionOf = (): Promise<string | null> =>
    page.locator('.chat-side a[href*="/sessions/sess_"]').first().getAttribute('href');
  await message.fill('And now?');
  await page.keyboard.press('Enter');
  await keep.nth(1).waitFor();
  const before = await sessionOf();
  await page.getByRole('button', { name: 'Edit and send' }).last().click();
  await page.getByText('Replaces the message').waitFor();
  await message.fill('What is 10:00 Paris in Tokyo?');
  await page.keyboard.press('Enter');
  await page.getByText('10:00 in Paris is 18:00 in Tokyo').first().waitFor();
  expect(await page.locator('.bubble[data-role=user]').allInnerTexts()).toEqual([
    'What is 8:00 Berlin in London?',
    'What is 10:00 Paris in Tokyo?',
  ]);
  await keep.nth(1).waitFor();
  expect(await sessionOf()).not.toBe(before);

  await page.getByRole('switch', { name: 'Compare two' }).click();
  await page.getByRole('combobox', { name: 'Second version' }).click();
  await page.getByRole('option', { name: /^v1\.0\.1/ }).click();
  await message.fill('What can you do?');
  await page.keyboard.press('Enter');
  const sides = page.locator('.chat-side');
  await sides.nth(0).getByText('v1.0.0', { exact: true }).last().waitFor();
  await sides.nth(1).getByText('v1.0.1', { exact: true }).waitFor();
  expect(await faultsOf(page)).toEqual([]);

  await keep.first().click();
  await page.getByLabel('The answer contains').first().fill('07:00');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').getByText('date_time').first().waitFor();
  expect(await faultsOf(page)).toEqual([]);
  await page.getByRole('button', { name: 'Save the example' }).click();
  await page.getByText('Example saved').waitFor();
  await open(agent);
  await page.getByRole('tab', { name: 'Examples' }).click();
  await page.getByText('What is 8:00 Berlin in London?').waitFor();
  expect(await faultsOf(page)).toEqual([]);
});

it('restarts the build from a stage, which runs the saved example', async () => {
  await open(build);
  await page.getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: 'Restart' }).click();
  const dialog = page.getByRole('dialog');
  expect(await dialog.getByRole('combobox', { name: 'From a stage' }).inputValue()).toBe('Deployment');
  expect(await faultsOf(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Restart' }).click();
  await page.getByRole('tab', { name: 'Log' }).click();
  await page.getByText('and 1 saved by users').waitFor();
  await page.getByText(/Registered .*version v1\.0\.3/).waitFor();
});

it('tests a model and shows the prices', async () => {
  await open('/settings?tab=models');
  await page.getByRole('button', { name: 'Test the model' }).click();
  await page.getByText('nexus/offline of offline').waitFor();
  await page.getByRole('cell', { name: 'gpt-4o-mini' }).waitFor();
  await page.getByRole('textbox', { name: 'Model to test' }).fill('nowhere:gpt');
  await page.getByRole('button', { name: 'Test the model' }).click();
  await page.getByText('which is not set up here').first().waitFor();
  expect(await faultsOf(page)).toEqual([]);
});

it('finds a record by its id from the keyboard', async () => {
  await open('/');
  await page.keyboard.press('Control+k');
  // At once: what is typed before the dialog stands counts too.
  await page.keyboard.type(run.slice('/runs/'.length));
  await page.locator('input[role=combobox]:focus').waitFor();
  expect(await page.getByRole('combobox').last().inputValue()).toBe(run.slice('/runs/'.length));
  await page.getByRole('option', { name: /^Open inv_/ }).waitFor();
  expect(await faultsOf(page)).toEqual([]);
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/console${run}`);
});

it('lists the runs and conversations of all agents, filtered by status, time, agent and whole id', async () => {
  await open('/runs');
  const rows = page.getByRole('table', { name: 'Runs' }).getByRole('row');
  await rows.filter({ hasText: 'What is 10:00 London in Tokyo?' }).first().waitFor();
  await page.getByText('Failed', { exact: true }).first().click();
  await page.getByText('No run matches').waitFor();
  expect(new URL(page.url()).searchParams.get('status')).toBe('failed');
  await page.goto(`${platform.url}/console/runs?since=hour&status=success&agent=${agent.slice('/agents/'.length)}`);
  await rows.filter({ hasText: 'What is 10:00 London in Tokyo?' }).first().waitFor();
  await page.getByRole('textbox', { name: 'Filter by text or id' }).fill(run.slice('/runs/'.length));
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/console${run}`);
  await open(session);
  await page.getByText('Documents uploaded to this conversation appear here').waitFor();
  await open('/sessions?status=active');
  await page.locator(`.list a[href$="${session}"]`).waitFor();
});

it('has no violation of WCAG 2.2 AA on any page, in both themes, and none is wider than a small phone', async () => {
  const lists = ['/', '/agents', '/builds', '/runs', '/sessions', '/flows', '/integrations', '/orchestration'];
  const records = [agent, build, run, session, '/agents/new', '/playground'];
  expect(await faultsOfPaths(page, platform, [...lists, ...records])).toEqual([]);
});

it('keeps few of ten thousand rows in the page', async () => {
  const created_at = '2026-11-20T10:00:00.000Z';
  const rows = Array.from({ length: 10_000 }, (_, index) => {
    const invocation_id = `inv_${String(index).padStart(26, '0')}`;
    const texts = { input_text: `Question ${index}`, output: `Answer ${index}`, status: 'success', error: null };
    const figures = {
      duration_ms: 12,
      model: 'nexus/offline',
      usage: { input_tokens: 1, output_tokens: 2 },
      cost_usd: 0,
    };
    return { invocation_id, agent_id: 'proj_1:many', session_id: 'sess_1', created_at, ...texts, ...figures };
  });
  const data = { invocations: rows, total: rows.length, last_key: null };
  await page.route('**/api/v1/invocations?**', (route) => route.fulfill({ json: { success: true, data } }));
  await open('/runs');
  await page.locator('.list-row', { hasText: 'Question 0' }).first().waitFor();
  const { most, longest, frames } = await page.evaluate(async () => {
    const tasks: number[] = [];
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
      type: 'longtask',
    });
    const body = document.querySelector('.list-body') as HTMLElement;
    let inPage = 0;
    let drawn = 0;
    for (let top = 0; top < body.scrollHeight; top += 25_000, drawn += 1) {
      body.scrollTop = top;
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      inPage = Math.max(inPage, document.querySelectorAll('.list-row').length);
    }
    body.scrollTop = body.scrollHeight;
    return { most: inPage, longest: Math.round(Math.max(0, ...tasks)), frames: drawn };
  });
  process.stdout.write(`10,000 rows: at most ${most} in the page, longest task ${longest} ms in ${frames} jumps\n`);
  await page.locator('.list-row', { hasText: 'Question 9999' }).waitFor();
  expect(most).toBeGreaterThan(10);
  expect(most).toBeLessThan(60);
  await page.unroute('**/api/v1/invocations?**');
});

it('is used from the keyboard alone: sign in, palette, agent, chat, settings', async () => {
  const keyboard = await openPage(browser, complaints);
  const press = (key: string): Promise<void> => keyboard.keyboard.press(key);
  /** Tabs until the element is focused. */
  const reach = async (selector: string): Promise<void> => {
    for (let presses = 0; presses < 60; presses += 1) {
      if (
        await keyboard
          .locator(selector)
          .first()
          .evaluate((one) => one === document.activeElement)
      )
        return;
      await press('Tab');
    }
    throw new Error(`Tab does not reach ${selector}`);
  };
  await keyboard.goto(`${platform.url}/console/sign-in`);
  await keyboard.getByRole('heading', { name: 'Sign in to Nexus' }).waitFor();
  await reach('input[name=email]');
  await keyboard.keyboard.type(ADMIN.email);
  await press('Tab');
  await keyboard.keyboard.type(ADMIN.password);
  await press('Enter');
  await keyboard.getByRole('heading', { level: 1, name: 'Home' }).waitFor();
  await press('Control+k');
  await keyboard.keyboard.type('meetings');
  await keyboard
    .getByRole('option', { name: /meetings_zones_assistant/ })
    .first()
    .waitFor();
  await press('Enter');
  await keyboard.getByRole('heading', { level: 1, name: 'meetings_zones_assistant' }).waitFor();
  await reach('a[href*="/playground"]:has-text("Chat")');
  await press('Enter');
  await keyboard.getByRole('heading', { level: 1, name: 'Playground' }).waitFor();
  await keyboard.getByRole('textbox', { name: 'Message' }).waitFor();
  await reach('textarea[aria-label="Message"]');
  await keyboard.keyboard.type('What is 10:00 London in Tokyo?');
  await press('Enter');
  await keyboard.getByText('10:00 in London is 19:00 in Tokyo').first().waitFor();
  await press('Control+k');
  await keyboard.keyboard.type('Settings');
  await keyboard
    .getByRole('option', { name: /Settings/ })
    .first()
    .waitFor();
  await press('Enter');
  await keyboard.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
  await reach('[role=tab][aria-selected=true]');
  await press('ArrowRight');
  await keyboard.locator('[role=tab][aria-selected=true]', { hasText: 'Members' }).waitFor();
  await keyboard.close();
});

it('registers a person by the token of a mail', async () => {
  const visitor = await openPage(browser, complaints);
  await visitor.goto(`${platform.url}/console/sign-in`);
  await visitor.getByRole('button', { name: 'Create an account' }).click();
  await visitor.getByRole('textbox', { name: 'Your name' }).fill('Lin');
  await visitor.getByRole('textbox', { name: 'Name of your organization' }).fill('Compilers');
  await visitor.getByRole('textbox', { name: 'Email address' }).fill('lin@example.com');
  await visitor.getByRole('textbox', { name: 'New password' }).fill('eleven green lanterns');
  expect(await faultsOf(visitor)).toEqual([]);
  await visitor.getByRole('button', { name: 'Create the account' }).click();
  await visitor.getByText('an email is on its way').waitFor();
  const mailed = (): string | undefined => /nxm_[\w-]+/.exec(platform.said())?.[0];
  await expect.poll(mailed, { timeout: 60_000 }).toBeDefined();
  // As the link of a mail has it, where MAIL_LINK_URL names this page.
  await visitor.goto(`${platform.url}/console/sign-in#action=registration&token=${mailed() ?? ''}`);
  await visitor.getByRole('button', { name: 'Confirm and sign in' }).click();
  await visitor.getByRole('heading', { level: 1 }).filter({ hasNotText: 'Confirm' }).waitFor();
  expect(new URL(visitor.url()).hash).toBe('');
  await visitor.getByRole('link', { name: 'New agent' }).first().waitFor();
  await visitor.close();
});

it('deletes an agent only after its name was typed', async () => {
  await open(agent);
  await page.getByRole('button', { name: 'Delete' }).click();
  const dialog = page.getByRole('dialog');
  const confirm = dialog.getByRole('button', { name: 'Delete' });
  expect(await confirm.isDisabled()).toBe(true);
  await dialog.getByRole('textbox').fill('meetings_zones_assistant');
  expect(await faultsOf(page)).toEqual([]);
  await confirm.click();
  await page.getByText('No agents yet').waitFor();
});

it('signs out, and sends a visitor back to the page that was asked for', async () => {
  await page.getByRole('button', { name: 'Account' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in to Nexus' }).waitFor();
  await page.goto(`${platform.url}/console/runs`);
  await page.waitForURL('**/console/sign-in?to=%2Fruns');
});

it('did not break its own policy and had no error on the way', () => {
  // Browsers report refusals: 401 of the used link and of visits without a sign-in, 400 of the unknown model.
  const unexpected = complaints.filter((text) => !/status of 40[01]/.test(text));
  expect(unexpected).toEqual([]);
});
