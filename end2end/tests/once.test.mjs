// A tap counts exactly once, whatever happens between it and the response.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { stage, until } from '../harness.mjs';
import {
  acts,
  answerQuiz,
  askFor,
  course,
  enter,
  event,
  heading,
  joinEvent,
  mainAction,
  onPhone,
  onServer,
  openRow,
  opened,
  purses,
  quietLine,
  reward,
  settled,
  tapTab,
  tapTo,
} from '../member.mjs';

const { server, phone: openPhone } = await stage({ after });
const lifting = course('lifting');
const quotes = event('quotes-that-hold');
const family = event('family-day');
const logbook = reward('production-book');

const wake = (page) => page.evaluate(() => dispatchEvent(new Event('online')));
const decided = () => server.count('compagnon_commands_total');
const sum = (known) => ({ acts: Object.keys(known.act).length, own: known.balance.own.available, company: known.balance.company.available });

test('a lost reply: the server did it, the phone asks again, it stays done once', async () => {
  const phone = await openPhone();
  phone.expectNoNetwork();
  const { page } = phone;
  await enter(page, 'tom@example.com');
  await settled(page);
  const before = sum(await onServer(page));
  const was = await decided();

  server.network.loseReplies();
  await answerQuiz(page, lifting, 'en');
  await mainAction(page).tap();
  await page.getByRole('heading', { name: 'Quiz handed in' }).waitFor();
  await until('the server has marked it', async () => (await decided()) > was);
  await quietLine(page).getByText(/^Offline/).waitFor();
  // Three more retries whose responses are lost too.
  for (let again = 0; again < 3; again += 1) {
    const seen = await decided();
    await wake(page);
    await until('the server was asked again', async () => (await decided()) > seen);
  }
  assert.equal(await heading(page).textContent(), 'Quiz handed in');

  server.network.restore();
  await wake(page);
  await settled(page);
  await page.getByRole('heading', { name: 'Passed' }).waitFor();
  assert.deepEqual(sum(await onServer(page)), { ...before, acts: before.acts + 1, own: before.own + Number(lifting.points) });
  assert.equal((await purses(page))['My points'].points, before.own + Number(lifting.points));
  await phone.shut();
});

test('the same bytes sent many times at once are one act; other bytes under its name are refused', async () => {
  const phone = await openPhone();
  const { page } = phone;
  await enter(page, 'tom@example.com');
  await settled(page);
  const before = sum(await onServer(page));
  const sent = page.waitForRequest((request) => request.url().endsWith('/api/sync') && request.postData().includes('redeem'));
  await askFor(page, logbook, 'en');
  const body = (await sent).postData();
  await settled(page);
  const send = (text) =>
    page.evaluate(async (bytes) => {
      const answer = await fetch('/api/sync', { method: 'POST', headers: { 'content-type': 'application/json' }, body: bytes });
      return (await answer.json()).outcomes;
    }, text);
  const outcomes = await Promise.all(Array.from({ length: 8 }, () => send(body)));
  for (const outcome of outcomes) assert.deepEqual(outcome, outcomes[0]);
  assert.ok('confirmed' in outcomes[0][0].verdict, JSON.stringify(outcomes[0]));

  const [forged] = await send(body.replace('"points":350', '"points":351'));
  assert.match(JSON.stringify(forged), /id_reuse/);
  assert.deepEqual(sum(await onServer(page)), { ...before, acts: before.acts + 1, company: before.company - 350 });
  await phone.shut();
});

