// Several people and phones: nobody sees another's data, and nobody's acts are lost.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { stage } from '../harness.mjs';
import { acts, askFor, enter, event, everyScreen, heading, joinEvent, onServer, opened, quietLine, reward, settled, tapTab, tapTo } from '../member.mjs';

const { server, phone: openPhone } = await stage({ after });
const breakfast = event('depot-breakfast');
const family = event('family-day');
const flask = reward('flask');

const databases = (page) => page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name).sort());
const current = (page) => page.evaluate(() => compagnonStore.device.get('current'));
const bodyText = (page) => page.locator('body').innerText();

async function toSignOut(page) {
  await tapTab(page, '/app/me');
  await tapTo(page, '/app/me/sign-out');
}

async function signedOut(page) {
  await page.getByRole('heading', { name: /You are signed out|Vous êtes déconnecté/ }).waitFor();
  assert.equal(await page.locator('nav.tabs').count(), 0);
}

test('signing out with unsent work keeps it for its owner, and the next person sees nothing of it', async () => {
  const phone = await openPhone();
  phone.expectNoNetwork();
  phone.expect(/status of 401/); // so it learns that nobody is signed in
  let { page } = phone;
  await enter(page, 'tom@example.com');
  const tom = await current(page);
  server.network.cut();
  await joinEvent(page, breakfast, 'en');
  await page.locator('.chip', { hasText: 'Asked, to confirm' }).waitFor();
  await askFor(page, flask, 'en');
  await toSignOut(page);
  assert.match(await bodyText(page), /2 items have not been sent yet\. What should happen to them\?/);
  await page.getByRole('button', { name: 'Keep for me on this phone' }).tap();
  await signedOut(page);
  assert.equal(await current(page), null);

  // Closed and reopened, still offline: nobody is signed in.
  page = await phone.reopen();
  await page.goto('/app/me/activity');
  await signedOut(page);
  assert.doesNotMatch(await bodyText(page), /Tom|Ashworth|flask/i);

  server.network.restore();
  await page.reload();
  await page.waitForURL('**/sign-in');
  await enter(page, 'grace.whitfield@example.com');
  assert.equal(await heading(page).textContent(), 'Hello Grace');
  const shown = [];
  await everyScreen(page, async () => shown.push(await bodyText(page)));
  for (const text of shown) assert.doesNotMatch(text, /Tom Ashworth|Ashworth Rénovation|\d to send/);
  await tapTab(page, '/app/me');
  await tapTo(page, '/app/me/activity');
  assert.equal(await page.locator('li.act').count(), 0);
  assert.deepEqual(await onServer(page).then(({ act, registration }) => [act, registration]), [{}, {}]);
  await toSignOut(page);
  assert.match(await bodyText(page), /Everything has been sent/);
  await page.locator('.actions .button.primary').tap();
  await signedOut(page);

  // The first returns.
  await enter(page, 'tom@example.com');
  assert.equal(await current(page), tom);
  await settled(page);
  assert.deepEqual(await acts(page), [
    [`Request: ${flask.title.en}`, 'Confirmed'],
    [`Joining: ${breakfast.title.en}`, 'Confirmed'],
  ]);
  const { registration, redemption } = await onServer(page);
  assert.deepEqual([Object.keys(registration).length, Object.keys(redemption).length], [1, 1]);
  await phone.shut();
});

test('before signing out, what waits can be sent', async () => {
  const phone = await openPhone();
  phone.expectNoNetwork();
  const { page } = phone;
  await enter(page, 'sanjay.patel@example.com');
  server.network.cut();
  await joinEvent(page, breakfast, 'en');
  await page.locator('.chip', { hasText: 'Asked, to confirm' }).waitFor();
  await toSignOut(page);
  assert.match(await bodyText(page), /1 item has not been sent yet/);
  server.network.restore();
  await page.getByRole('button', { name: /^(Send now|Sending)$/ }).tap();
  await page.getByText('Everything has been sent').waitFor();
  assert.equal(Object.keys((await onServer(page)).registration).length, 1);
  await page.locator('.actions .button.primary').tap();
  await signedOut(page);
  await phone.shut();
});

test('what waits is deleted only by whoever types the word', async () => {
  const phone = await openPhone();
  phone.expectNoNetwork();
  const { page } = phone;
  await enter(page, 'ella.price@example.com');
  const member = await current(page);
  server.network.cut();
  await joinEvent(page, family, 'en');
  await page.locator('.chip', { hasText: 'Asked, to confirm' }).waitFor();
  await toSignOut(page);
  const remove = page.getByRole('button', { name: 'Delete and sign out' });
  assert.equal(await remove.count(), 0);
  await page.locator('#delete-word').fill('delet');
  assert.equal(await remove.count(), 0);
  await page.locator('#delete-word').fill('DELETE');
  await remove.tap();
  await signedOut(page);
  assert.ok(!(await databases(page)).includes(`compagnon-${member}`));
  server.network.restore();
  await enter(page, 'ella.price@example.com');
  await settled(page);
  assert.deepEqual(await acts(page), []);
  assert.deepEqual((await onServer(page)).registration, {});
  await phone.shut();
});

