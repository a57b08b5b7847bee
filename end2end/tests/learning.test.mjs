// Quizzes that change while a member is in one, that are tried again, and numbers as people type them.
import assert from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stage, temporary, until } from '../harness.mjs';
import { answer, course, enter, heading, mainAction, onPhone, opened, openRow, settled, takeQuiz, tapTo } from '../member.mjs';

const { server, phone: openPhone } = await stage({ after });
const lifting = course('lifting');
const graded = lifting.question.filter(({ use }) => use === 'graded');
const screenText = (page) => page.locator('main').innerText();

// Imports the demo's course with its file changed.
async function publish(ref, change) {
  const folder = join(await temporary(), ref);
  await cp(fileURLToPath(new URL(`../../server/demo/courses/${ref}`, import.meta.url)), folder, { recursive: true });
  const file = join(folder, 'course.toml');
  await writeFile(file, change(await readFile(file, 'utf8')));
  return server.command('import', 'course', folder);
}

test('a new version keeps the answers whose question is the same, and names those that are gone', async () => {
  const phone = await openPhone();
  const { page } = phone;
  await enter(page, 'jan.kowalczyk@example.com');
  const path = await openRow(page, '/app/learn', lifting.title.en);
  await tapTo(page, `${path}/quiz`);
  for (const question of graded.slice(0, 3)) {
    await answer(page, question, 'en');
    await mainAction(page).tap();
  }
  await until('the draft is on the phone', async () => (await onPhone(page)).drafts.some(({ text }) => text.includes('true_false')));
  await page.goto(path);
  await opened(page);
  const told = await publish('lifting', (text) =>
    text.replace('version = 1', 'version = 2').replace('How many kilos lifted in all?', 'How many kilos in all?'));
  assert.match(told, /asks or pays something else/);
  await page.evaluate(() => dispatchEvent(new Event('online')));
  const version = (docs) => docs.find(({ collection, body }) => collection === 'course' && body.title.en === lifting.title.en)?.body.version;
  await until('the new version is on the phone', async () => version((await onPhone(page)).docs) === 2);
  await tapTo(page, `${path}/quiz`);
  assert.match(await screenText(page), /could not be kept: 40\ssacks\sof\s25\skg/);
  // The first question is asked again, the other two are answered.
  assert.match(await heading(page).textContent(), /How many kilos in all/);
  await page.locator('#number').fill('2 000 kg');
  for (let at = 0; at < 3; at += 1) await mainAction(page).tap();
  assert.equal(await heading(page).textContent(), graded[3].prompt.en);
  await phone.shut();
});

test('a failed quiz says when the next try is possible, and not yet which answers were wrong', async () => {
  const phone = await openPhone();
  const { page } = phone;
  await enter(page, 'tom@example.com');
  const allergens = course('allergens');
  await takeQuiz(page, allergens, 'en', { wrong: allergens.question.length });
  await settled(page);
  await page.getByRole('heading', { name: 'Not passed yet' }).waitFor();
  const text = await screenText(page);
  assert.match(text, /The next try is possible from/);
  assert.match(text, /shown once you have passed, or if you try again from tomorrow on/);
  assert.equal(await page.getByRole('heading', { name: 'To review' }).count(), 0);
  await phone.shut();
});

test('a number is read where there is one way to read it', async () => {
  const phone = await openPhone({ lang: 'fr' });
  const { page } = phone;
  await enter(page, 'marie@example.com');
  const path = await openRow(page, '/app/learn', lifting.title.fr);
  await tapTo(page, `${path}/quiz`);
  const field = page.locator('#number');
  const said = page.locator('#number-error');
  for (const good of ['2000', '2 000', '2\u00a0000', '2\u202f000', '\u22122000', '2000 kg', ',5', '1.234,5']) {
    await field.fill(good);
    assert.equal(await said.textContent(), '', good);
  }
  for (const [asked, words] of [
    ['2.000', /écrivez 2000 ou 2\./],
    ['2.345', /écrivez 2345 ou 2,3450\./],
    ['2000 t', /La réponse se donne en kg/],
    ['deux', /Écrivez un nombre/],
  ]) {
    await field.fill(asked);
    assert.match(await said.textContent(), words);
  }
  await phone.shut();
});

for (const [zone, elsewhere] of [['Indian/Reunion', true], ['Europe/Madrid', false]]) {
  test(`hours name their zone on a phone in ${zone}: ${elsewhere}`, async () => {
    const phone = await openPhone({ timezoneId: zone });
    const { page } = phone;
    await enter(page, 'tom@example.com');
    await page.goto('/app/events');
    await opened(page);
    const row = page.locator('main a.row.event').first();
    assert.equal(/\(Paris time\)/.test(await row.innerText()), elsewhere);
    await row.tap();
    await page.locator('dl.facts-list').waitFor();
    assert.equal(/\(Paris time\)[^]*Where you are: /.test(await page.locator('dl.facts-list').innerText()), elsewhere);
    await phone.shut();
  });
}
