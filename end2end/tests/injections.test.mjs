// Everything the brand writes and imports is shown as text: hundreds of texts that would run as a script are put into
// every visible field, every screen is opened, and nothing runs, loads or becomes an element.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { stage, temporary } from '../harness.mjs';
import { INJECTIONS } from '../injections.mjs';
import { TABS, enter, mainAction, opened, settled } from '../member.mjs';

const { server, phone: openPhone } = await stage({ after });
const MANAGER = 'marie@example.com';

const SEPARATOR = ' ¶ ';
// Texts per field, so that there are few enough things to open them all.
const TOGETHER = 50;

function groups(texts, most) {
  const found = [[]];
  for (const text of texts) {
    if (found.at(-1).length === most) found.push([]);
    found.at(-1).push(text);
  }
  return found;
}

// Packs as many texts as fit into a column of `most` characters.
function packs(texts, most = 200) {
  const found = [''];
  for (const text of texts) {
    const longer = found.at(-1) ? found.at(-1) + SEPARATOR + text : text;
    if (longer.length <= most) found[found.length - 1] = longer;
    else found.push(text);
  }
  return found;
}

const GROUPS = groups(INJECTIONS, TOGETHER);
// The content of a field, prefixed with its name to find it on a screen.
const held = (field, texts) => `${field}: ${texts.join(SEPARATOR)}`;
const quoted = JSON.stringify;
const both = (text) => `{ fr = ${quoted(text)}, en = ${quoted(text)} }`;
const csv = (...values) => values.map((value) => `"${value.replaceAll('"', '""')}"`).join(',');

// --- seeing that something ran -----------------------------------------------------------------------------------

const HOOKS = () => {
  window.hits = [];
  for (const name of ['ran', 'alert', 'confirm', 'prompt', 'print']) {
    window[name] = () => {
      window.hits.push(name);
      console.error(`an injected text ran and called ${name}`);
    };
  }
};

// Finds elements and attributes that no screen of ours contains.
const strangers = (page) =>
  page.evaluate(() => {
    const places = 'iframe, frame, object, embed, base, style, math, marquee, video, audio, image, template:not([shadowrootmode]), animate, set, foreignObject, svg script, svg a, [srcdoc], [srcset], meta[http-equiv], link:not([href^="/"]), script:not([src^="/"]), input[type=image], form[action^="javascript"]';
    const found = [...document.querySelectorAll(places)];
    for (const node of document.querySelectorAll('*')) {
      if ([...node.attributes].some(({ name }) => name.startsWith('on'))) found.push(node);
      if (node.matches('a[href]') && !['http:', 'https:', 'mailto:', 'tel:', 'blob:'].includes(node.protocol)) found.push(node);
    }
    return found.map((node) => node.outerHTML.slice(0, 200));
  });

async function watched(options) {
  const phone = await openPhone({ lang: 'en', ...options });
  const outside = [];
  await phone.context.addInitScript(HOOKS);
  phone.context.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (/^https?:$/.test(protocol) && hostname !== '127.0.0.1') outside.push(request.url());
  });
  const check = async (page, where) => {
    assert.deepEqual(await page.evaluate(() => window.hits), [], `something ran on ${where}`);
    assert.deepEqual(await strangers(page), [], `a text became more than text on ${where}`);
    assert.deepEqual(outside, [], `something was asked from elsewhere on ${where}`);
    assert.deepEqual(phone.errors, [], `a page complained on ${where}`);
  };
  return { phone, page: phone.page, check, outside };
}

// --- the programme that holds them -------------------------------------------------------------------------------

