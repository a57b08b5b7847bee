// What a member does with the app, in taps, and what the server knows of it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parse } from 'smol-toml';
import { ready, signIn } from './harness.mjs';

export const TABS = ['/app', '/app/learn', '/app/events', '/app/rewards', '/app/me'];

// The screen that asks the server each time; all others show what is on the phone.
export const COLLEAGUES = '/app/me/company/members';

const WORDS = {
  en: { yes: 'True', no: 'False', up: 'Move up', comma: '.' },
  fr: { yes: 'Vrai', no: 'Faux', up: 'Monter', comma: ',' },
};

const demo = (path) => parse(readFileSync(new URL(`../server/demo/${path}`, import.meta.url), 'utf8'));

// --- what the demo says ------------------------------------------------------------------------------------------

// The course with its questions and right answers, which no phone has.
export const course = (ref) => demo(`courses/${ref}/course.toml`);
export const event = (ref) => demo('events.toml').event.find((one) => one.ref === ref);
export const reward = (ref) => demo('rewards.toml').reward.find((one) => one.ref === ref);

// --- getting in --------------------------------------------------------------------------------------------------

// The app shows the member's data, from the phone or after the first round.
export const opened = (page) => page.locator('nav.tabs').waitFor({ state: 'attached' });

// Signed in, everything on the phone, and able to start without a network.
export async function enter(page, address) {
  await signIn(page, address);
  await opened(page);
  await ready(page);
}

// --- moving about ------------------------------------------------------------------------------------------------

export const heading = (page) => page.locator('main h1');
export const pathOf = (page) => new URL(page.url()).pathname;

// A tapped screen is there once the browser has its name. Not by the focus: what a round brings may draw a screen anew.
async function shown(page, path) {
  await page.waitForFunction(
    (wanted) => {
      const title = document.querySelector('main h1')?.textContent;
      return location.pathname === wanted && title && document.title.startsWith(`${title} – `);
    },
    path,
    { polling: 20 },
  );
}

export async function tapTo(page, path) {
  await page.locator(`a[href="${path}"]:visible`).first().tap();
  await shown(page, path);
}

// The phone's own way back.
async function goBack(page, path) {
  await page.evaluate(() => history.back());
  await shown(page, path);
}

export async function tapTab(page, path) {
  if (pathOf(page) === path) return;
  await page.locator(`nav.tabs a[href="${path}"]`).tap();
  await shown(page, path);
}

// Opens what is called so in a list of a tab.
export async function openRow(page, tab, title) {
  await tapTab(page, tab);
  const row = page.locator('main a.row:not([href*="/request/"])').filter({ has: page.getByText(title, { exact: true }) });
  const path = await row.first().getAttribute('href');
  await row.first().tap();
  await shown(page, path);
  return path;
}

const linksOf = (page) =>
  page.locator('main a[href^="/app"]:visible').evaluateAll((links) => [...new Set(links.map((link) => link.getAttribute('href')))]);

// Goes through every screen that a tap leads to, from the five tabs, and back as the phone goes back.
// Answers their paths, in the order in which they were seen.
export async function everyScreen(page, visit = () => {}) {
  const seen = new Set();
  async function from(path) {
    seen.add(path);
    await visit(path);
    for (const next of await linksOf(page)) {
      if (seen.has(next)) continue;
      await tapTo(page, next);
      await from(next);
      await goBack(page, path);
    }
  }
  for (const tab of TABS) {
    if (seen.has(tab)) continue;
    await tapTab(page, tab);
    await from(tab);
  }
  return [...seen];
}

// --- doing something ---------------------------------------------------------------------------------------------

export const mainAction = (page) => page.locator('.main-action .button.primary');
export const said = (page) => page.locator('.said');
export const quietLine = (page) => page.locator('.quiet-line');

// Everything was sent and answered, and the network is there.
export async function settled(page) {
  await opened(page);
  await quietLine(page).waitFor({ state: 'detached', timeout: 30_000 });
}

const choice = (page, text) => page.locator('label.choice').filter({ has: page.getByText(text, { exact: true }) });

