// Rounds do not disturb the member's input: the caret, half-typed text and the focus in a list stay.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { stage, until } from '../harness.mjs';
import { course, enter, event, mainAction, onPhone, onServer, openRow, tapTab, tapTo } from '../member.mjs';

const { phone: openPhone } = await stage({ after });

// Sends an act of the same member bypassing the app, as from their other phone.
const actElsewhere = (page, command) =>
  page.evaluate(async (command) => {
    const { member, device } = await (await fetch('/api/session')).json();
    const envelope = { id: crypto.randomUUID(), member, device, seq: 999, made_at: Date.now(), command };
    const answer = await fetch('/api/sync', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ proto: 1, member, device, push_only: true, commands: [envelope] }),
    });
    return (await answer.json()).outcomes[0].verdict;
  }, command);

// Triggers a round of the app and waits until the document is on the phone.
async function hears(page, collection, id, holds) {
  await page.evaluate(() => window.dispatchEvent(new Event('online')));
  await until(`${collection} ${id} on the phone`, async () => {
    const { docs } = await onPhone(page);
    const row = docs.find((doc) => doc.collection === collection && doc.id === id);
    return row && holds(row.body);
  });
  // The round is applied and the screen redrawn in the same task; two frames later it is painted.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

const byTitle = (docs, title) => Object.entries(docs).find(([, body]) => body.title.en === title)[0];

test('a number that is being typed keeps its caret and its composition through rounds', async () => {
  const { page } = await openPhone();
  await enter(page, 'tom@example.com');
  const of = course('delivery-note');
  const path = await openRow(page, '/app/learn', of.title.en);
  const id = path.split('/').pop();
  await tapTo(page, `${path}/quiz`);
  const graded = of.question.filter(({ use }) => use === 'graded');
  for (const question of graded) {
    if (question.kind === 'number') break;
    await mainAction(page).tap();
  }
  const field = page.locator('#number');
  await field.pressSequentially('1234');
  await field.evaluate((input) => input.setSelectionRange(2, 3));
  const before = await field.elementHandle();

  assert.ok('confirmed' in (await actElsewhere(page, { learning: { read_lesson: { course: id, lesson: of.lesson[0].file } } })));
  await hears(page, 'progress', id, (body) => body.read.length > 0);

  const now = await field.evaluate((input, before) => ({
    same: input === before,
    focused: document.activeElement === input,
    value: input.value,
    selection: [input.selectionStart, input.selectionEnd],
  }), before);
  assert.deepEqual(now, { same: true, focused: true, value: '1234', selection: [2, 3] });

  // An open IME composition: another round must not end it.
  const browser = await page.context().newCDPSession(page);
  await browser.send('Input.imeSetComposition', { text: '56', selectionStart: 2, selectionEnd: 2 });
  assert.ok('confirmed' in (await actElsewhere(page, { learning: { finish_practice: { course: id } } })));
  await hears(page, 'progress', id, (body) => body.practised > 0);
  await browser.send('Input.imeSetComposition', { text: '567', selectionStart: 3, selectionEnd: 3 });
  await browser.send('Input.insertText', { text: '567' });
  assert.equal(await field.inputValue(), '125674');
});

test('the word that deletes what was not sent stays while rounds come in', async () => {
  const phone = await openPhone();
  const { page } = phone;
  await enter(page, 'tom@example.com');
  await tapTab(page, '/app/me');
  // An act that cannot be sent now and stays in the outbox.
  await page.route('**/api/sync', (route) => route.fulfill({ status: 503, headers: { 'retry-after': '1' }, body: '' }));
  phone.expect(/status of 503/);
  await openRow(page, '/app/events', event('depot-breakfast').title.en);
  await mainAction(page).tap();
  await tapTab(page, '/app/me');
  await tapTo(page, '/app/me/sign-out');
  const field = page.locator('#delete-word');
  await field.pressSequentially('DEL');
  await field.evaluate((input) => input.setSelectionRange(1, 1));
  const before = await field.elementHandle();
  for (let turn = 0; turn < 3; turn += 1) {
    const refused = page.waitForResponse('**/api/sync');
    await page.evaluate(() => window.dispatchEvent(new Event('online')));
    await refused;
  }
  const now = await field.evaluate((input, before) => [input === before, document.activeElement === input, input.value, input.selectionStart], before);
  assert.deepEqual(now, [true, true, 'DEL', 1]);
});

test('a row that has the focus stays the same while another changes', async () => {
  const { page } = await openPhone();
  await enter(page, 'tom@example.com');
  await tapTab(page, '/app/events');
  const known = await onServer(page);
  const joined = byTitle(known.event, event('depot-breakfast').title.en);
  const rows = page.locator('main a.row.event');
  const others = await rows.evaluateAll((links, joined) => links.filter((link) => !link.href.endsWith(joined)).map((link) => link.getAttribute('href')), joined);
  const kept = page.locator(`main a.row.event[href="${others.at(-1)}"]`);
  await kept.focus();
  const before = await kept.elementHandle();

  const verdict = await actElsewhere(page, { events: { [known.registration[joined] ? 'leave' : 'join']: { event: joined } } });
  assert.ok('confirmed' in verdict, JSON.stringify(verdict));
  await hears(page, 'event', joined, () => true);
  const changed = page.locator(`main a.row.event[href$="${joined}"] .chip.mine`);
  if (!known.registration[joined]) await changed.waitFor();

  assert.deepEqual(await kept.evaluate((link, before) => [link === before, document.activeElement === link], before), [true, true]);
});