const COURSE = (texts, number) => `
ref = "course-${number}"
version = 1
title = ${both(held('course.title', texts))}
summary = ${both(held('course.summary', texts))}
minutes = 1
points = 0
pass_mark = 50
languages = ["fr", "en"]

[[lesson]]
file = "lesson"

[[question]]
ref = "p1"
use = "practice"
lesson = "lesson"
kind = "single"
prompt = ${both(held('practice.prompt', texts))}
options = [${both(held('practice.option', texts))}, ${both(held('practice.other', texts))}]
correct = 0
explanation = ${both(held('practice.explanation', texts))}

[[question]]
ref = "p2"
use = "practice"
lesson = "lesson"
kind = "number"
prompt = ${both(held('number.prompt', texts))}
correct = 1
unit = ${quoted(held('number.unit', texts))}

[[question]]
ref = "g1"
use = "graded"
lesson = "lesson"
kind = "single"
prompt = ${both(held('quiz.prompt', texts))}
options = [${both(held('quiz.option', texts))}, ${both(held('quiz.other', texts))}]
correct = 0

[[question]]
ref = "g2"
use = "graded"
lesson = "lesson"
kind = "true_false"
prompt = ${both(held('review.prompt', texts))}
correct = true
explanation = ${both(held('quiz.explanation', texts))}
`;

const LESSON = (texts) =>
  `# ${held('lesson.title', texts)}\n\nlesson.body: begins\n\n${texts.join('\n\n')}\n\n- ${texts.join('\n- ')}\n\nlesson.body: ends\n`;

const EVENT = (texts, number) => `
[[event]]
ref = "event-${number}"
public = true
title = ${both(held('event.title', texts))}
summary = ${both(held('event.summary', texts))}
body = ${both(`event.body: begins\n\n${texts.join('\n\n')}\n\nevent.body: ends`)}
starts = "+${3 + number} 18:00"
minutes = 60
${
  number % 2
    ? `webinar = ${quoted(`https://example.com/${texts.join('')}`)}`
    : `place = { name = ${quoted(held('place.name', texts))}, address = ${quoted(held('place.address', texts))} }`
}
seats = 50
`;

const REWARD = (texts, number) => `
[[reward]]
ref = "reward-${number}"
title = ${both(held('reward.title', texts))}
summary = ${both(held('reward.summary', texts))}
body = ${both(`reward.body: begins\n\n${texts.join('\n\n')}\n\nreward.body: ends`)}
shelf = "work"
points = 1
delivery = "${['post', 'advisor', 'voucher'][number % 3]}"
`;

const PROGRAMME = `
[brand]
name = ${quoted(held('brand.name', INJECTIONS))}
accent = "#B45309"
languages = ["fr", "en"]
time_zone = "Europe/Paris"
currency = "EUR"

[status]
period = "rolling"

[points]

${['baker', 'foreman', 'contractor'].map((ref) => `[[trade]]\nref = "${ref}"\nname = ${both(held('trade.name', INJECTIONS))}\n`).join('\n')}
${['clay', 'brick', 'stone']
  .map(
    (ref, at) =>
      `[[tier]]\nref = "${ref}"\nname = ${both(held('tier.name', INJECTIONS))}\nthreshold = ${at * 5000}\n` +
      `benefits = [${GROUPS.map((texts) => both(held('tier.benefit', texts))).join(', ')}]\n`,
  )
  .join('\n')}
[[earning]]
version = 1
valid_from = "2000-01-01"
points_per_unit = 1

[[staff]]
ref = "s-lea"
name = ${quoted(held('advisor.name', INJECTIONS))}
email = ${quoted(held('advisor.email', INJECTIONS))}
phone = ${quoted(held('advisor.phone', INJECTIONS))}
role = "advisor"

[[staff]]
ref = "s-hugo"
name = "Hugo"
role = "advisor"
`;

const folder = await temporary();
const file = async (name, text) => {
  await writeFile(join(folder, name), text);
  return join(folder, name);
};
const importing = async (kind, name, text) => server.command('import', kind, await file(name, text));

const PEOPLE = (name) =>
  `member_ref,company_ref,name,phone,email,trade,function,manager,language\n${csv('m-marie', 'c-fournil-saone', name, '+33639980010', MANAGER, 'baker', 'decider', 'true', 'en')}\n`;
const COMPANIES = (name, town) =>
  `company_ref,name,town,joined_on,order_points,advisor_ref\n${csv('c-fournil-saone', name, town, '2019-03-11', 'company', 's-lea')}\n`;

