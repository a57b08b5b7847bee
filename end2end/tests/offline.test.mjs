// No action waits for the network, nothing is lost offline, and everything arrives exactly once.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { stage, until } from '../harness.mjs';
import {
  COLLEAGUES,
  acts,
  askFor,
  course,
  enter,
  event,
  everyScreen,
  heading,
  joinEvent,
  mainAction,
  onPhone,
  onServer,
  openRow,
  opened,
  practise,
  purses,
  quietLine,
  reward,
  said,
  settled,
  TABS,
  tapTab,
  tapTo,
  takeQuiz,
} from '../member.mjs';

const { server, phone: openPhone } = await stage({ after });
const note = course('delivery-note');
const breakfast = event('depot-breakfast');
const flask = reward('flask');
const AS_OF = /^Offline – as of \d\d:\d\d/;

// Cuts the network and kills the server.
async function noSignal(phone) {
  phone.expectNoNetwork();
  server.network.cut();
  await server.kill();
}

async function signal() {
  server.network.restore();
  await server.restart();
}

const screenText = (page) => page.locator('main').innerText();

test('with the server away, every screen starts cold and shows what the phone knows', async () => {
  const phone = await openPhone();
  let { page } = phone;
  await enter(page, 'tom@example.com');
  const known = new Map();
  await everyScreen(page, async (at) => known.set(at, await heading(page).textContent()));
  assert.ok(known.size > 70, `${known.size} screens`);

  await noSignal(phone);
  page = await phone.reopen();
  // One screen of each kind is enough.
  const alike = (at) => at.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, 'ID').replace(/\/lesson\/.*/, '/lesson');
  const cold = new Map([...TABS, ...known.keys()].map((at) => [alike(at), at]));
  for (const at of cold.values()) {
    await page.goto(at);
    await opened(page);
    assert.equal(await heading(page).textContent(), known.get(at), at);
    if (at === COLLEAGUES) await page.locator('main [role=status]').getByText('needs a network').waitFor();
    assert.ok((await screenText(page)).length > 30, at);
    await quietLine(page).waitFor();
    assert.match(await quietLine(page).textContent(), AS_OF, at);
  }
  await phone.shut();
});

test('a lesson’s kept picture is there without a network', async () => {
  await signal();
  const phone = await openPhone();
  let { page } = phone;
  await enter(page, 'ella.price@example.com');
  await openRow(page, '/app/learn', note.title.en);
  await page.locator('label.switch').tap();
  await page.locator('label.switch').getByText(/On this phone/).waitFor();
  const lessons = await page.locator('main a.row').evaluateAll((rows) => rows.map((row) => row.getAttribute('href')));
  await noSignal(phone);
  page = await phone.reopen();
  let pictures = 0;
  for (const lesson of lessons) {
    await page.goto(lesson);
    await opened(page);
    for (const image of await page.locator('main img').all()) {
      assert.ok(await image.evaluate((one) => one.decode().then(() => one.naturalWidth > 0)), lesson);
      assert.notEqual(await image.getAttribute('alt'), null);
      pictures += 1;
    }
  }
  assert.ok(pictures > 0);
  await phone.shut();
});