test('somebody else signs in on top: the phone is theirs, and the first one’s work waits', async () => {
  const phone = await openPhone();
  phone.expectNoNetwork();
  const { page } = phone;
  await enter(page, 'karim@example.com');
  server.network.cut();
  await joinEvent(page, family, 'fr');
  await page.locator('.chip', { hasText: 'Demande à confirmer' }).waitFor();
  server.network.restore();
  // The first member's round must not run in the second one's session: block it until the second is signed in.
  await page.route('**/api/sync', (route) => route.abort());
  await page.goto('/sign-in');
  await page.unroute('**/api/sync');
  server.network.cut();
  server.network.restore();
  await enter(page, 'niamh.doyle@example.com');
  assert.equal(await heading(page).textContent(), 'Hello Niamh');
  await settled(page);
  assert.deepEqual(await acts(page), []);
  assert.equal((await databases(page)).length, 3, 'the device and two members');

  await enter(page, 'karim@example.com');
  await settled(page);
  assert.equal(await heading(page).textContent(), 'Bonjour Karim');
  assert.deepEqual(await acts(page), [[`Inscription\u202f: ${family.title.fr}`, 'Confirmé']]);
  assert.equal(Object.keys((await onServer(page)).registration).length, 1);
  await phone.shut();
});

test('a session ended from another device: everything stays, and goes out after signing in again', async () => {
  const lost = await openPhone();
  lost.expect(/status of 401/);
  const kept = await openPhone();
  await enter(lost.page, 'jan.kowalczyk@example.com');
  await lost.page.waitForLoadState('networkidle');
  await enter(kept.page, 'jan.kowalczyk@example.com');

  await tapTab(kept.page, '/app/me');
  await tapTo(kept.page, '/app/me/devices');
  const devices = kept.page.locator('main li.line');
  assert.equal(await devices.count(), 2);
  // Newest first: the other device is the second row.
  await devices.nth(1).getByRole('button', { name: 'Sign out' }).tap();
  await kept.page.waitForFunction(() => document.querySelectorAll('main li.line').length === 1);
  await settled(kept.page);
  await kept.shut();

  const { page } = lost;
  const installation = await page.evaluate(() => compagnonStore.device.get('device_id'));
  await joinEvent(page, family, 'en');
  const banner = page.locator('.banner', { hasText: 'Sign in to send 1 item.' });
  await banner.waitFor();
  // All data on the phone is still there.
  await tapTab(page, '/app');
  assert.equal(await heading(page).textContent(), 'Hello Jan');
  assert.deepEqual(await acts(page), [[`Joining: ${family.title.en}`, 'Saved on this phone']]);
  await banner.getByRole('link', { name: 'Sign in' }).tap();
  await page.waitForURL('**/sign-in');
  await enter(page, 'jan.kowalczyk@example.com');
  await settled(page);
  assert.deepEqual((await acts(page)).filter(([what]) => what.startsWith('Joining')), [[`Joining: ${family.title.en}`, 'Confirmed']]);
  assert.equal(await page.evaluate(() => compagnonStore.device.get('device_id')), installation, 'an installation outlives sign-ins');
  await lost.shut();
});

test('the language changes at once without a network, stays, and reaches the server', async () => {
  const phone = await openPhone();
  phone.expectNoNetwork();
  let { page } = phone;
  await enter(page, 'niamh.doyle@example.com');
  server.network.cut();
  await tapTab(page, '/app/me');
  await tapTo(page, '/app/me/language');
  await page.locator('label.choice', { hasText: 'Français' }).tap();
  await page.getByRole('heading', { name: 'Langue' }).waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'fr');
  await quietLine(page).getByText(/Hors ligne/).waitFor();

  page = await phone.reopen();
  await page.goto('/app');
  await opened(page);
  assert.equal(await heading(page).textContent(), 'Bonjour Niamh');
  assert.equal(await page.locator('html').getAttribute('lang'), 'fr');

  server.network.restore();
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await settled(page);
  assert.deepEqual(await acts(page), [['Langue\u202f: Français', 'Confirmé']]);
  assert.equal((await onServer(page)).me.me.language, 'fr');
  await phone.shut();
});
