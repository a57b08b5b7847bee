// Screens in their own chunks: they open offline like all others, late ones open once loaded, and missing ones show an
// error.
import assert from 'node:assert/strict';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { axe, signIn, stage, temporary, until } from '../harness.mjs';
import { course, enter, heading, openRow, opened, pathOf, settled, TABS, tapTab } from '../member.mjs';

const { server, phone: openPhone } = await stage({ after });
const built = resolve(process.env.COMPAGNON_SITE ?? fileURLToPath(new URL('../../target/site', import.meta.url)));
const note = course('delivery-note');
const CHUNK = /\/(split|chunk)_\w+\.wasm/;
const LOADING_FAILED = /Failed to fetch|WebAssembly|Failed to load resource/;

const chunksInCache = (page) =>
  page.evaluate(async () => {
    const kept = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
    return kept.flat().filter((request) => /\/(split|chunk)_\w+\.wasm$/.test(request.url)).length;
  });

// Simulates eviction: removes the chunks from the caches and restarts the page offline.
async function withoutChunks(phone) {
  const { page } = phone;
  assert.ok((await chunksInCache(page)) > 0);
  phone.expectNoNetwork();
  phone.expect(LOADING_FAILED);
  await page.evaluate(async () => {
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) if (/\/(split|chunk)_\w+\.wasm$/.test(request.url)) await cache.delete(request);
    }
  });
  const session = await page.context().newCDPSession(page);
  await session.send('Network.clearBrowserCache');
  server.network.cut();
  await page.goto('/app');
  await opened(page);
  await page.evaluate(() => {
    self.sameStart = true;
  });
}

const focused = (page) => page.evaluate(() => document.activeElement?.tagName);

async function saysThatItIsMissing(page) {
  await page.locator('nav.tabs a[href="/app/learn"]').tap();
  await page.getByRole('heading', { name: 'This screen is not on this phone yet' }).waitFor();
  await page.waitForFunction(() => document.title.startsWith('This screen is not on this phone yet – '));
  assert.equal(await focused(page), 'H1');
  assert.equal(pathOf(page), '/app/learn');
}

test('a screen opens cold, without a network, though its code is in a file of its own', async () => {
  const phone = await openPhone();
  const { page } = phone;
  await enter(page, 'tom@example.com');
  const path = await openRow(page, '/app/learn', note.title.en);
  phone.expectNoNetwork();
  server.network.cut();
  for (const [at, title] of [['/app/learn', 'Learn'], [path, note.title.en]]) {
    await page.goto(at);
    await opened(page);
    await page.getByRole('heading', { name: title, exact: true }).waitFor();
    await page.waitForFunction((wanted) => document.title.startsWith(`${wanted} – `), title);
  }
  server.network.restore();
  await phone.shut();
});

test('a missing screen says so, the others go on, and trying again brings it without a new start', async () => {
  const phone = await openPhone();
  const { page } = phone;
  await enter(page, 'tom@example.com');
  await withoutChunks(phone);
  await saysThatItIsMissing(page);
  await axe(page);
  const again = page.getByRole('button', { name: 'Try again' });
  await again.tap();
  await tapTab(page, '/app/events');
  await saysThatItIsMissing(page);

  // The network is back, but the app has not noticed yet.
  await page.route('**/api/sync', (route) => route.abort());
  server.network.restore();
  await again.tap();
  await page.getByRole('heading', { name: 'Learn', exact: true }).waitFor();
  await page.waitForFunction(() => document.title.startsWith('Learn – '));
  assert.equal(await focused(page), 'H1');
  await until('the chunk is kept again', async () => (await chunksInCache(page)) > 0);
  assert.equal(await page.evaluate(() => self.sameStart), true);
  await page.unroute('**/api/sync');

  server.network.cut();
  await page.goto('/app/learn');
  await page.getByRole('heading', { name: 'Learn', exact: true }).waitFor();
  server.network.restore();
  await phone.shut();
});

test('a missing screen shows itself once there is a network', async () => {
  const phone = await openPhone();
  const { page } = phone;
  await enter(page, 'tom@example.com');
  await withoutChunks(phone);
  await saysThatItIsMissing(page);
  server.network.restore();
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await page.getByRole('heading', { name: 'Learn', exact: true }).waitFor();
  await settled(page);
  assert.equal(await page.evaluate(() => self.sameStart), true);
  await phone.shut();
});

test('while the code of a screen is on its way the one before it stays; title, focus and address come with it', async () => {
  const phone = await openPhone();
  const { page } = phone;
  const release = server.network.hold(CHUNK);
  await signIn(page, 'tom@example.com');
  await opened(page);
  assert.equal(await heading(page).textContent(), 'Hello Tom');
  const learn = page.locator('nav.tabs a[href="/app/learn"]');
  await learn.tap();
  assert.equal(await learn.getAttribute('aria-current'), 'page');
  await page.waitForTimeout(300);
  assert.equal(await heading(page).textContent(), 'Hello Tom');
  assert.equal(pathOf(page), '/app');

  // A chunk that arrives late does not replace a screen opened in the meantime.
  await tapTab(page, '/app/events');
  await learn.tap();
  await page.waitForTimeout(100);
  assert.equal(await heading(page).textContent(), 'Events');
  release();
  await page.getByRole('heading', { name: 'Learn', exact: true }).waitFor();
  await page.waitForFunction(() => document.title.startsWith('Learn – '));
  assert.equal(await focused(page), 'H1');
  assert.equal(pathOf(page), '/app/learn');
  await page.evaluate(() => history.back());
  await page.getByRole('heading', { name: 'Events', exact: true }).waitFor();
  assert.equal(pathOf(page), '/app/events');
  await phone.shut();
});

test('a member’s browser asks for nothing of another bundle, and hears of no change of it', async (t) => {
  const folder = await temporary();
  t.after(() => rm(folder, { recursive: true, force: true }));
  const site = join(folder, 'site');
  await cp(built, site, { recursive: true });
  await mkdir(join(site, 'admin'));
  for (const end of ['js', 'wasm', 'css']) await writeFile(join(site, 'admin', `admin.${end}`), end);
  const stageOfBoth = await stage(t, { site });
  const phone = await stageOfBoth.phone();
  const { page } = phone;
  await enter(page, 'tom@example.com');
  for (const tab of TABS) await tapTab(page, tab);
  await page.waitForLoadState('networkidle');
  const asked = stageOfBoth.server.network.requests;
  assert.ok(asked.some((request) => CHUNK.test(request)), 'the requests are seen');
  assert.deepEqual(asked.filter((request) => request.includes('admin')), []);

  const worker = async (of) => (await fetch(`${of.origin}/sw.js`)).text();
  assert.equal(await worker(stageOfBoth.server), await worker(server));
});