// Answers the question on the screen: rightly, or else wrongly.
export async function answer(page, question, lang, rightly = true) {
  const words = WORDS[lang];
  assert.equal((await heading(page).textContent()).trim(), question.prompt[lang].trim());
  const options = question.options?.map((option) => option[lang].trim());
  switch (question.kind) {
    case 'true_false':
      await choice(page, question.correct === rightly ? words.yes : words.no).tap();
      break;
    case 'single':
      await choice(page, options[rightly ? question.correct : (question.correct + 1) % options.length]).tap();
      break;
    case 'multiple': {
      const right = options.map((_, at) => question.correct.includes(at) === rightly);
      for (const [at, wanted] of right.entries()) if (wanted) await choice(page, options[at]).tap();
      break;
    }
    case 'number':
      await page.locator('#number').fill(String(question.correct + (rightly ? 0 : 1000)).replace('.', words.comma));
      break;
    case 'ordering': {
      const wanted = rightly ? options : options.toReversed();
      const names = async () => (await page.locator('.ordered > span').allTextContents()).map((name) => name.replace(/^\d+\. /, ''));
      for (const [to, name] of wanted.entries()) {
        for (let at = (await names()).indexOf(name); at > to; at -= 1) {
          await page.getByRole('button', { name: `${words.up}${lang === 'fr' ? '\u202f' : ''}: ${name}`, exact: true }).tap();
        }
        assert.equal((await names())[to], name);
      }
      break;
    }
    default:
      throw new Error(`no way to answer ${question.kind}`);
  }
}

const graded = (of) => of.question.filter((question) => question.use === 'graded');

// Opens the course's quiz and answers all of it; `wrong`: how many of its questions wrongly. Ends on the summary.
export async function answerQuiz(page, of, lang, { wrong = 0 } = {}) {
  const path = await openRow(page, '/app/learn', of.title[lang]);
  await tapTo(page, `${path}/quiz`);
  for (const [at, question] of graded(of).entries()) {
    await answer(page, question, lang, at >= wrong);
    await mainAction(page).tap();
  }
  return path;
}

export async function takeQuiz(page, of, lang, how) {
  const path = await answerQuiz(page, of, lang, how);
  await mainAction(page).tap();
  await page.waitForURL(`**${path}/attempt/*`);
  return pathOf(page);
}

// Practises the whole course, rightly.
export async function practise(page, of, lang) {
  const path = await openRow(page, '/app/learn', of.title[lang]);
  await tapTo(page, `${path}/practice`);
  for (const question of of.question.filter(({ use }) => use === 'practice')) {
    await answer(page, question, lang);
    await mainAction(page).tap();
    await page.locator('.feedback.right').waitFor();
    await mainAction(page).tap();
  }
}

export async function joinEvent(page, of, lang) {
  const path = await openRow(page, '/app/events', of.title[lang]);
  await mainAction(page).tap();
  return path;
}

// Asks for a reward, from the wallet that is offered first. Ends on the request.
export async function askFor(page, of, lang) {
  await openRow(page, '/app/rewards', of.title[lang]);
  await mainAction(page).tap();
  await page.locator('dialog.sheet[open] .button.primary').tap();
  await page.waitForURL('**/app/rewards/request/*');
  return pathOf(page);
}

// --- what is known -----------------------------------------------------------------------------------------------

export const digits = (text) => Number(text.replace('\u2212', '-').replace(/[^\d-]/g, ''));

// The wallets on the first screen: { 'My points': { points, more } }.
export async function purses(page) {
  await tapTab(page, '/app');
  const cards = await page.locator('a.purse').evaluateAll((all) =>
    all.map((card) => [...card.children].map((part) => part.textContent)),
  );
  return Object.fromEntries(cards.map(([name, figure, more]) => [name, { points: digits(figure), more }]));
}

// What the server knows of the member who is signed in, asked past the app: collection → id → document.
export async function onServer(page) {
  const reply = await page.evaluate(async () => {
    const { member, device } = await (await fetch('/api/session')).json();
    const answer = await fetch('/api/sync', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ proto: 1, member, device, commands: [] }),
    });
    return answer.json();
  });
  const known = new Proxy({}, { get: (all, name) => (all[name] ??= {}) });
  for (const { collection, id, body } of reply.docs) known[collection][id] = body;
  return known;
}

// What the phone has of the member who is signed in: rows of the outbox and drafts.
export const onPhone = (page) =>
  page.evaluate(async () => JSON.parse(await compagnonStore.load(await compagnonStore.device.get('current'))));

// How each act of the activity page stands: [what, state].
export async function acts(page) {
  await tapTab(page, '/app/me');
  await tapTo(page, '/app/me/activity');
  return page.locator('li.act').evaluateAll((all) =>
    all.map((act) => [act.querySelector('.act-name').textContent, act.querySelector('.state').textContent]),
  );
}