async function fill() {
  await server.command('programme', 'apply', await file('programme.toml', PROGRAMME));
  for (const [number, texts] of GROUPS.entries()) {
    const name = `course-${number}`;
    await mkdir(join(folder, name));
    await file(`${name}/course.toml`, COURSE(texts, number));
    for (const lang of ['fr', 'en']) await file(`${name}/lesson.${lang}.md`, LESSON(texts));
    await server.command('import', 'course', join(folder, name));
  }
  await importing('events', 'events.toml', GROUPS.map(EVENT).join(''));
  await importing('rewards', 'rewards.toml', GROUPS.map(REWARD).join(''));
  const today = new Date().toISOString().slice(0, 10);
  const orders = packs(INJECTIONS, 180).map((text) => csv(text, 'c-fournil-saone', today, '1', '10.00'));
  await importing('orders', 'orders.csv', `order_ref,company_ref,ordered_on,quantity,amount\n${orders.join('\n')}\n`);
  await server.restart();
}

// Sends acts like the app, but bypassing it: joins, requests and a quiz with one wrong answer.
const act = (page, commands) =>
  page.evaluate(async (all) => {
    const { member, device } = await (await fetch('/api/session')).json();
    const id = () => {
      const hex = Date.now().toString(16).padStart(12, '0');
      return `${hex.slice(0, 8)}-${hex.slice(8)}-7${crypto.randomUUID().slice(15)}`;
    };
    const done = [];
    for (const command of all) {
      const envelope = { id: id(), member, device, seq: 1_000_000 + done.length, made_at: Date.now(), command };
      const answer = await fetch('/api/sync', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ proto: 1, member, device, push_only: true, commands: [envelope] }),
      });
      done.push((await answer.json()).outcomes[0]);
    }
    return done;
  }, commands);

const documents = (page) =>
  page.evaluate(async () => {
    const { member, device } = await (await fetch('/api/session')).json();
    const answer = await fetch('/api/sync', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ proto: 1, member, device, commands: [] }),
    });
    return (await answer.json()).docs;
  });

// Opens a screen through a link. Not by a tap: a name of twenty thousand letters covers the tap target.
async function open(page, path) {
  const before = await page.evaluate((to) => {
    const link = Object.assign(document.createElement('a'), { href: to });
    document.body.append(link);
    link.click();
    link.remove();
    return { title: document.querySelector('main h1')?.textContent, at: performance.now() };
  }, path);
  // The address changes before the screen: waits until the title changes, or 500 milliseconds if it stays the same.
  await page.waitForFunction(
    ([wanted, was]) => {
      const title = document.querySelector('main h1')?.textContent;
      const drawn = title !== was.title || performance.now() - was.at > 500;
      return location.pathname === wanted && drawn && title && document.title.startsWith(`${title} – `);
    },
    [path, before],
    { polling: 20 },
  );
}

// Visits every screen reachable by links from the five tabs. Returns their paths.
async function everyScreen(page, visit) {
  const found = new Set(TABS);
  for (const path of found) {
    await open(page, path);
    await visit(path);
    const links = await page.locator('main a[href^="/app"]').evaluateAll((all) => all.map((link) => link.getAttribute('href')));
    for (const link of links) found.add(link);
  }
  return [...found];
}

// --- the tests ---------------------------------------------------------------------------------------------------

