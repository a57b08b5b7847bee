// A new build is deployed while the app is open.
import assert from 'node:assert/strict';
import { appendFile, cp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stage, temporary, until } from '../harness.mjs';
import { answer, course, enter, heading, mainAction, onPhone, openRow, opened, tapTo } from '../member.mjs';

const built = resolve(process.env.COMPAGNON_SITE ?? fileURLToPath(new URL('../../target/site', import.meta.url)));
const note = course('delivery-note');
const questions = note.question.filter(({ use }) => use === 'graded');

test('it is offered, never forced; a draft survives the change', async (t) => {
  const folder = await temporary();
  t.after(() => rm(folder, { recursive: true, force: true }));
  const site = join(folder, 'site');
  await cp(built, site, { recursive: true });
  const { server, phone: openPhone } = await stage(t, { site });
  const phone = await openPhone();
  phone.expectNoNetwork();
  const { page } = phone;
  await enter(page, 'tom@example.com');
  const build = () => page.evaluate(() => document.documentElement.dataset.build);
  const first = await build();
  const path = await openRow(page, '/app/learn', note.title.en);
  await tapTo(page, `${path}/quiz`);
  await answer(page, questions[0], 'en');
  await mainAction(page).tap();

  // The next build; the outdated compressed forms are removed.
  await appendFile(join(site, 'boot.js'), '\n// the next build\n');
  for (const end of ['br', 'gz']) await rm(join(site, `boot.js.${end}`), { force: true });
  await server.restart();
  await page.evaluate(async () => (await navigator.serviceWorker.getRegistration()).update());
  const banner = page.locator('.banner', { hasText: 'A new version is ready.' });
  await banner.waitFor();

  // The member continues in the current build.
  assert.equal(await heading(page).textContent(), questions[1].prompt.en);
  await answer(page, questions[1], 'en');
  await mainAction(page).tap();
  assert.equal(await heading(page).textContent(), questions[2].prompt.en);
  assert.equal(await build(), first);
  await until('the draft is on the phone', async () => (await onPhone(page)).drafts.some(({ text }) => text.includes('"g2"')));

  const loaded = page.waitForEvent('load');
  await banner.getByRole('button', { name: 'Use it' }).tap();
  await loaded;
  await opened(page);
  const second = await build();
  assert.notEqual(second, first);
  assert.equal(await heading(page).textContent(), questions[2].prompt.en, 'the draft is taken up where it was left');
  assert.equal(await banner.count(), 0);
  assert.ok(await page.evaluate(async (name) => (await caches.keys()).includes(name), `core-${second}`));

  // The new build also starts offline.
  server.network.cut();
  await page.reload();
  await opened(page);
  assert.equal(await build(), second);
  server.network.restore();
});
