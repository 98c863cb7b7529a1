/** The page of the hub in a real browser, as somebody sees it who has just started the hub. */
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { beforeEach, describe, expect, onTestFinished } from 'vitest';
import { chromium, startBrowser, type Tab, type View } from '../support/browser.ts';
import { test as base } from '../support/fixtures.ts';

const phone: View = { width: 390, height: 844, isPhone: true, scheme: 'light' };
const desktop: View = { width: 1280, height: 900, isPhone: false, scheme: 'light' };

/** Adds up what moved without anybody having touched the page, as the browser counts it. */
const watchShifts = `
  var layoutShift = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) layoutShift += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });
  var person = (index) => document.querySelectorAll('.person')[index];
  var press = (index, selector) => person(index).querySelector(selector).click();
  var say = (index, text) => {
    person(index).querySelector('[name=text]').value = text;
    person(index).querySelector('.compose').requestSubmit();
  };
  var lines = (index) => [...person(index).querySelectorAll('.log li')].map((line) => line.innerText.replace(/\\s+/g, ' ').trim());
`;
const isRunning = `document.querySelector('#status').dataset.state === 'running'`;

const test = base
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads from the pattern that this fixture needs no other.
  .extend('browser', { scope: 'file' }, async ({}, { onCleanup }) => {
    if (chromium === undefined) throw new Error('no browser');
    const browser = await startBrowser(chromium);
    onCleanup(() => browser.close());
    return browser;
  })
  .extend('look', ({ browser }) => async (url: string, view: View): Promise<Tab> => {
    const tab = await browser.tab(view, watchShifts);
    await tab.open(url);
    await tab.until(isRunning);
    return tab;
  });

beforeEach(({ skip }) => {
  if (chromium === undefined) skip('not installed: chromium');
});

async function talk(tab: Tab): Promise<void> {
  await tab.evaluate(`press(0, '.toggle')`);
  await tab.until(`person(0).dataset.state === 'online'`);
  await tab.evaluate(`say(0, 'Are you there?'), say(0, 'I write all the same.')`);
  await tab.until(`lines(0).some((line) => line.includes('stored, number 2'))`);
  await tab.evaluate(`press(1, '.toggle')`);
  await tab.until(`lines(0).filter((line) => line.includes('delivered')).length === 2`);
  await tab.evaluate(`say(1, 'Yes.')`);
  await tab.until(`lines(1).some((line) => line.includes('delivered'))`);
}

describe('two people on one page', { timeout: 60_000 }, () => {
  test('talk, and what waited stands below the line that says so', async ({ hub, look }) => {
    const tab = await look(hub.url, desktop);
    await talk(tab);
    const [ann, bob] = await tab.evaluate<string[]>(`[0, 1].map((index) => person(index).querySelector('.user-id').value)`);
    expect(await tab.evaluate('lines(1)')).toEqual([
      'Offline. Messages to this user wait in the hub.',
      'Online. 2 messages were waiting:',
      `${ann} Are you there?`,
      `${ann} I write all the same.`,
      'Yes. delivered',
    ]);
    expect(await tab.evaluate('lines(0).at(-1)')).toBe(`${bob} Yes.`);
    expect(tab.errors).toEqual([]);
  });

  test('see one line while the hub is away, and come back by themselves', async ({ startHub, look }) => {
    const first = await startHub();
    const tab = await look(first.url, desktop);
    await talk(tab);
    await first.kill();
    await tab.until(`lines(1).some((line) => line.includes('attempt 2'))`);
    expect(await tab.evaluate(`lines(1).filter((line) => line.includes("can't be reached"))`)).toHaveLength(1);
    await startHub({ port: first.port });
    await tab.until(`person(0).dataset.state === 'online' && person(1).dataset.state === 'online'`);
    await tab.evaluate(`say(0, 'Back again.')`);
    await tab.until(`lines(1).some((line) => line.endsWith('Back again.'))`);
  });

  test('need a name, and a refused one is said', async ({ hub, look }) => {
    const tab = await look(hub.url, desktop);
    await tab.evaluate(`person(0).querySelector('.user-id').value = ' ', press(0, '.toggle')`);
    expect(await tab.evaluate('lines(0).at(-1)')).toBe('Give this person a name first.');
    expect(await tab.evaluate(`document.activeElement === person(0).querySelector('.user-id')`)).toBe(true);
    await tab.evaluate(`person(0).querySelector('.user-id').value = 'x'.repeat(200), press(0, '.toggle')`);
    await tab.until(`lines(0).length === 3 && person(0).dataset.state === 'offline'`, 'lines(0)');
  });
});

