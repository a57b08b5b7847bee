// Accessibility of every screen, in both languages, light and dark, on a narrow phone and with large text.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { axe, stage } from '../harness.mjs';
import {
  answer,
  askFor,
  course,
  digits,
  enter,
  event,
  everyScreen,
  heading,
  joinEvent,
  mainAction,
  openRow,
  opened,
  purses,
  reward,
  settled,
  takeQuiz,
  tapTab,
  tapTo,
} from '../member.mjs';

const { server, phone: openPhone } = await stage({ after });
const MEMBERS = { en: 'tom@example.com', fr: 'karim@example.com' };
const PUBLIC = ['/', '/sign-in', '/invitation', '/legal', '/e/depot-breakfast', '/no-such-page'];

// Reports the elements that make a page wider than the phone.
async function fits(page, where) {
  const wide = await page.evaluate((width) => {
    const scrolls = (node) => node && (/auto|scroll|hidden|clip/.test(getComputedStyle(node).overflowX) || scrolls(node.parentElement));
    const over = [...document.body.querySelectorAll('*')].filter(
      (node) => node.getBoundingClientRect().right > width + 1 && !scrolls(node.parentElement),
    );
    return document.documentElement.scrollWidth > width || over.length > 0
      ? over.map((node) => `${node.tagName.toLowerCase()}.${node.className} ${node.textContent.trim().slice(0, 40)}`).concat(`${document.documentElement.scrollWidth} > ${width}`)
      : [];
  }, page.viewportSize().width);
  assert.deepEqual(wide, [], `${where} is wider than the screen`);
}

// Reports tap targets too small for a gloved thumb: everything but links inside a sentence.
async function targets(page, where) {
  const small = await page.evaluate(() =>
    [...document.querySelectorAll('a[href], button, summary, label.choice, label.switch, input[type=text]')]
      .filter((node) => node.checkVisibility() && !node.closest('.written, .unseen, .skip') && getComputedStyle(node).display !== 'inline')
      .map((node) => [node, node.getBoundingClientRect()])
      .filter(([, { width, height }]) => width > 0 && (width < 47.5 || height < 47.5))
      .map(([node, { width, height }]) => `${node.tagName.toLowerCase()}.${node.className} "${node.textContent.trim().slice(0, 30)}" ${width.toFixed()}×${height.toFixed()}`),
  );
  assert.deepEqual(small, [], `${where} has small targets`);
}

async function bothThemes(page, where) {
  for (const colorScheme of ['dark', 'light']) {
    await page.emulateMedia({ colorScheme });
    await axe(page).catch((error) => {
      throw new Error(`${where}, ${colorScheme}: ${error.message}`);
    });
  }
}

// Collects the failures of all screens instead of stopping at the first.
function collect() {
  const found = [];
  return {
    async try(check) {
      await check().catch((error) => found.push(error.message));
    },
    end() {
      assert.equal(found.length, 0, [...new Set(found)].join('\n\n'));
    },
  };
}

// Leaves a member with something in every state: a ticket, a request, a quiz passed and one failed, an unread notice.
async function live(page, lang) {
  await joinEvent(page, event('depot-breakfast'), lang);
  await settled(page);
  await takeQuiz(page, course('delivery-note'), lang, { wrong: 1 });
  await settled(page);
  await takeQuiz(page, course('lifting'), lang, { wrong: 5 });
  await settled(page);
  await askFor(page, reward('flask'), lang);
  await settled(page);
  const path = await askFor(page, reward('meals'), lang);
  await settled(page);
  await server.command('requests', 'move', path.split('/').at(-1), 'accepted');
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await page.locator('svg.qr').waitFor();
}

