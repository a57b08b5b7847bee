// Several people and phones: nobody sees another's data, and nobody's acts are lost.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { stage } from '../harness.mjs';
import { acts, askFor, enter, event, everyScreen, heading, joinEvent, onServer, opened, openRow, quietLine, reward, settled, tapTab, tapTo } from '../member.mjs';

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

// Every byte of every store of the phone, as text.
const everything = (page) =>
  page.evaluate(async () => {
    const said = [];
    for (const { name } of await indexedDB.databases()) {
      const db = await new Promise((done) => (indexedDB.open(name).onsuccess = ({ target }) => done(target.result)));
      for (const store of db.objectStoreNames) {
        const rows = await new Promise((done) => (db.transaction(store).objectStore(store).getAll().onsuccess = ({ target }) => done(target.result)));
        said.push(JSON.stringify(rows, (_, value) => (ArrayBuffer.isView(value) || value instanceof ArrayBuffer ? 'bytes' : value)));
      }
      db.close();
    }
    return said.join();
  });

test('a session ended from another device: the ticket and all documents go, and acts wait for their member', async () => {
  const lost = await openPhone();
  lost.expectNoNetwork();
  lost.expect(/status of 401/);
  const kept = await openPhone();
  await enter(lost.page, 'jan.kowalczyk@example.com');
  await joinEvent(lost.page, family, 'en');
  await settled(lost.page);
  await enter(kept.page, 'jan.kowalczyk@example.com');

  // The lost phone shows the ticket, and has something that is not sent.
  let { page } = lost;
  const installation = await page.evaluate(() => compagnonStore.device.get('device_id'));
  await page.route('**/api/sync', (route) => route.abort());
  await joinEvent(page, breakfast, 'en');
  await openRow(page, '/app/events', family.title.en);
  await page.getByRole('link', { name: 'My ticket' }).tap();
  await page.locator('.ticket svg').waitFor();

  await tapTab(kept.page, '/app/me');
  await tapTo(kept.page, '/app/me/devices');
  const devices = kept.page.locator('main li.line');
  assert.equal(await devices.count(), 2);
  // Newest first: the other device is the second row.
  await devices.nth(1).getByRole('button', { name: 'Sign out' }).tap();
  await kept.page.waitForFunction(() => document.querySelectorAll('main li.line').length === 1);
  await settled(kept.page);
  await kept.shut();

  // The next contact.
  await page.unroute('**/api/sync');
  await page.evaluate(() => dispatchEvent(new Event('online')));
  const told = () => page.getByRole('heading', { name: 'This phone was signed out' }).waitFor();
  await told();
  assert.equal(await page.locator('.ticket').count(), 0);
  await page.waitForFunction(async () => !(await compagnonStore.device.get('current')) && !(await compagnonStore.device.get('sign_out_pending')));
  assert.doesNotMatch(await everything(page), /Kowalczyk|CPG1:|events/);
  assert.doesNotMatch(await page.evaluate(() => document.cookie), /signed_in/);

  // The same after a new start, online and offline.
  await page.goto('/app/events');
  await told();
  assert.doesNotMatch(await bodyText(page), /Jan|Kowalczyk/);
  server.network.cut();
  page = await lost.reopen();
  await page.goto('/app');
  await told();
  server.network.restore();

  await page.getByRole('link', { name: 'Sign in' }).tap();
  await page.waitForURL('**/sign-in');
  await enter(page, 'jan.kowalczyk@example.com');
  await settled(page);
  assert.deepEqual((await acts(page)).filter(([what]) => what.startsWith('Joining')), [
    [`Joining: ${breakfast.title.en}`, 'Confirmed'],
    [`Joining: ${family.title.en}`, 'Confirmed'],
  ]);
  assert.equal(await page.evaluate(() => compagnonStore.device.get('device_id')), installation, 'an installation outlives sign-ins');
  await lost.shut();
});

test('on a shared phone, the cookie and the storage of who signed out open nothing', async () => {
  const phone = await openPhone();
  phone.expectNoNetwork();
  phone.expect(/status of 401/);
  let { page } = phone;
  await enter(page, 'karim@example.com');
  const karim = await current(page);
  server.network.cut();
  await joinEvent(page, breakfast, 'fr');
  await page.locator('.chip', { hasText: 'Demande à confirmer' }).waitFor();
  await toSignOut(page);
  await page.getByRole('button', { name: 'Garder pour moi sur ce téléphone' }).tap();
  await signedOut(page);
  await page.waitForFunction(async (id) => !(await compagnonStore.device.get(`key:${id}`)), karim);
  assert.doesNotMatch(await everything(page), /Benali|events|37140/);
  server.network.restore();

  await enter(page, 'tom@example.com');
  await page.evaluate((id) => {
    document.cookie = `signed_in=${id}; path=/; max-age=3600`;
  }, karim);
  server.network.cut();
  page = await phone.reopen();
  await page.goto('/app');
  await signedOut(page);
  assert.doesNotMatch(await bodyText(page), /Karim|Benali/);
  // Nor does writing who is open into the storage.
  await page.evaluate(async (id) => {
    await compagnonStore.device.set('current', id);
    await compagnonStore.device.set(`device:${id}`, id);
  }, karim);
  await page.goto('/app');
  await page.locator('main h1').waitFor();
  assert.doesNotMatch(await bodyText(page), /Karim|Benali/);
  server.network.restore();

  await enter(page, 'karim@example.com');
  await settled(page);
  const joined = (await acts(page)).filter(([what]) => what.includes(breakfast.title.fr));
  assert.deepEqual(joined, [[`Inscription\u202f: ${breakfast.title.fr}`, 'Confirmé']]);
  await phone.shut();
});

test('after thirty days without contact the documents are hidden until the next', async () => {
  const phone = await openPhone();
  phone.expectNoNetwork();
  let { page } = phone;
  await enter(page, 'ella.price@example.com');
  const name = await heading(page).textContent();
  server.network.cut();
  await page.evaluate(async () => {
    const member = await compagnonStore.device.get('current');
    await compagnonStore.commit(member, JSON.stringify([['put', 'meta', Date.now() - 31 * 24 * 3600 * 1000, 'synced_at']]), true);
  });
  page = await phone.reopen();
  await page.goto('/app/points');
  await page.getByRole('heading', { name: 'Thirty days without a network' }).waitFor();
  assert.doesNotMatch(await bodyText(page), /Ella|Price|points/);
  assert.equal(await page.locator('nav.tabs').count(), 0);
  server.network.restore();
  await page.getByRole('button', { name: 'Try again' }).tap();
  await opened(page);
  await page.goto('/app');
  await opened(page);
  assert.equal(await heading(page).textContent(), name);
  await phone.shut();
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
