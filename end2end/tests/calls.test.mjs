// Screens that request data from the server each time: online, offline, and for members without access.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { axe, stage } from '../harness.mjs';
import { COLLEAGUES, enter, event, heading, opened, tapTab, tapTo } from '../member.mjs';

const { server, phone: openPhone } = await stage({ after });

const MANAGERS = {
  fr: {
    address: 'karim@example.com',
    title: 'Les membres de l’entreprise',
    lines: [
      ['Élodie Marchand', 'Artisan du bâtiment · Passe les commandes', ''],
      ['Fabrice Noël', 'Chef de chantier · Utilise les produits', ''],
      ['Isabelle Chanteloup', 'Chef de chantier · Décide des achats', 'Responsable'],
      ['Karim Benali', 'Chef de chantier · Conseille les produits', 'Responsable'],
      ['Sanjay Patel', 'Chef de chantier · Utilise les produits', ''],
    ],
    offline: /il lui faut du réseau/,
    again: 'Réessayer',
  },
  en: {
    address: 'tom@example.com',
    title: 'Members of the company',
    lines: [
      ['Ella Price', 'Contractor · Pays the bills', ''],
      ['Tom Ashworth', 'Contractor · Decides what is bought', 'Manager'],
    ],
    offline: /needs a network/,
    again: 'Try again',
  },
};

const lines = (page) =>
  page
    .locator('main ul.lines > li')
    .evaluateAll((all) =>
      all.map((line) => ['strong', '.detail', '.chip'].map((part) => line.querySelector(part)?.textContent ?? '')),
    );

async function accessible(page) {
  for (const colorScheme of ['dark', 'light']) {
    await page.emulateMedia({ colorScheme });
    await axe(page);
  }
}

for (const [lang, { address, title, lines: wanted, offline, again }] of Object.entries(MANAGERS)) {
  test(`a manager sees who is in their company, with a network (${lang})`, async () => {
    const phone = await openPhone({ lang, reducedMotion: 'reduce' });
    phone.expectNoNetwork();
    const { page } = phone;
    await enter(page, address);
    await tapTab(page, '/app/me');
    await tapTo(page, '/app/me/company');

    // A skeleton shows until the response arrives; the title and the focus do not wait.
    let answer;
    const held = new Promise((done) => {
      answer = done;
    });
    await page.route('**/api/call/colleagues', async (route) => {
      await held;
      await route.continue();
    });
    await tapTo(page, COLLEAGUES);
    await page.locator('main .skeleton').waitFor();
    assert.equal(await heading(page).textContent(), title);
    await page.waitForFunction(() => document.activeElement === document.querySelector('main h1'));
    answer();
    await page.locator('main ul.lines').waitFor();
    await page.unroute('**/api/call/colleagues');
    assert.deepEqual(await lines(page), wanted);
    assert.equal(await page.locator('main .skeleton').count(), 0);
    await accessible(page);

    // Offline, the screen says so and retries on a tap or when the network is back.
    server.network.cut();
    await tapTo(page, '/app/me/company');
    await tapTo(page, COLLEAGUES);
    const message = page.locator('main [role=status]');
    await message.getByText(offline).waitFor();
    await accessible(page);
    await page.getByRole('button', { name: again }).tap();
    await message.getByText(offline).waitFor();
    server.network.restore();
    await page.getByRole('button', { name: again }).tap();
    await page.locator('main ul.lines').waitFor();
    assert.deepEqual(await lines(page), wanted);

    server.network.cut();
    await page.reload();
    await opened(page);
    await message.getByText(offline).waitFor();
    assert.equal(await page.locator('main ul.lines').count(), 0, 'nothing of it is on the phone');
    server.network.restore();
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await page.locator('main ul.lines').waitFor();
    assert.deepEqual(await lines(page), wanted);
    await phone.shut();
  });
}

test('it is for managers: others find no way to it, and are told nothing', async () => {
  const phone = await openPhone();
  phone.expect(/status of 403/);
  const { page } = phone;
  await enter(page, 'grace.whitfield@example.com');
  await tapTab(page, '/app/me');
  await tapTo(page, '/app/me/company');
  assert.equal(await page.locator(`a[href="${COLLEAGUES}"]`).count(), 0);
  await page.goto(COLLEAGUES);
  await page.locator('main [role=status]').getByText('no longer there, or not for you').waitFor();
  assert.equal(await page.locator('main ul.lines').count(), 0);
  await phone.shut();
});

for (const lang of ['fr', 'en']) {
  test(`the page of a public event needs no session and no script (${lang})`, async () => {
    const breakfast = event('depot-breakfast');
    const phone = await openPhone({ lang, javaScriptEnabled: false });
    phone.expect(/status of 404/);
    const { page } = phone;
    await page.goto('/e/depot-breakfast');
    assert.equal(await page.locator('html').getAttribute('lang'), lang);
    assert.equal(await heading(page).textContent(), breakfast.title[lang]);
    const text = await page.locator('main').innerText();
    for (const told of [breakfast.summary[lang], breakfast.place.name, breakfast.place.address]) {
      assert.ok(text.includes(told), told);
    }
    assert.match(text, lang === 'fr' ? /\d{1,2} \S+ 20\d\d, \d\d:\d\d – \d\d:\d\d/ : /\d{1,2} [A-Z]\S+ 20\d\d, \d\d:\d\d – \d\d:\d\d/);
    await page.locator('main a[href="/sign-in"]').tap();
    await page.waitForURL('**/sign-in');
    await page.goto('/e/base-temperature');
    assert.doesNotMatch(await page.locator('body').innerText(), new RegExp(event('base-temperature').title[lang]));
    await phone.shut();
  });
}

test('from the page of a public event a member comes to the event in the app', async () => {
  const phone = await openPhone();
  const { page } = phone;
  await enter(page, 'tom@example.com');
  await page.goto('/e/depot-breakfast');
  await page.locator('main a[href^="/app/events/"]').tap();
  await opened(page);
  assert.equal(await heading(page).textContent(), event('depot-breakfast').title.en);
  await phone.shut();
});