for (const [lang, member] of Object.entries(MEMBERS)) {
  describe(lang === 'en' ? 'in English' : 'in French', () => {
    let phone;
    let page;
    let paths;

    before(async () => {
      phone = await openPhone({ lang, reducedMotion: 'reduce' });
      page = phone.page;
    });
    after(() => phone.shut());

    test('the public pages', async () => {
      const checks = collect();
      phone.expect(/status of 404/);
      for (const path of PUBLIC) {
        await page.goto(path);
        assert.equal(await page.locator('html').getAttribute('lang'), lang, path);
        await checks.try(() => bothThemes(page, path));
        await checks.try(() => targets(page, path));
      }
      await page.goto('/sign-in');
      const form = page.locator('form:has(input[name=address]:not([type=hidden]))');
      for (const address of ['nothing', member]) {
        await form.locator('input[name=address]').fill(address);
        const answered = page.waitForEvent('domcontentloaded');
        await form.locator('[type=submit]').tap();
        await answered;
        await checks.try(() => bothThemes(page, `/sign-in after ${address}`));
      }
      await page.locator('[name=code]').fill('1');
      const answered = page.waitForEvent('domcontentloaded');
      await page.locator('form:has([name=code]) [type=submit]').tap();
      await answered;
      await checks.try(() => bothThemes(page, '/sign-in/code after a wrong code'));
      await checks.try(() => targets(page, '/sign-in/code'));
      checks.end();
    });

    test('every screen of the app', async () => {
      await enter(page, member);
      await live(page, lang);
      const checks = collect();
      const titles = new Map();
      paths = await everyScreen(page, async (path) => {
        assert.equal(await page.locator('html').getAttribute('lang'), lang, path);
        assert.equal(await page.locator('main h1').count(), 1, `${path} has one title`);
        titles.set(path, await page.title());
        await checks.try(() => bothThemes(page, path));
        await checks.try(() => targets(page, path));
      });
      for (const [path, title] of titles) assert.match(title, /.+ – Club Ferrand$/, path);
      for (const form of [/\/ticket$/, /\/request\//, /\/attempt\//]) assert.ok(paths.some((path) => form.test(path)), `${form}`);
      checks.end();
    });

    test('a wallet opens its own points', async () => {
      const wallets = Object.entries(await purses(page));
      assert.equal(wallets.length, 2);
      for (const [name, { points }] of wallets) {
        await tapTab(page, '/app');
        await page.locator('a.purse', { hasText: name }).tap();
        await shows(name, points);
      }
      for (const [name, { points }] of wallets) {
        await page.locator('.segments a', { hasText: name }).tap();
        await shows(name, points);
      }
      async function shows(name, points) {
        await page.getByRole('heading', { level: 1, name }).waitFor();
        assert.equal(await page.locator('.segments [aria-current=page]').textContent(), name);
        assert.equal(digits(await page.locator('main .figures .figure').first().textContent()), points);
      }
    });

    test('questions, answers, sheets and messages', async () => {
      const checks = collect();
      const look = async (where) => {
        await checks.try(() => bothThemes(page, where));
        await checks.try(() => targets(page, where));
        await checks.try(() => fits(page, where));
      };
      // Every kind of question, and feedback on right and wrong answers.
      const hygiene = course('hygiene');
      const path = await openRow(page, '/app/learn', hygiene.title[lang]);
      await tapTo(page, `${path}/practice`);
      for (const [at, question] of hygiene.question.filter(({ use }) => use === 'practice').entries()) {
        await answer(page, question, lang, at % 2 === 0);
        await mainAction(page).tap();
        await page.locator('.feedback').waitFor();
        await look(`practice ${question.kind}`);
        await mainAction(page).tap();
      }
      await look('practice finished');
      await page.locator(`a[href="${path}/quiz"]`).tap();
      for (const question of hygiene.question.filter(({ use }) => use === 'graded')) {
        await page.getByRole('heading', { name: question.prompt[lang] }).waitFor();
        if (question.kind === 'number') {
          await page.locator('#number').fill('x');
          await look('a number that is none');
        }
        await answer(page, question, lang);
        await look(`quiz ${question.kind}`);
        await mainAction(page).tap();
      }
      await look('before handing in');
      // The confirmation sheet before points are reserved.
      await openRow(page, '/app/rewards', reward('flask').title[lang]);
      await mainAction(page).tap();
      await page.locator('dialog.sheet[open]').waitFor();
      await look('the sheet');
      await page.locator('dialog.sheet .button').last().tap();
      // Offline, with an unsent act, and on the sign-out screen.
      phone.expectNoNetwork();
      server.network.cut();
      await joinEvent(page, event('family-day'), lang);
      await page.locator('.quiet-line').waitFor();
      await look('joined without a network');
      await page.locator('nav.tabs a[href="/app/me"]').tap();
      await tapTo(page, '/app/me/sign-out');
      await page.locator('#delete-word').fill(lang === 'fr' ? 'SUPPRIMER' : 'DELETE');
      await page.locator('.button.danger').waitFor();
      await look('signing out with something unsent');
      await tapTo(page, '/app/me');
      await tapTo(page, '/app/me/activity');
      await look('activity with something unsent');
      server.network.restore();
      await page.evaluate(() => dispatchEvent(new Event('online')));
      await settled(page);
      checks.end();
    });

    test('on 320 pixels nothing is cut off', async () => {
      const checks = collect();
      await page.setViewportSize({ width: 320, height: 640 });
      for (const path of [...PUBLIC.slice(1), ...paths]) {
        if (path.startsWith('/app')) {
          await page.goto(path);
          await opened(page);
        } else await page.goto(path);
        await checks.try(() => fits(page, `${path} on 320 pixels`));
      }
      await page.setViewportSize({ width: 360, height: 740 });
      checks.end();
    });

    test('letters twice as large', async () => {
      const checks = collect();
      const large = await openPhone({ lang, reducedMotion: 'reduce', isMobile: false, args: ['--blink-settings=defaultFontSize=32'] });
      large.expect(/status of 404/);
      for (const path of PUBLIC) {
        await large.page.goto(path);
        await checks.try(() => fits(large.page, `${path} with large letters`));
      }
      await enter(large.page, member);
      assert.equal(await large.page.evaluate(() => getComputedStyle(document.documentElement).fontSize), '32px');
      await everyScreen(large.page, async (path) => {
        await checks.try(() => fits(large.page, `${path} with large letters`));
        assert.notEqual((await heading(large.page).textContent()).trim(), '');
      });
      await large.shut();
      checks.end();
    });
  });
}
