// A member's first visit, from the sign-in page to the last screen.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { ready, signIn, stage } from '../harness.mjs';
import { COLLEAGUES, enter, everyScreen, heading, opened, quietLine, tapTab, tapTo } from '../member.mjs';

const { server, phone: openPhone } = await stage({ after });

// Submits a form and waits for the response page.
async function submit(page, form) {
  const answered = page.waitForEvent('domcontentloaded');
  await form.locator('[type=submit]').tap();
  await answered;
}

async function askForCode(page, address) {
  await page.goto('/sign-in');
  await askFor(page, address);
}

async function askFor(page, address) {
  const form = page.locator('form:has(input[name=address]:not([type=hidden]))');
  await form.locator('input[name=address]').fill(address);
  await submit(page, form);
}

async function enterCode(page, code) {
  await page.locator('[name=code]').fill(code);
  await submit(page, page.locator('form:has([name=code])'));
}

const shownCode = async (page) => (await page.locator('[data-demo-code]').textContent()).replace(/\D/g, '');
const another = (code) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');

describe('signing in', () => {
  test('without JavaScript, up to the app itself, which says what it needs', async () => {
    const phone = await openPhone({ javaScriptEnabled: false });
    const { page } = phone;
    await page.goto('/');
    await page.locator('main a[href="/sign-in"]').tap();
    await page.waitForURL('**/sign-in');
    await askFor(page, 'tom@example.com');
    await enterCode(page, await shownCode(page));
    await page.waitForURL('**/app');
    assert.match(await page.locator('noscript').textContent(), /JavaScript/);
    await phone.shut();
  });

  test('what is typed wrongly is said, and can be put right', async () => {
    const phone = await openPhone();
    const { page } = phone;
    await askForCode(page, 'tom');
    assert.match(await page.locator('[role=alert]').textContent(), /neither a phone number nor an e-mail address/);
    assert.equal(await page.locator('input#address').inputValue(), 'tom');

    await askForCode(page, ' Tom@Example.com ');
    const code = await shownCode(page);
    await enterCode(page, another(code));
    assert.match(await page.locator('[role=alert]').textContent(), /not the code\. Tries left: \d/);
    await enterCode(page, `${code.slice(0, 3)} ${code.slice(3)}`);
    await page.waitForURL('**/app');
    await opened(page);
    assert.equal(await heading(page).textContent(), 'Hello Tom');
    await phone.shut();
  });

  test('a code that was guessed at too often is no longer good', async () => {
    const phone = await openPhone();
    const { page } = phone;
    await askForCode(page, 'karim@example.com');
    const code = await shownCode(page);
    for (let left = 5; left > 0; left -= 1) await enterCode(page, another(code));
    assert.match(await page.locator('[role=alert]').textContent(), /no longer good/);
    await enterCode(page, code);
    assert.match(await page.locator('[role=alert]').textContent(), /no longer good/);
    assert.equal(new URL(page.url()).pathname, '/sign-in/code');
    await phone.shut();
  });

  test('the answer does not tell whether somebody is known', async () => {
    const phone = await openPhone();
    const { page } = phone;
    const text = async (address) => {
      await askForCode(page, address);
      const said = await page.locator('main').innerText();
      return said.replaceAll(address, 'ADDRESS').replace(/Demo code: *\d+\s*/, '');
    };
    assert.equal(await text('nobody.at.all@example.com'), await text('tom@example.com'));
    await phone.shut();
  });

  test('a card’s code opens the account, once', async () => {
    const phone = await openPhone();
    const { page } = phone;
    const code = (await server.command('code', 'm-tom')).split('\n')[0];
    const use = async () => {
      await page.goto('/invitation');
      await enterCode(page, code.toLowerCase());
    };
    await use();
    await page.waitForURL('**/app');
    await opened(page);
    await page.context().clearCookies();
    await use();
    assert.match(await page.locator('[role=alert]').textContent(), /This code is not good/);
    await phone.shut();
  });

  test('the pages speak the browser’s language, and the other one on request', async () => {
    const phone = await openPhone({ lang: 'fr' });
    const { page } = phone;
    await page.goto('/sign-in');
    assert.equal(await page.locator('html').getAttribute('lang'), 'fr');
    assert.equal(await heading(page).textContent(), 'Se connecter');
    await page.getByRole('link', { name: 'English' }).tap();
    await page.locator('html[lang=en]').waitFor();
    await page.goto('/legal');
    assert.equal(await heading(page).textContent(), 'Personal data');
    await phone.shut();
  });
});

