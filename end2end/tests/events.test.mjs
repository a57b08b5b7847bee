// A full event, its waiting list, and the ticket at the door.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import jsQR from 'jsqr';
import { stage } from '../harness.mjs';
import { acts, askFor, course, enter, event, heading, joinEvent, mainAction, onServer, openRow, opened, reward, settled, tapTab, tapTo } from '../member.mjs';

const { server, phone: openPhone } = await stage({ after });
const bench = event('test-bakery-bench');

const wake = async (page) => {
  const round = page.waitForResponse('**/api/sync');
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await round;
  await settled(page);
};

// Reads the QR code from a screenshot, as a camera would. A blank page decodes the image.
async function scan(page) {
  const code = page.locator('svg.qr');
  const picture = await code.screenshot();
  const reader = await page.context().newPage();
  const { width, height, pixels } = await reader.evaluate(async (base64) => {
    const image = new Image();
    image.src = `data:image/png;base64,${base64}`;
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
    const drawing = canvas.getContext('2d');
    drawing.drawImage(image, 0, 0);
    const { data } = drawing.getImageData(0, 0, image.width, image.height);
    return { width: image.width, height: image.height, pixels: Array.from(data) };
  }, picture.toString('base64'));
  await reader.close();
  await page.bringToFront();
  return jsQR(Uint8ClampedArray.from(pixels), width, height)?.data;
}

test('two seats, three members: the third waits, and moves up when a seat comes free', async () => {
  const [one, two, three] = [await openPhone(), await openPhone(), await openPhone()];
  await enter(one.page, 'marie@example.com');
  await enter(two.page, 'grace.whitfield@example.com');
  await enter(three.page, 'niamh.doyle@example.com');

  const path = await joinEvent(one.page, bench, 'fr');
  await one.page.getByRole('link', { name: 'Mon billet' }).waitFor();
  await joinEvent(two.page, bench, 'en');
  await two.page.getByRole('link', { name: 'My ticket' }).waitFor();

  // The third phone syncs, shows that the event is full, and offers the waiting list.
  await wake(three.page);
  await tapTab(three.page, '/app/events');
  await three.page.locator('a.row', { hasText: bench.title.en }).locator('.chip', { hasText: 'Full: waiting list' }).waitFor();
  await openRow(three.page, '/app/events', bench.title.en);
  await mainAction(three.page).getByText('Join the waiting list').waitFor();
  await mainAction(three.page).tap();
  await three.page.locator('.chip', { hasText: 'Waiting list: number 1' }).waitFor();
  assert.equal(await three.page.getByRole('link', { name: 'My ticket' }).count(), 0);

  await one.page.getByRole('button', { name: 'Je me désiste' }).tap();
  await settled(one.page);
  await mainAction(one.page).getByText('M’inscrire sur la liste d’attente').waitFor();

  await wake(three.page);
  await three.page.getByRole('link', { name: 'My ticket' }).waitFor();
  await tapTab(three.page, '/app');
  const notice = three.page.locator('li.notice', { hasText: `A seat came free: you are in for “${bench.title.en}”.` });
  await notice.getByRole('button', { name: 'Got it' }).tap();
  await notice.waitFor({ state: 'detached' });
  await settled(three.page);

  // The member who gave the seat back is at the end of the waiting list; the ticket is gone.
  await mainAction(one.page).tap();
  await one.page.locator('.chip', { hasText: 'Liste d’attente\u202f: n° 1' }).waitFor();
  await one.page.goto(`${path}/ticket`);
  await opened(one.page);
  assert.equal(await one.page.locator('svg.qr').count(), 0);
  for (const phone of [one, two, three]) await phone.shut();
});

test('a ticket is shown and read without a network, in the dark too', async () => {
  const phone = await openPhone({ dark: true });
  let { page } = phone;
  await enter(page, 'tom@example.com');
  const path = await joinEvent(page, event('depot-breakfast'), 'en');
  await page.getByRole('link', { name: 'My ticket' }).waitFor();
  await settled(page);
  const { registration } = await onServer(page);
  const [{ state }] = Object.values(registration);

  phone.expectNoNetwork();
  server.network.cut();
  page = await phone.reopen();
  await page.goto('/app');
  await opened(page);
  await page.getByRole('link', { name: 'My ticket' }).tap();
  await page.waitForURL(`**${path}/ticket`);
  assert.equal(await heading(page).textContent(), event('depot-breakfast').title.en);
  const text = await scan(page);
  assert.match(text ?? 'nothing could be read', /^CPG1:/);
  assert.equal(text, state.joined.text);
  assert.match(await page.locator('main').innerText(), /Tom Ashworth[^]*Works without a network/);
  server.network.restore();
  await phone.shut();
});

