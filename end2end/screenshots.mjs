// Takes the screenshots for the README: node screenshots.mjs [folder]
import { mkdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Phone, Server } from './harness.mjs';
import { answer, course, enter, event, joinEvent, mainAction, openRow, settled, TABS, tapTab, tapTo } from './member.mjs';

const folder = resolve(process.argv[2] ?? 'screenshots');
const LARGEST = 120 * 1024;
const NAMES = ['home', 'learn', 'events', 'rewards', 'me'];
const height = course('height');
const breakfast = event('depot-breakfast');

const server = await Server.start();

// Larger than the README shows it, but limited to `LARGEST` bytes because every clone downloads it.
async function picture(page, name) {
  const path = join(folder, `${name}.png`);
  await page.locator('.said p').waitFor({ state: 'detached' });
  await page.evaluate(() => document.activeElement?.blur());
  await page.screenshot({ path, animations: 'disabled' });
  const { size } = await stat(path);
  console.log(`${name}.png ${Math.ceil(size / 1024)} KB`);
  if (size > LARGEST) throw new Error(`${name}.png has more than ${LARGEST / 1024} KB`);
}

async function taken(member, options, pictures) {
  const phone = await Phone.open(server.origin, { reducedMotion: 'reduce', deviceScaleFactor: 1.5, ...options });
  try {
    await enter(phone.page, member);
    await settled(phone.page);
    await pictures(phone.page);
    if (phone.errors.length > 0) throw new Error(phone.errors.join('\n'));
  } finally {
    await phone.close();
  }
}

await mkdir(folder, { recursive: true });
try {
  await taken('karim@example.com', { lang: 'fr' }, async (page) => {
    const path = await joinEvent(page, breakfast, 'fr');
    await page.getByRole('link', { name: 'Mon billet' }).waitFor();
    await tapTo(page, `${path}/ticket`);
    await picture(page, 'ticket-fr');
    await page.evaluate(() => history.back());
    for (const [at, tab] of TABS.entries()) {
      await tapTab(page, tab);
      await picture(page, `${NAMES[at]}-fr-light`);
    }
    const quiz = `${await openRow(page, '/app/learn', height.title.fr)}/quiz`;
    await tapTo(page, quiz);
    const graded = height.question.filter(({ use }) => use === 'graded');
    for (const question of graded.slice(0, 2)) {
      await answer(page, question, 'fr');
      await mainAction(page).tap();
    }
    await answer(page, graded[2], 'fr');
    await picture(page, 'quiz-fr');
  });
  await taken('tom@example.com', { lang: 'en', dark: true }, async (page) => {
    await picture(page, 'home-en-dark');
    await tapTab(page, '/app/rewards');
    await picture(page, 'rewards-en-dark');
  });
} finally {
  await server.close();
}
console.log(`in ${folder}`);