test('the corpus is large, and alive where nothing stops it', async () => {
  assert.ok(INJECTIONS.length >= 300, `${INJECTIONS.length} texts`);
  assert.equal(new Set(INJECTIONS).size, INJECTIONS.length);
  const { phone, page, outside } = await watched();
  phone.expect(/^error: /, /an injected text ran/, /content security policy/i, /ERR_/, /Failed to load/, /Refused|violates/);
  // A page without any policy.
  await page.route('**/bare', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>Bare</title>' }));
  await page.goto('/bare');
  let alive = 0;
  for (const text of INJECTIONS) {
    await page.evaluate((html) => {
      window.hits = [];
      document.body.innerHTML = `<p>${html}</p>`;
    }, text);
    await page.waitForTimeout(5);
    const hits = await page.evaluate(() => window.hits?.length ?? 0);
    if (hits > 0 || (await strangers(page)).length > 0) alive += 1;
  }
  assert.ok(alive > 200, `${alive} of ${INJECTIONS.length} texts do something as HTML`);
  await page.evaluate(() => {
    document.body.innerHTML = '<img src=x onerror=ran()>';
  });
  await page.waitForFunction(() => window.hits.length > 0);
  assert.ok(outside.some((url) => url.includes('injected.invalid')), 'requests to elsewhere are seen');
  // On a page of ours the content security policy blocks it and reports that.
  await page.goto('/sign-in');
  await page.evaluate(() => {
    document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=ran()>');
  });
  assert.equal((await strangers(page)).length, 1, 'an element that is not ours is seen');
  await page.waitForTimeout(200);
  assert.deepEqual(await page.evaluate(() => window.hits), [], 'the policy stops it');
});

test('nothing that somebody types while signing in runs', async () => {
  const { phone, page, check } = await watched();
  // A path that does not exist.
  phone.expect(/status of 404/);
  await page.goto('/sign-in');
  for (const text of packs(INJECTIONS, 250)) {
    await Promise.all([
      page.waitForEvent('load'),
      page.evaluate((typed) => {
        const field = document.querySelector('form:has(input[name=address]:not([type=hidden])) input[name=address]');
        field.value = typed;
        field.form.submit();
      }, text),
    ]);
    await check(page, `the sign-in page after ${text}`);
    const shown = await page.locator('input[name=address]:not([type=hidden])').inputValue();
    assert.equal(shown, text);
  }
  for (const text of INJECTIONS.filter((_, at) => at % 10 === 0)) {
    for (const path of ['/invitation/', '/']) {
      await page.goto(path + encodeURIComponent(text).replaceAll('.', '%2E'));
      assert.deepEqual(await page.evaluate(() => window.hits), [], path + text);
      assert.deepEqual(await strangers(page), [], path + text);
    }
  }
});

// Signed in before the texts make the sign-in pages too large.
let member;

test('nothing in the names of people and companies runs', async () => {
  member = await watched();
  const { page, check } = member;
  await enter(page, MANAGER);
  for (const pack of packs(INJECTIONS)) {
    await importing('companies', 'companies.csv', COMPANIES(pack, pack));
    await importing('members', 'members.csv', PEOPLE(pack));
    await page.goto('/app/me');
    await page.waitForFunction((name) => document.querySelector('main h1')?.textContent === name, pack, { polling: 20 });
    assert.ok((await page.locator('p.lead').textContent()).includes(pack));
    await check(page, `/app/me with ${pack}`);
    await open(page, '/app/me/company');
    const company = await page.evaluate(() => document.querySelector('main').textContent);
    assert.equal(company.split(pack).length - 1 >= 2, true, `name and town are shown: ${pack}`);
    await check(page, `/app/me/company with ${pack}`);
    await open(page, '/app/me/company/members');
    await page.locator('main ul.lines strong', { hasText: pack }).waitFor();
    await check(page, `/app/me/company/members with ${pack}`);
  }
  await open(page, '/app');
  await check(page, '/app');
});

test('nothing that the brand writes runs on any screen', async () => {
  const { page, check } = member;
  await fill();
  const docs = await documents(page);
  const of = (collection) => docs.filter((doc) => doc.collection === collection).map(({ body }) => body);
  const ours = (body) => body.title.en.includes('<script>') || /^(event|reward|course)\.title: /.test(body.title.en);
  const outcomes = await act(page, [
    ...of('event').filter(ours).map(({ id }) => ({ events: { join: { event: id } } })),
    ...of('reward').filter(ours).map(({ id, points }) => ({ rewards: { redeem: { reward: id, points, wallet: 'company' } } })),
    ...of('course').filter(ours).map(({ id, version }) => ({
      learning: {
        hand_in_quiz: {
          course: id,
          version,
          answers: [
            { question: 'g1', given: { single: 0 } },
            { question: 'g2', given: { true_false: false } },
          ],
        },
      },
    })),
  ]);
  assert.equal(outcomes.length, 3 * GROUPS.length);
  for (const outcome of outcomes) assert.ok(outcome.verdict.confirmed, JSON.stringify(outcome));
  for (const { id, verdict } of outcomes) if (verdict.confirmed.reserved) await server.command('requests', 'move', id, 'accepted');
  await page.goto('/app');
  await opened(page);
  await settled(page);
  // The new programme name shows that all of it has arrived.
  await page.waitForFunction(() => document.title.includes('brand.name: '), undefined, { polling: 50 });

  const seen = [];
  const read = async () => seen.push(await page.evaluate(() => document.documentElement.textContent + [...document.querySelectorAll('input')].map(({ value }) => value).join('\n')));
  const screens = await everyScreen(page, async (path) => {
    await check(page, path);
    await read();
    const prompt = await page.evaluate(() => document.querySelector('main h1').textContent);
    if (path.endsWith('/practice') && prompt.startsWith('practice.prompt')) {
      const click = (locator) => locator.evaluate((node) => node.click());
      await click(page.locator('label.choice input').last());
      await click(mainAction(page));
      await page.locator('.feedback').waitFor();
      await read();
      await click(mainAction(page));
      await page.locator('#number').fill('7');
      await click(mainAction(page));
      await page.locator('.feedback').waitFor();
      await read();
      await check(page, path);
    }
  });
  assert.ok(screens.length > 10 * GROUPS.length, `${screens.length} screens`);
  // Email addresses may contain a zero-width space before the at sign.
  const all = seen.join('\n').replaceAll('\u200b', '');

  // Not vacuous: each text is shown in full.
  const whole = [
    ...['course.title', 'course.summary', 'lesson.title', 'practice.prompt', 'practice.option', 'practice.other', 'practice.explanation'],
    ...['number.prompt', 'number.unit', 'quiz.prompt', 'quiz.option', 'quiz.other', 'quiz.explanation'],
    ...['event.title', 'event.summary', 'reward.title', 'reward.summary', 'tier.benefit'],
  ];
  const wanted = [
    ...whole.flatMap((field) => GROUPS.map((texts) => held(field, texts))),
    ...['place.name', 'place.address'].flatMap((field) => GROUPS.filter((_, number) => number % 2 === 0).map((texts) => held(field, texts))),
    ...['brand.name', 'trade.name', 'tier.name', 'advisor.name', 'advisor.phone', 'advisor.email'].map((field) => held(field, INJECTIONS)),
  ];
  assert.deepEqual(wanted.filter((text) => !all.includes(text)).map((text) => text.slice(0, 60)), [], 'not shown as it was written');
  for (const pack of packs(INJECTIONS, 180)) assert.ok(all.includes(pack), `the order is not shown: ${pack}`);
  // Markdown changes a text; HTML in it is shown as written.
  for (const field of ['lesson.body', 'event.body', 'reward.body']) {
    assert.equal(all.split(`${field}: ends`).length > GROUPS.length, true, `${field} is shown to its end`);
  }
  // The same on the public pages.
  for (const [number, texts] of GROUPS.entries()) {
    await page.goto(`/e/event-${number}`);
    await check(page, `/e/event-${number}`);
    const shown = await page.evaluate(() => document.querySelector('main').textContent);
    const fields = ['event.title', 'event.summary', ...(number % 2 ? [] : ['place.name', 'place.address'])];
    for (const field of fields) assert.ok(shown.includes(held(field, texts)), `${field} of event ${number}`);
    assert.doesNotMatch(shown, /event\.body/);
    assert.equal(await page.locator('a[href^="https:"]').count(), 0, 'no way into the webinar');
  }
  const tags = INJECTIONS.filter((text) => /^<(script|img|svg|iframe|object|video)/.test(text) && !/[&\\%]/.test(text));
  assert.ok(tags.length >= 10, `${tags.length} plain tags`);
  for (const text of tags) assert.ok(all.includes(text), `not shown as text: ${text}`);
});