describe('the first visit', () => {
  test('brings everything, and then no screen but one needs the network', async () => {
    const phone = await openPhone();
    const { page } = phone;
    // Disables the sync round of every minute, which belongs to no screen.
    await phone.context.addInitScript(() => {
      const real = setTimeout;
      self.setTimeout = (work, after, ...rest) => (after >= 60_000 ? 0 : real(work, after, ...rest));
    });
    await enter(page, 'tom@example.com');
    await page.waitForLoadState('networkidle');

    // Pictures are downloaded only after a tap on a switch that shows their size.
    await tapTab(page, '/app/learn');
    const courses = await page.locator('main a.row').evaluateAll((rows) => rows.map((row) => row.getAttribute('href')));
    assert.equal(courses.length, 6);
    for (const path of courses) {
      await tapTo(page, path);
      const keep = page.locator('label.switch');
      await keep.getByText(/A download of \d/).waitFor();
      await keep.tap();
      await keep.getByText(/On this phone/).waitFor();
      await tapTab(page, '/app/learn');
    }

    const before = server.network.requests.length;
    const seen = await everyScreen(page, async (path) => {
      assert.notEqual((await heading(page).textContent()).trim(), '', path);
      if (path === COLLEAGUES) await page.locator('main ul.lines').waitFor();
      assert.equal(await page.locator('main .skeleton').count(), 0, path);
      if (path !== '/app') await page.waitForFunction(() => document.activeElement?.matches('main h1'));
      const broken = await page
        .locator('main img')
        .evaluateAll((all) => Promise.all(all.map((image) => image.decode().then(() => false, () => image.src))));
      assert.deepEqual(broken.filter(Boolean), [], path);
    });
    // The browser may check for a newer worker at any time: the worker and the script it loads.
    const ofTheBrowser = /^GET (\/sw\.js|\/v\/[^/]+\/store\.js)$/;
    const asked = server.network.requests.slice(before).filter((request) => !ofTheBrowser.test(request));
    assert.deepEqual(asked, ['POST /api/call/colleagues']);

    const kinds = {
      course: /^\/app\/learn\/[^/]+$/,
      lesson: /\/lesson\//,
      practice: /\/practice$/,
      quiz: /\/quiz$/,
      event: /^\/app\/events\/[^/]+$/,
      reward: /^\/app\/rewards\/[^/]+$/,
      me: /^\/app\/me\/(activity|points|company|devices|language|help|sign-out)$/,
    };
    const count = Object.fromEntries(Object.entries(kinds).map(([kind, form]) => [kind, seen.filter((path) => form.test(path)).length]));
    assert.deepEqual(count, { course: 6, lesson: 24, practice: 6, quiz: 6, event: 6, reward: 15, me: 7 });
    await phone.shut();
  });

  test('says what is on its way while the first data comes', async () => {
    const phone = await openPhone();
    const { page } = phone;
    let letIn;
    const held = new Promise((done) => {
      letIn = done;
    });
    await page.route('**/api/sync', async (route) => {
      await held;
      await route.continue();
    });
    await signIn(page, 'tom@example.com');
    await page.getByRole('heading', { name: 'Your data is coming to this phone' }).waitFor();
    assert.equal(await page.locator('nav.tabs').count(), 0);
    letIn();
    await opened(page);
    assert.equal(await heading(page).textContent(), 'Hello Tom');
    await phone.shut();
  });

  test('cut off before the first data has come, it says so and goes on later', async () => {
    const phone = await openPhone();
    phone.expectNoNetwork();
    const { page } = phone;
    await page.route('**/api/sync', (route) => route.abort());
    await signIn(page, 'tom@example.com');
    await page.getByRole('heading', { name: 'A connection is needed once' }).waitFor();
    await page.unroute('**/api/sync');
    await page.getByRole('button', { name: 'Try again' }).tap();
    await opened(page);
    await ready(page);
    assert.equal(await quietLine(page).count(), 0);
    await phone.shut();
  });

  test('a round with nothing new costs at most a kilobyte', async () => {
    const phone = await openPhone();
    const { page } = phone;
    await enter(page, 'tom@example.com');
    await page.waitForLoadState('networkidle');
    const round = page.waitForResponse('**/api/sync');
    await page.evaluate(() => dispatchEvent(new Event('online')));
    const { responseBodySize } = await (await round).request().sizes();
    assert.ok(responseBodySize <= 1024, `${responseBodySize} bytes`);
    await phone.shut();
  });

  test('brings no right answer of a quiz that counts', async () => {
    const phone = await openPhone();
    const { page } = phone;
    await enter(page, 'marie@example.com');
    const kept = await page.evaluate(async () => JSON.parse(await compagnonStore.load(await compagnonStore.device.get('current'))).docs);
    const courses = kept.filter(({ collection }) => collection === 'course');
    assert.equal(courses.length, 6);
    for (const { body } of courses) {
      const { graded, practice } = typeof body === 'string' ? JSON.parse(body) : body;
      for (const question of practice) assert.ok('key' in question && 'explanation' in question);
      for (const question of graded) assert.deepEqual(Object.keys(question).sort(), ['form', 'lesson', 'prompt', 'question']);
    }
    await phone.shut();
  });
});