describe('on a phone', { timeout: 60_000 }, () => {
  test('nothing is too small to tap or makes the browser zoom, and both people are on one screen', async ({ hub, look }) => {
    const tab = await look(hub.url, phone);
    const sizes = await tab.evaluate<{ fields: number[]; buttons: number[]; people: number; sideways: number }>(`({
      fields: [...document.querySelectorAll('input, select')].map((field) => parseFloat(getComputedStyle(field).fontSize)),
      buttons: [...document.querySelectorAll('button')].map((button) => button.getBoundingClientRect().height),
      people: person(1).getBoundingClientRect().bottom - person(0).getBoundingClientRect().top,
      sideways: document.documentElement.scrollWidth - innerWidth,
    })`);
    expect(Math.min(...sizes.fields)).toBeGreaterThanOrEqual(16);
    expect(Math.min(...sizes.buttons)).toBeGreaterThanOrEqual(44);
    // What the bars of the browser leave of 844 pixels.
    expect(sizes.people).toBeLessThan(660);
    expect(sizes.sideways).toBe(0);
  });
});

test.for([phone, desktop])('nothing moves by itself at $width pixels', { timeout: 60_000 }, async (view, { hub, look }) => {
  const tab = await look(hub.url, view);
  await talk(tab);
  expect(await tab.evaluate('layoutShift')).toBeLessThan(0.01);
});

/** For each text on the page: its contrast with what is behind it, as WCAG counts it. */
const contrasts = `(() => {
  const channels = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
  const linear = (value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ground = (element) => {
    const color = channels(getComputedStyle(element).backgroundColor);
    return color.length === 3 || color[3] === 1 || element.parentElement === null ? color : ground(element.parentElement);
  };
  const texts = [...document.querySelectorAll('body *')].filter(
    (element) => element.checkVisibility() && !element.matches(':disabled, svg *') && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()),
  );
  return texts.map((element) => {
    const [low, high] = [luminance(channels(getComputedStyle(element).color)), luminance(ground(element))].sort((a, b) => a - b);
    return { text: element.innerText, contrast: (high + 0.05) / (low + 0.05) };
  });
})()`;

test.for(['light', 'dark'] as const)('every text can be read in the %s', { timeout: 60_000 }, async (scheme, { hub, look }) => {
  const tab = await look(hub.url, { ...phone, scheme });
  await talk(tab);
  const found = await tab.evaluate<{ text: string; contrast: number }[]>(contrasts);
  expect(found.length).toBeGreaterThan(50);
  expect(found.filter(({ contrast }) => contrast < 4.5)).toEqual([]);
});

test('below a path of a proxy it works as it does at the root', { timeout: 60_000 }, async ({ hub, look }) => {
  const proxy = createServer((incoming, outgoing) => {
    const path = incoming.url?.replace(/^\/chat/, '');
    const passed = request(hub.url + path, { method: incoming.method, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    passed.on('error', () => outgoing.destroy());
    outgoing.on('close', () => passed.destroy());
    incoming.pipe(passed);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  const address = proxy.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const tab = await look(`http://127.0.0.1:${port}/chat/`, desktop);
  await talk(tab);
  expect(await tab.evaluate(`document.querySelector('#js').innerText`)).toContain(`path: '/chat/socket.io/',\n  auth: { user_id: 'ann' },`);
});