test('a quiz, a place and a reward made without a network each land once, correct to the unit', async () => {
  await signal();
  const phone = await openPhone();
  let { page } = phone;
  await enter(page, 'tom@example.com');
  await settled(page);
  const before = { purses: await purses(page), books: await server.prove(), known: await onServer(page) };
  const own = before.purses['My points'].points;
  const company = before.purses['Company points'].points;
  assert.equal((await server.command('requests', 'list')).trim(), 'no open requests');

  await noSignal(phone);

  // A lesson, practice, and the graded quiz.
  const path = await openRow(page, '/app/learn', note.title.en);
  await tapTo(page, `${path}/lesson/01-before-signing`);
  await mainAction(page).tap();
  await said(page).getByText('Saved on this phone').waitFor();
  await practise(page, note, 'en');
  await page.getByRole('heading', { name: 'Practice finished' }).waitFor();
  assert.match(await screenText(page), /4 right of 4/);
  const attempt = await takeQuiz(page, note, 'en');
  await page.getByRole('heading', { name: 'Quiz handed in' }).waitFor();
  await page.locator('.state.saved', { hasText: 'Saved on this phone' }).waitFor();
  assert.match(await screenText(page), /60 points to confirm if you pass/);

  // A seat at an event.
  const joined = await joinEvent(page, breakfast, 'en');
  await page.locator('.chip', { hasText: 'Asked, to confirm' }).waitFor();
  assert.match(await screenText(page), /The seat is yours once the server confirms it/);

  // A reward.
  const request = await askFor(page, flask, 'en');
  await page.locator('.state.saved', { hasText: 'Saved on this phone' }).waitFor();
  assert.match(await screenText(page), /To confirm[^]*600 points · Company points[^]*set aside on this phone/);

  const meanwhile = await purses(page);
  assert.deepEqual(meanwhile, {
    'My points': { points: own, more: '60 points to confirm' },
    'Company points': { points: company - 600, more: '600 points reserved' },
  });
  const made = [
    [`Request: ${flask.title.en}`, 'Saved on this phone'],
    [`Joining: ${breakfast.title.en}`, 'Saved on this phone'],
    [`Quiz handed in: ${note.title.en}`, 'Saved on this phone'],
    [`Practice finished: ${note.title.en}`, 'Saved on this phone'],
    [`Lesson read: ${note.title.en}`, 'Saved on this phone'],
  ];
  assert.deepEqual(await acts(page), made);
  await quietLine(page).waitFor();
  assert.match(await quietLine(page).textContent(), /^Offline – as of \d\d:\d\d · 5 to send$/);

  // The app is closed and reopened, still offline.
  page = await phone.reopen();
  await page.goto('/app');
  await opened(page);
  assert.deepEqual(await purses(page), meanwhile);
  assert.deepEqual(await acts(page), made);
  await phone.shut();

  await signal();
  await phone.start();
  page = phone.page;
  await page.goto('/app');
  await settled(page);

  // On the screens.
  const points = Number(note.points);
  assert.deepEqual(await purses(page), {
    'My points': { points: own + points, more: 'confirmed points' },
    'Company points': { points: company - 600, more: '600 points reserved' },
  });
  assert.deepEqual(await acts(page), made.map(([what]) => [what, 'Confirmed']));
  await page.goto(attempt);
  await page.getByRole('heading', { name: 'Passed' }).waitFor();
  assert.match(await screenText(page), /7 right of 7[^]*\+60 points/);
  await page.goto(joined);
  await page.getByRole('link', { name: 'My ticket' }).waitFor();
  await page.goto(request);
  await page.locator('.chip', { hasText: 'Points reserved' }).waitFor();
  assert.match(await screenText(page), /Confirmed/);
  await tapTo(page, '/app/rewards');
  assert.equal(await page.locator('main a.row[href*="/request/"]').count(), 1);

  // On the server.
  const asked = (await server.command('requests', 'list')).trim().split('\n');
  assert.equal(asked.length, 1);
  assert.match(asked[0], /reserved +600 points \(company\)/);
  const books = await server.prove();
  assert.equal(books.ok, true);
  assert.equal(books.issued, before.books.issued + points);
  assert.equal(books.held, before.books.held + 600);
  assert.equal(books.available, before.books.available + points - 600);
  assert.equal(books.entries, before.books.entries + 2);
  const known = await onServer(page);
  assert.equal(Object.keys(known.act).length, Object.keys(before.known.act).length + 5);
  assert.equal(Object.keys(known.registration).length, 1);
  assert.equal(Object.keys(known.redemption).length, 1);
  const progress = Object.values(known.progress).find((one) => path.endsWith(one.course));
  assert.equal(progress.attempts.length, 1);
  assert.equal(progress.practised, 1);
  assert.deepEqual(progress.read, ['01-before-signing']);
  assert.equal(known.balance.own.available, own + points);
  assert.deepEqual([known.balance.company.available, known.balance.company.reserved], [company - 600, 600]);
  await phone.shut();
});