test('an impatient thumb does it once', async () => {
  const phone = await openPhone();
  const { page } = phone;
  await enter(page, 'jan.kowalczyk@example.com');
  await settled(page);
  const twice = (locator) =>
    locator.evaluate((button) => {
      button.click();
      button.click();
    });
  // Joining.
  await openRow(page, '/app/events', quotes.title.en);
  await twice(mainAction(page));
  await page.getByRole('link', { name: 'My ticket' }).waitFor();
  await settled(page);
  assert.equal(await page.locator('.banner').count(), 0);
  // Handing in.
  await answerQuiz(page, lifting, 'en');
  await twice(mainAction(page));
  await page.getByRole('heading', { name: 'Passed' }).waitFor();
  await settled(page);
  // Asking for a reward.
  await openRow(page, '/app/rewards', reward('dough-scraper').title.en);
  await twice(mainAction(page));
  await twice(page.locator('dialog.sheet[open] .button.primary'));
  await page.waitForURL('**/app/rewards/request/*');
  await settled(page);
  assert.deepEqual(await acts(page), [
    [`Request: ${reward('dough-scraper').title.en}`, 'Confirmed'],
    [`Quiz handed in: ${lifting.title.en}`, 'Confirmed'],
    [`Joining: ${quotes.title.en}`, 'Confirmed'],
  ]);
  await phone.shut();
});

test('two tabs of one phone: both act without a network, both know, each act goes once', async () => {
  const phone = await openPhone();
  phone.expectNoNetwork();
  const { page: left } = phone;
  await enter(left, 'ella.price@example.com');
  await settled(left);
  const right = await phone.newPage();
  await right.goto('/app');
  await opened(right);
  await settled(right);
  const was = await decided();

  server.network.cut();
  await joinEvent(left, family, 'en');
  await left.locator('.chip', { hasText: 'Asked, to confirm' }).waitFor();
  await right.bringToFront();
  const path = await openRow(right, '/app/learn', lifting.title.en);
  await tapTo(right, `${path}/lesson/01-carry-less`);
  await mainAction(right).tap();
  await right.waitForURL('**/lesson/02-posture');
  const both = [`Lesson read: ${lifting.title.en}`, `Joining: ${family.title.en}`];
  await until('the right tab knows both', async () => (await acts(right)).length === 2);
  assert.deepEqual((await acts(right)).map(([what]) => what), both);
  await left.bringToFront();
  assert.deepEqual((await acts(left)).map(([what]) => what), both);
  const { outbox } = await onPhone(left);
  assert.deepEqual(outbox.map(({ seq }) => seq), [...new Set(outbox.map(({ seq }) => seq))]);

  server.network.restore();
  await Promise.all([wake(left), wake(right)]);
  await settled(left);
  await settled(right);
  for (const tab of [left, right]) {
    await tab.bringToFront();
    assert.deepEqual(await acts(tab), both.map((what) => [what, 'Confirmed']));
  }
  assert.equal(Object.keys((await onServer(left)).act).length, 2);
  assert.equal(await decided(), was + 2, 'the server was asked about each once');
  await phone.shut();
});

test('the server dies in the middle of a request, again and again: every act counts once', async () => {
  const phone = await openPhone();
  phone.expectNoNetwork();
  const { page } = phone;
  await enter(page, 'tom@example.com');
  await settled(page);
  const before = { ...sum(await onServer(page)), books: await server.prove() };
  const wanted = ['dough-scraper', 'meals', 'flask'].map(reward);
  // Kills at increasing delays, from before the server reads the request to after its response.
  for (const [round, of] of wanted.entries()) {
    const died = new Promise((done, failed) => {
      server.network.once('POST /api/sync', () => {
        const kill = () => server.kill().then(done, failed);
        if (round === 0) kill();
        else setTimeout(kill, round * 3);
      });
    });
    await askFor(page, of, 'en');
    await died;
    await server.restart();
    await wake(page);
    await settled(page);
  }
  const spent = wanted.reduce((all, { points }) => all + Number(points), 0);
  assert.deepEqual(sum(await onServer(page)), { acts: before.acts + 3, own: before.own, company: before.company - spent });
  const books = await server.prove();
  assert.equal(books.held, before.books.held + spent);
  assert.equal(books.entries, before.books.entries + 3);
  const asked = (await server.command('requests', 'list')).split('\n').filter((line) => line.includes('Tom Ashworth'));
  for (const { title } of wanted) assert.equal(asked.filter((line) => line.includes(title.fr)).length, 1, asked.join('\n'));
  assert.deepEqual((await acts(page)).slice(0, 3), wanted.toReversed().map(({ title }) => [`Request: ${title.en}`, 'Confirmed']));
  await tapTab(page, '/app');
  await phone.shut();
});