test('a voucher comes with the delivery, and is read without a network', async () => {
  const phone = await openPhone();
  let { page } = phone;
  await enter(page, 'tom@example.com');
  const path = await askFor(page, reward('meals'), 'en');
  await settled(page);
  await page.locator('.chip', { hasText: 'Points reserved' }).waitFor();
  const id = path.split('/').at(-1);
  for (const step of ['accepted', 'delivered']) await server.command('requests', 'move', id, step);
  await wake(page);
  await page.locator('svg.qr').waitFor();
  await page.locator('.chip', { hasText: 'Delivered' }).waitFor();
  phone.expectNoNetwork();
  server.network.cut();
  page = await phone.reopen();
  await page.goto(path);
  await page.locator('svg.qr').waitFor();
  assert.match((await scan(page)) ?? 'nothing could be read', /^CPG1:/);
  server.network.restore();
  await phone.shut();
});

test('an event reserved for other tiers says so instead of letting one ask', async () => {
  const phone = await openPhone();
  const { page } = phone;
  await enter(page, 'tom@example.com');
  await openRow(page, '/app/events', event('mill-evening').title.en);
  await page.locator('.chip', { hasText: 'Reserved: Brick, Stone' }).waitFor();
  assert.equal(await mainAction(page).getAttribute('aria-disabled'), 'true');
  assert.match(await page.locator('.main-action').innerText(), /Reserved for other tiers/);
  await mainAction(page).tap({ force: true });
  await tapTo(page, '/app/events');
  assert.equal(await page.locator('.chip', { hasText: 'Asked' }).count(), 0);
  await phone.shut();
});

test('the calendar file has the event’s day, place and name', async () => {
  const phone = await openPhone();
  const { page } = phone;
  await enter(page, 'tom@example.com');
  await openRow(page, '/app/events', event('family-day').title.en);
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Add to calendar' }).tap();
  const stream = await (await download).createReadStream();
  let file = '';
  for await (const part of stream.setEncoding('utf8')) file += part;
  assert.match(file, /^BEGIN:VCALENDAR\r\n/);
  assert.match(file, /SUMMARY:Family day at the depot\r\n/);
  assert.match(file, /DTSTART:\d{8}T\d{6}Z\r\n/);
  assert.match(file.replaceAll('\r\n ', ''), /LOCATION:Dépôt Ferrand de Vénissieux/);
  await phone.shut();
});

test('a round that draws the screen anew leaves the focus where it was', async () => {
  const { page } = await openPhone();
  await enter(page, 'karim@example.com');
  const path = await askFor(page, reward('dough-scraper'), 'fr');
  const id = path.slice(path.lastIndexOf('/') + 1);
  await settled(page);
  await tapTab(page, '/app');
  const parts = page.locator('main :is(h1, a[href], button)');
  const focused = () => page.evaluate(() => document.activeElement.outerHTML);
  for (const [part, step] of [[parts.first(), 'accepted'], [parts.last(), 'sent']]) {
    await part.focus();
    const before = await focused();
    const notices = await page.locator('.notice').count();
    await server.command('requests', 'move', id, step);
    await wake(page);
    await page.locator('.notice').nth(notices).waitFor();
    assert.equal(await focused(), before);
  }
});

test('a second Enter does not undo what the first one did', async () => {
  const { page } = await openPhone();
  await enter(page, 'tom@example.com');
  const webinar = event('quotes-that-hold');
  await openRow(page, '/app/events', webinar.title.en);
  await mainAction(page).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'My ticket' }).waitFor();
  assert.equal(await heading(page).evaluate((title) => document.activeElement === title), true, 'the title has the focus');
  await page.keyboard.press('Enter');
  await settled(page);
  const joined = (await acts(page)).filter(([what]) => what.includes(webinar.title.en));
  assert.deepEqual(joined.map(([, state]) => state), ['Confirmed']);
});

test('what the brand takes back leaves the screen that shows it', async () => {
  const phone = await openPhone();
  const { page } = phone;
  await enter(page, 'tom@example.com');
  for (const [tab, kind, ref, { title }] of [
    ['/app/rewards', 'reward', 'first-aid-kit', reward('first-aid-kit')],
    ['/app/learn', 'course', 'height', course('height')],
  ]) {
    await openRow(page, tab, title.en);
    await server.command('withdraw', kind, ref);
    await wake(page);
    await heading(page).filter({ hasText: 'Not there' }).waitFor();
    await tapTo(page, tab);
    assert.equal(await page.getByText(title.en, { exact: true }).count(), 0);
  }
  const day = event('family-day');
  await joinEvent(page, day, 'en');
  await page.getByRole('link', { name: 'My ticket' }).waitFor();
  await settled(page);
  await server.command('withdraw', 'event', 'family-day');
  await wake(page);
  await page.locator('main').getByText('Cancelled').first().waitFor();
  await tapTab(page, '/app');
  await page.locator('.notice', { hasText: `Cancelled: “${day.title.en}”.` }).waitFor();
  await phone.shut();
});
