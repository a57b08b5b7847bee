// A member's actions in the app, as taps, and the resulting state on the server.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parse } from 'smol-toml';
import { ready, signIn } from './harness.mjs';

export const TABS = ['/app', '/app/learn', '/app/events', '/app/rewards', '/app/me'];

// The only screen that requests its data from the server each time; all others show the phone's data.
export const COLLEAGUES = '/app/me/company/members';

const WORDS = {
  en: { yes: 'True', no: 'False', up: 'Move up', comma: '.' },
  fr: { yes: 'Vrai', no: 'Faux', up: 'Monter', comma: ',' },
};

const demo = (path) => parse(readFileSync(new URL(`../server/demo/${path}`, import.meta.url), 'utf8'));

// --- what the demo says ------------------------------------------------------------------------------------------

// The course with its questions and correct answers, which no phone has.
export const course = (ref) => demo(`courses/${ref}/course.toml`);
export const event = (ref) => demo('events.toml').event.find((one) => one.ref === ref);
export const reward = (ref) => demo('rewards.toml').reward.find((one) => one.ref === ref);

// --- getting in --------------------------------------------------------------------------------------------------

// Waits until the app shows the member's data, from the phone or after the first round.
export const opened = (page) => page.locator('nav.tabs').waitFor({ state: 'attached' });

// Signs in and waits until everything is on the phone and it can start offline.
export async function enter(page, address) {
  await signIn(page, address);
  await opened(page);
  await ready(page);
}

// --- moving about ------------------------------------------------------------------------------------------------

export const heading = (page) => page.locator('main h1');
export const pathOf = (page) => new URL(page.url()).pathname;

// Waits until the browser's title names the tapped screen. Not by focus: a round may redraw a screen.
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

// The phone's back button.
async function goBack(page, path) {
  await page.evaluate(() => history.back());
  await shown(page, path);
}

export async function tapTab(page, path) {
  if (pathOf(page) === path) return;
  await page.locator(`nav.tabs a[href="${path}"]`).tap();
  await shown(page, path);
}

// Opens the row with this title in a tab's list.
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

// Visits every screen reachable by taps from the five tabs, and goes back with the phone's back button.
// Returns their paths in the order visited.
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

// Waits until everything is sent and decided, and the network is available.
export async function settled(page) {
  await opened(page);
  await quietLine(page).waitFor({ state: 'detached', timeout: 30_000 });
}

const choice = (page, text) => page.locator('label.choice').filter({ has: page.getByText(text, { exact: true }) });

// Answers the question on the screen, correctly or wrongly.
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

// Opens the course's quiz and answers all questions, the first `wrong` of them wrongly. Ends on the summary.
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

// Practises the whole course with correct answers.
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

// Requests a reward from the wallet offered first. Ends on the request.
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

// Fetches the signed-in member's documents from the server, bypassing the app: collection → id → document.
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

// Loads the signed-in member's data from the phone's store, e.g. rows of the outbox and drafts.
export const onPhone = (page) =>
  page.evaluate(async () => JSON.parse(await compagnonStore.load(await compagnonStore.device.get('current'))));

// Returns each act of the activity page: [what, state].
export async function acts(page) {
  await tapTab(page, '/app/me');
  await tapTo(page, '/app/me/activity');
  return page.locator('li.act').evaluateAll((all) =>
    all.map((act) => [act.querySelector('.act-name').textContent, act.querySelector('.state').textContent]),
  );
}