test('a half-answered quiz is there after the browser was closed', async () => {
  await signal();
  const phone = await openPhone();
  let { page } = phone;
  await enter(page, 'jan.kowalczyk@example.com');
  await noSignal(phone);
  const path = await openRow(page, '/app/learn', note.title.en);
  await tapTo(page, `${path}/quiz`);
  const questions = note.question.filter(({ use }) => use === 'graded');
  // The first question is an ordering: one move, then on.
  await page.getByRole('button', { name: /^Move down/ }).first().tap();
  const order = await page.locator('.ordered > span').allTextContents();
  await mainAction(page).tap();
  await page.locator('#number').fill('7');
  await until('the draft is on the phone', async () => (await onPhone(page)).drafts.some(({ text }) => text.includes('7000')));
  page = await phone.reopen();
  await page.goto(`${path}/quiz`);
  await opened(page);
  assert.equal(await heading(page).textContent(), questions[2].prompt.en);
  await page.getByRole('button', { name: 'Question before' }).tap();
  assert.equal(await page.locator('#number').inputValue(), '7');
  await page.getByRole('button', { name: 'Question before' }).tap();
  assert.deepEqual(await page.locator('.ordered > span').allTextContents(), order);

  // Handing in requires all answers.
  for (let at = 0; at < questions.length; at += 1) await mainAction(page).tap();
  await page.getByRole('heading', { name: 'Hand in the quiz' }).waitFor();
  assert.match(await screenText(page), /5 questions have no answer yet/);
  assert.equal(await mainAction(page).getAttribute('aria-disabled'), 'true');
  await mainAction(page).tap({ force: true });
  assert.equal((await onPhone(page)).outbox.length, 0);
  await phone.shut();
});

test('what was asked and taken back before there was a network leaves nothing behind', async () => {
  await signal();
  const phone = await openPhone();
  let { page } = phone;
  await enter(page, 'ella.price@example.com');
  await noSignal(phone);
  await joinEvent(page, breakfast, 'en');
  await page.locator('.chip', { hasText: 'Asked, to confirm' }).waitFor();
  await page.getByRole('button', { name: 'Take my request back' }).tap();
  await mainAction(page).getByText('Join', { exact: true }).waitFor();
  await phone.shut();
  await signal();
  await phone.start();
  page = phone.page;
  await page.goto('/app');
  await settled(page);
  assert.deepEqual(await acts(page), [
    [`Leaving: ${breakfast.title.en}`, 'Confirmed'],
    [`Joining: ${breakfast.title.en}`, 'Confirmed'],
  ]);
  assert.deepEqual((await onServer(page)).registration, {});
  await phone.shut();
});

test('who comes too late is told why, has their points, and the rest of what they did counts', async () => {
  await signal();
  const weekend = reward('mill-weekend');
  const late = await openPhone();
  let { page } = late;
  await enter(page, 'karim@example.com');
  await settled(page);
  const before = (await purses(page))['Points de l’entreprise'].points;
  await noSignal(late);
  await askFor(page, weekend, 'fr');
  await joinEvent(page, breakfast, 'fr');
  await page.locator('.chip', { hasText: 'Demande à confirmer' }).waitFor();
  assert.equal((await purses(page))['Points de l’entreprise'].points, before - 12000);
  await late.shut();

  await signal();
  const first = await openPhone();
  await enter(first.page, 'isabelle.chanteloup@example.com');
  await askFor(first.page, weekend, 'fr');
  await first.page.locator('.chip', { hasText: 'Points réservés' }).waitFor();
  await first.shut();

  await late.start();
  page = late.page;
  await page.goto('/app');
  await settled(page);
  const banner = page.locator('.banner', { hasText: '1 demande a été refusée' });
  await banner.getByRole('link', { name: 'Voir' }).tap();
  await page.waitForURL('**/app/me/activity');
  const refused = page.locator('li.act', { hasText: weekend.title.fr });
  assert.match(await refused.innerText(), /Refusé[^]*Il n’y en a plus\. Vos points restent disponibles\./);
  assert.deepEqual(await acts(page), [
    [`Inscription\u202f: ${breakfast.title.fr}`, 'Confirmé'],
    [`Demande\u202f: ${weekend.title.fr}`, 'Refusé'],
  ]);
  await tapTab(page, '/app');
  await banner.waitFor({ state: 'detached' });
  // The colleague's request also uses the company's points: they are reserved once.
  assert.deepEqual((await purses(page))['Points de l’entreprise'], { points: before - 12000, more: '12\u202f000 points réservés' });
  assert.equal((await server.prove()).ok, true);
  await late.shut();
});
