// The hand-written files of public/: the store, the worker, the watchdog.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { axe, controlled, Phone, ready, until } from '../harness.mjs';
import { StandIn } from '../stand-in.mjs';

let site;
let phone;
let page;

beforeEach(async () => {
  site = await StandIn.start();
  phone = await Phone.open(site.origin);
  page = phone.page;
});

afterEach(async () => {
  const { errors } = phone;
  await phone.close();
  await site.stop().catch(() => {});
  assert.deepEqual(errors, []);
});

const MEMBER = 'm-1';
const row = (id, seq, state = 'saved') => ({ id, seq, state, body: JSON.stringify({ id, seq, text: 'é "quoted"' }) });
const inStore = (on, member = MEMBER) => on.evaluate(async (id) => JSON.parse(await compagnonStore.load(id)), member);
const commit = (on, operations, strict = true, member = MEMBER) =>
  on.evaluate(([id, json, hard]) => compagnonStore.commit(id, json, hard), [member, JSON.stringify(operations), strict]);
const coreCaches = (on) => on.evaluate(async () => (await caches.keys()).filter((name) => name.startsWith('core-')));
const text = (on) => on.locator('main').textContent();

// Opens the app and waits until the worker has cached everything and controls the page.
async function installed(on = page) {
  await on.goto('/app');
  await ready(on);
}

async function offline() {
  phone.expectNoNetwork();
  await site.stop();
}

describe('store', () => {
  beforeEach(() => page.goto('/about'));

  test('rows come back as they went in, the outbox in the order it was made', async () => {
    await commit(page, [
      ['put', 'docs', { collection: 'events', id: '1', body: '{"a":1}' }],
      ['put', 'docs', { collection: 'events-old', id: '1', body: '{}' }],
      ['put', 'docs', { collection: 'course', id: '1', body: '{}' }],
      ['put', 'outbox', row('z', 1)],
      ['put', 'outbox', row('a', 2)],
      ['put', 'drafts', { key: 'quiz/7', answers: [1, 2] }],
      ['put', 'meta', { own: 4 }, 'cursor'],
      ['put', 'meta', null, 'nothing'],
    ]);
    const first = await inStore(page);
    assert.deepEqual(first.outbox, [row('z', 1), row('a', 2)]);
    assert.deepEqual(first.meta, { cursor: { own: 4 }, nothing: null });
    assert.deepEqual(first.drafts, [{ key: 'quiz/7', answers: [1, 2] }]);
    assert.equal(first.docs.length, 3);

    await commit(page, [
      ['clear_docs', ['events', 'unknown']],
      ['delete', 'outbox', 'z'],
      ['delete', 'docs', ['course', '1']],
      ['delete', 'meta', 'nothing'],
      ['clear', 'drafts'],
    ]);
    const second = await inStore(page);
    assert.deepEqual(second.docs, [{ collection: 'events-old', id: '1', body: '{}' }]);
    assert.deepEqual(second.outbox, [row('a', 2)]);
    assert.deepEqual(second.meta, { cursor: { own: 4 } });
    assert.deepEqual(second.drafts, []);
  });

  test('a commit happens as a whole or not at all, and says why not', async () => {
    await commit(page, [['put', 'outbox', row('a', 1)]]);
    await assert.rejects(commit(page, [['put', 'outbox', row('b', 2)], ['put', 'outbox', { seq: 3 }]]), /DataError/);
    await assert.rejects(commit(page, [['delete', 'outbox', 'a'], ['put', 'nowhere', {}]]), /NotFoundError/);
    await assert.rejects(commit(page, [['clear', 'outbox'], ['hasOwnProperty', 'outbox']]), /TypeError/);
    assert.deepEqual((await inStore(page)).outbox, [row('a', 1)]);
  });

  test('a full phone is told by name, and nothing is half written', async () => {
    const session = await phone.context.newCDPSession(page);
    await session.send('Storage.overrideQuotaForOrigin', { origin: site.origin, quotaSize: 256 * 1024 });
    await commit(page, [['put', 'outbox', row('a', 1)]]);
    const large = { collection: 'course', id: '1', body: randomBytes(1024 * 1024).toString('base64') };
    await assert.rejects(commit(page, [['put', 'outbox', row('b', 2)], ['put', 'docs', large]]), /QuotaExceededError/);
    const kept = await inStore(page);
    assert.deepEqual([kept.outbox, kept.docs], [[row('a', 1)], []]);
  });

  test('"saved" is said after the transaction is complete, and a strict one asks for the disk', async () => {
    const seen = await page.evaluate(async () => {
      const order = [];
      const real = IDBDatabase.prototype.transaction;
      IDBDatabase.prototype.transaction = function (stores, mode, options) {
        const tx = real.call(this, stores, mode, options);
        if (mode === 'readwrite' && this.name !== 'compagnon-device') {
          order.push(tx.durability);
          tx.addEventListener('complete', () => order.push('complete'));
        }
        return tx;
      };
      await compagnonStore.commit('m-1', JSON.stringify([['put', 'drafts', { key: 'a' }]]), true);
      order.push('said');
      await compagnonStore.commit('m-1', JSON.stringify([['put', 'drafts', { key: 'b' }]]), false);
      return order;
    });
    assert.deepEqual(seen, ['strict', 'complete', 'said', 'relaxed', 'complete']);
  });

  test('what was saved is there after the browser was closed', async () => {
    await commit(page, [['put', 'outbox', row('a', 1)]]);
    page = await phone.reopen();
    await page.goto('/about');
    assert.deepEqual((await inStore(page)).outbox, [row('a', 1)]);
    assert.deepEqual(await page.evaluate(() => compagnonStore.members()), [MEMBER]);
  });

  test('a dead connection is replaced, once', async () => {
    await commit(page, [['put', 'outbox', row('a', 1)]]);
    const failWith = (name, times) =>
      page.evaluate(
        ([error, count]) => {
          const real = IDBDatabase.prototype.transaction;
          let left = count;
          IDBDatabase.prototype.transaction = function (...args) {
            if (left > 0 && this.name !== 'compagnon-device') {
              left -= 1;
              if (error === 'closed') this.close();
              else throw new DOMException('Connection to Indexed Database server lost', error);
            }
            return real.apply(this, args);
          };
          return () => left;
        },
        [name, times],
      );
    await failWith('closed', 1);
    await commit(page, [['put', 'outbox', row('b', 2)]]);
    await failWith('UnknownError', 1);
    await commit(page, [['put', 'outbox', row('c', 3)]]);
    await failWith('InvalidStateError', 1);
    assert.equal((await inStore(page)).outbox.length, 3);
    await failWith('UnknownError', 2);
    await assert.rejects(commit(page, [['put', 'outbox', row('d', 4)]]), /UnknownError/);
    assert.equal((await inStore(page)).outbox.length, 3);
  });

  test('after the browser threw the data away the store goes on, empty', async () => {
    await commit(page, [['put', 'outbox', row('a', 1)]]);
    const session = await phone.context.newCDPSession(page);
    await session.send('Storage.clearDataForOrigin', { origin: site.origin, storageTypes: 'indexeddb' });
    assert.deepEqual((await inStore(page)).outbox, []);
    await commit(page, [['put', 'outbox', row('b', 1)]]);
    assert.deepEqual((await inStore(page)).outbox, [row('b', 1)]);
    assert.deepEqual(await page.evaluate(() => compagnonStore.members()), [MEMBER]);
  });

  test('members do not see each other, and one can be erased while another tab is open', async () => {
    const other = await phone.newPage();
    await other.goto('/about');
    await commit(page, [['put', 'outbox', row('a', 1)]], true, 'm-1');
    await commit(other, [['put', 'outbox', row('b', 1)]], true, 'm-2');
    assert.equal((await inStore(other, 'm-1')).outbox[0].id, 'a');
    const erased = await page.evaluate(async () => {
      await compagnonStore.device.set('current', 'm-1');
      await compagnonStore.device.set('alive:m-1', { since: 1 });
      await compagnonStore.erase('m-1');
      const databases = (await indexedDB.databases()).map(({ name }) => name).sort();
      return [databases, await compagnonStore.members(), await compagnonStore.device.get('current'), await compagnonStore.device.get('alive:m-1')];
    });
    assert.deepEqual(erased, [['compagnon-device', 'compagnon-m-2'], ['m-2'], null, null]);
    assert.deepEqual((await inStore(page, 'm-2')).outbox, [row('b', 1)]);
    await commit(other, [['put', 'drafts', { key: 'again' }]], true, 'm-1');
    assert.deepEqual((await other.evaluate(() => compagnonStore.members())).sort(), ['m-1', 'm-2']);
  });

  test('two tabs write at once and nothing is lost', async () => {
    const other = await phone.newPage();
    await other.goto('/about');
    const write = (on, tab) =>
      on.evaluate(async (name) => {
        const one = (i) => compagnonStore.commit('m-1', JSON.stringify([['put', 'outbox', { id: `${name}-${i}`, seq: i, state: 'saved', body: '{}' }]]), true);
        await Promise.all(Array.from({ length: 50 }, (_, i) => one(i)));
      }, tab);
    await Promise.all([write(page, 'left'), write(other, 'right')]);
    assert.equal((await inStore(page)).outbox.length, 100);
  });

  test('a lock is held by one tab, given back, and freed when the tab dies', async () => {
    const other = await phone.newPage();
    await other.goto('/about');
    const take = (on) =>
      on.evaluate(async () => {
        self.release = await compagnonStore.acquire('sync:m-1');
        return self.release !== null;
      });
    assert.equal(await take(page), true);
    assert.equal(await take(other), false);
    await page.evaluate(() => self.release());
    assert.equal(await take(other), true);
    assert.equal(await take(page), false);
    await other.close();
    await until('the lock is free', () => take(page));
  });

  test('tabs hear each other, not themselves', async () => {
    const other = await phone.newPage();
    await other.goto('/about');
    const listen = () => {
      self.heard = [];
      compagnonStore.channel((said) => self.heard.push(said));
    };
    await page.evaluate(listen);
    await other.evaluate(listen);
    await page.evaluate(() => compagnonStore.announce('changed'));
    await until('the other tab hears', () => other.evaluate(() => self.heard.length === 1));
    assert.deepEqual(await other.evaluate(() => self.heard), ['changed']);
    assert.deepEqual(await page.evaluate(() => self.heard), []);
  });

  test('a request answers with a status or with nothing known', async () => {
    const post = (path, patience = 5000) => page.evaluate(([to, ms]) => compagnonStore.post(to, '{"a":"é"}', ms), [path, patience]);
    phone.expect(/status of 503/, /net::ERR_/);
    site.answers.set('/api/busy', (_, response) => response.writeHead(503, { 'retry-after': '7' }).end('later'));
    site.answers.set('/api/moved', (_, response) => response.writeHead(302, { location: '/about' }).end());
    site.answers.set('/api/silent', () => {});
    assert.deepEqual(await post('/api/echo'), { status: 200, body: '{}', retry_after: null });
    assert.deepEqual(site.posts, [{ path: '/api/echo', body: '{"a":"é"}' }]);
    assert.deepEqual(await post('/api/busy'), { status: 503, body: 'later', retry_after: 7 });
    const nothing = { status: 0, body: '', retry_after: null };
    assert.deepEqual(await post('/api/moved'), nothing);
    assert.deepEqual(await post('/api/silent', 200), nothing);
    await site.stop();
    assert.deepEqual(await post('/api/echo'), nothing);
  });
});

describe('worker', () => {
  test('the app starts without a network, on every address, after the browser was closed', async () => {
    await installed();
    await offline();
    page = await phone.reopen();
    for (const address of ['/app', '/app/learn/3?from=home']) {
      await page.goto(address);
      assert.equal(await text(page), 'client one');
      assert.equal(await page.evaluate(() => document.documentElement.dataset.build), site.current.build);
    }
    assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue('--accent')), '#b45309');
    assert.deepEqual(await page.evaluate(() => compagnonStore.post('/api/sync', '{}', 1000)), { status: 0, body: '', retry_after: null });
  });

  test('public pages bring the worker, and without a network lead a signed-in member to the app', async () => {
    await page.goto('/sign-in');
    await ready(page);
    await offline();
    await page.goto('/');
    assert.equal(await page.locator('h1').textContent(), 'No connection');
    assert.equal(await page.locator('html').getAttribute('lang'), 'en');
    await axe(page);
    await site.resume();
    await page.locator('a').tap();
    await page.waitForFunction(() => document.title === 'public');
    await page.evaluate(async () => {
      await compagnonStore.device.set('current', 'm-1');
      await compagnonStore.device.set('lang', 'fr');
    });
    await site.stop();
    await page.goto('/');
    assert.equal(new URL(page.url()).pathname, '/app');
    assert.equal(await text(page), 'client one');
    await page.goto('/about');
    assert.equal(await page.locator('h1').textContent(), 'Pas de réseau');
  });

  test('a server that does not answer does not keep a signed-in member from the app', async () => {
    await installed();
    await page.evaluate(() => compagnonStore.device.set('current', 'm-1'));
    site.answers.set('/', () => {});
    await page.goto('/');
    assert.equal(new URL(page.url()).pathname, '/app');
  });

  test('a page that the worker has missed is taken over', async () => {
    await installed();
    const session = await phone.context.newCDPSession(page);
    const loaded = page.waitForEvent('load');
    await session.send('Page.reload', { ignoreCache: true });
    await loaded;
    await ready(page);
    assert.equal(await page.getByText('client one').count(), 1, 'without another start');
  });

  test('a build with one wrong file is not installed at all, and tried again', async () => {
    phone.expect(/not what this build lists/, /ServiceWorker/);
    await page.clock.install();
    site.deploy('one', { spoil: 'compagnon.wasm' });
    await page.goto('/app');
    await page.getByText('client one').waitFor();
    await page.evaluate(async () => {
      const registration = await navigator.serviceWorker.register('/sw.js', { updateViaCache: 'none' });
      const worker = registration.installing;
      while (worker && worker.state !== 'redundant') {
        await new Promise((done) => worker.addEventListener('statechange', done, { once: true }));
      }
    });
    assert.deepEqual(await coreCaches(page), []);
    site.deploy('one');
    await page.clock.fastForward(61_000);
    await page.evaluate(() => self.dispatchEvent(new Event('online')));
    await ready(page);
    assert.deepEqual(await coreCaches(page), [`core-${site.current.build}`]);
  });

  test('a spoilt update leaves the running build as it is', async () => {
    phone.expect(/not what this build lists/, /ServiceWorker/);
    await installed();
    const first = site.current.build;
    site.deploy('two', { spoil: 'compagnon.js' });
    await page.evaluate(async () => {
      const registration = await navigator.serviceWorker.getRegistration();
      await registration.update().catch(() => {});
      const worker = registration.installing;
      if (worker) await new Promise((done) => worker.addEventListener('statechange', () => worker.state === 'redundant' && done()));
    });
    assert.deepEqual(await coreCaches(page), [`core-${first}`]);
    await offline();
    await page.goto('/app');
    assert.equal(await text(page), 'client one');
  });

  test('an update waits for a yes, keeps what other tabs run, and fetches only what changed', async () => {
    await installed();
    const first = site.current.build;
    const other = await phone.newPage();
    await other.goto('/app');
    await page.evaluate(() => compagnonApp.onUpdate(() => document.body.append('update')));
    await other.evaluate(() => compagnonApp.onUpdate(() => document.body.append('update')));
    const second = site.deploy('two');
    site.requests.length = 0;
    await page.evaluate(async () => (await navigator.serviceWorker.getRegistration()).update());
    await page.getByText('update').waitFor();
    const fetched = site.requests.filter((line) => line.startsWith(`GET /v/${second}/`)).sort();
    assert.deepEqual(fetched, [`GET /v/${second}/pkg/compagnon.js`, `GET /v/${second}/store.js`]);

    // Nothing changes before the update is accepted, not even for a page opened now.
    await page.reload();
    assert.equal(await text(page), 'client one');
    assert.deepEqual((await coreCaches(page)).sort(), [`core-${first}`, `core-${second}`].sort());

    const reloaded = page.waitForEvent('load');
    await page.evaluate(() => compagnonApp.update());
    await reloaded;
    assert.equal(await text(page), 'client two');
    await other.getByText('update').waitFor();
    assert.equal(await text(other), 'client one');

    // The server no longer has the first build; the tab that runs it still gets its files.
    const late = await other.evaluate((build) => fetch(`/v/${build}/pkg/compagnon.js`).then((response) => response.status), first);
    assert.equal(late, 200);
    assert.ok((await coreCaches(page)).includes(`core-${first}`));

    await other.evaluate(() => compagnonApp.update());
    await other.getByText('client two').waitFor();
    await until('the first build is forgotten', async () => {
      await page.reload();
      return (await coreCaches(page)).length === 1;
    });
    assert.deepEqual(await coreCaches(page), [`core-${second}`]);
    await offline();
    await page.goto('/app/me');
    assert.equal(await text(page), 'client two');
  });

  test('a new look arrives like an update', async () => {
    await installed();
    site.brand = ':root { --accent: #005f73; }';
    site.deploy('one');
    await page.evaluate(() => compagnonApp.onUpdate(() => document.body.append('update')));
    await page.evaluate(async () => (await navigator.serviceWorker.getRegistration()).update());
    await page.getByText('update').waitFor();
    const reloaded = page.waitForEvent('load');
    await page.evaluate(() => compagnonApp.update());
    await reloaded;
    assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue('--accent')), '#005f73');
  });

  test('a cache with a hole is never a white screen, and is mended', async () => {
    await installed();
    const wasm = `/v/${site.current.build}/pkg/compagnon.wasm`;
    const forget = () =>
      page.evaluate(async (url) => {
        for (const name of await caches.keys()) await (await caches.open(name)).delete(url);
      }, wasm);
    await forget();
    await offline();
    await page.goto('/app');
    assert.equal(await page.locator('h1').textContent(), 'No connection');
    await site.resume();
    await page.goto('/app');
    assert.equal(await text(page), 'client one');
    await until('the hole is mended', () => page.evaluate(async (url) => Boolean(await caches.match(url)), wasm));
    await site.stop();
    await page.goto('/app');
    assert.equal(await text(page), 'client one');
  });

  test('the first screen is on the phone before the chunks, which follow', async () => {
    const chunk = `/v/${site.current.build}/pkg/split_learning.wasm`;
    const waiting = [];
    site.answers.set(chunk, (_, response) => waiting.push(response));
    await page.goto('/app');
    await controlled(page);
    const kept = (url) => page.evaluate(async (one) => Boolean(await caches.match(one)), url);
    assert.equal(await kept(`/v/${site.current.build}/pkg/compagnon.wasm`), true);
    await until('the chunk is asked for', () => waiting.length > 0);
    assert.equal(await kept(chunk), false);

    // The network is lost before the chunk arrives: the app starts, and the download continues once it is back.
    await offline();
    await page.goto('/app');
    assert.equal(await text(page), 'client one');
    site.answers.delete(chunk);
    await site.resume();
    await page.goto('/app');
    await until('the chunk is kept', () => kept(chunk));
  });

  test('an update comes with its chunks or not at all', async () => {
    phone.expect(/not what this build lists/, /ServiceWorker/);
    await installed();
    const first = site.current.build;
    site.deploy('two', { spoil: 'split_learning.wasm' });
    await page.evaluate(async () => {
      const registration = await navigator.serviceWorker.getRegistration();
      await registration.update().catch(() => {});
      const worker = registration.installing;
      if (worker) await new Promise((done) => worker.addEventListener('statechange', () => worker.state === 'redundant' && done()));
    });
    assert.deepEqual(await coreCaches(page), [`core-${first}`]);
  });

  test('files are kept all or none, and parts of them are served', async () => {
    const bytes = Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 251));
    site.media.set('/media/film.mp4', { bytes, type: 'video/mp4' });
    site.media.set('/media/plan.png', { bytes: bytes.subarray(0, 10), type: 'image/png' });
    await installed();
    phone.expect(/status of (404|416)/);
    const missing = ['/media/film.mp4', '/media/none.png'];
    await assert.rejects(
      page.evaluate((urls) => compagnonStore.keep(urls), missing),
      /HttpError: 404/,
    );
    assert.deepEqual(await page.evaluate((urls) => compagnonStore.kept(urls), missing), [false, false]);

    const urls = ['/media/film.mp4', '/media/plan.png'];
    const steps = await page.evaluate(async (wanted) => {
      const seen = [];
      await compagnonStore.keep(wanted, (done, all) => seen.push(`${done}/${all}`));
      return seen;
    }, urls);
    assert.deepEqual(steps, ['1/2', '2/2']);
    await offline();
    const ask = (range) =>
      page.evaluate(async (header) => {
        const response = await fetch('/media/film.mp4', header ? { headers: { range: header } } : {});
        const body = [...new Uint8Array(await response.arrayBuffer())];
        return [response.status, response.headers.get('content-range'), response.headers.get('content-type'), body];
      }, range);
    assert.deepEqual(await ask(), [200, null, 'video/mp4', [...bytes]]);
    assert.deepEqual(await ask('bytes=0-1'), [206, 'bytes 0-1/1000', 'video/mp4', [0, 1]]);
    assert.deepEqual(await ask('bytes=998-'), [206, 'bytes 998-999/1000', 'video/mp4', [...bytes.subarray(998)]]);
    assert.deepEqual(await ask('bytes=-3'), [206, 'bytes 997-999/1000', 'video/mp4', [...bytes.subarray(997)]]);
    assert.deepEqual((await ask('bytes=990-5000')).slice(0, 2), [206, 'bytes 990-999/1000']);
    assert.deepEqual((await ask('bytes=1000-')).slice(0, 2), [416, 'bytes */1000']);
    await page.evaluate((wanted) => compagnonStore.unkeep(wanted), ['/media/film.mp4']);
    assert.deepEqual(await page.evaluate((wanted) => compagnonStore.kept(wanted), urls), [false, true]);
  });

  test('what waits is sent when the network is back and no page is open', async () => {
    await installed();
    await page.evaluate(() => compagnonStore.device.set('device_id', 'd-1'));
    await page.evaluate(() => compagnonStore.device.set('current', 'm-1'));
    const many = Array.from({ length: 53 }, (_, i) => row(`c-${i}`, i + 1, i === 1 ? 'sent' : 'saved'));
    await commit(page, [...many.map((one) => ['put', 'outbox', one]), ['put', 'outbox', row('done', 0, 'confirmed')]]);

    const session = await phone.context.newCDPSession(page);
    let registrationId;
    session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      registrationId = registrations[0]?.registrationId ?? registrationId;
    });
    await session.send('ServiceWorker.enable');
    await until('the registration is known', () => registrationId);
    const wake = () => session.send('ServiceWorker.dispatchSyncEvent', { origin: site.origin, registrationId, tag: 'outbox', lastChance: false });

    // While a page holds the sync lock, the worker does not send.
    await page.evaluate(async () => {
      self.release = await compagnonStore.acquire('sync:m-1');
    });
    await wake();
    await page.waitForTimeout(300);
    assert.deepEqual(site.posts, []);
    await page.evaluate(() => self.release());

    await wake();
    await until('both requests arrived', () => site.posts.length === 2);
    assert.deepEqual(
      site.posts.map(({ path }) => path),
      ['/api/sync', '/api/sync'],
    );
    const sent = site.posts.map(({ body }) => JSON.parse(body));
    for (const { commands, ...head } of sent) {
      assert.deepEqual(head, { proto: 1, member: 'm-1', device: 'd-1', push_only: true });
      assert.ok(commands.length <= 50);
    }
    assert.deepEqual(
      sent.flatMap(({ commands }) => commands.map(({ id }) => id)),
      many.map(({ id }) => id),
    );
    assert.ok(site.posts[0].body.includes(many[0].body), 'the bytes are sent as they were written');
    assert.equal((await inStore(page)).outbox.length, 54, 'the worker writes nothing');
  });

  test('Background Sync is asked for where it exists', async () => {
    await installed();
    const ask = () => page.evaluate(() => compagnonStore.requestSync());
    const tags = () => page.evaluate(async () => (await navigator.serviceWorker.getRegistration()).sync.getTags());
    // With an act to send and a server that returns 503: the browser may run the sync at once, and drops a tag that
    // succeeded.
    phone.expect(/status of 503/, /sync answered 503/);
    site.answers.set('/api/sync', (_, response) => response.writeHead(503).end());
    await page.evaluate(() => compagnonStore.device.set('device_id', 'd-1'));
    await page.evaluate(() => compagnonStore.device.set('current', 'm-1'));
    await commit(page, [['put', 'outbox', row('a', 1)]]);
    assert.equal(await ask(), true);
    await page.waitForTimeout(300);
    assert.deepEqual(await tags(), ['outbox']);
    await page.evaluate(() => {
      Object.defineProperty(ServiceWorkerRegistration.prototype, 'sync', { value: undefined });
    });
    assert.equal(await ask(), false);
  });
});

describe('a member who is not signed in', () => {
  const KEY = '0f'.repeat(32);
  const SECRET = 'Marie Bernard';
  const doc = (id, body = { name: SECRET }) => ({ collection: 'me', id, body });
  const tell = (on, member = MEMBER, key = KEY) =>
    on.evaluate(
      async ([id, hex]) => {
        await compagnonStore.device.set(`key:${id}`, hex);
        await compagnonStore.device.set(`device:${id}`, 's-1');
        await compagnonStore.device.set('current', id);
      },
      [member, key],
    );
  const world = [
    ['put', 'docs', doc('me')],
    ['put', 'outbox', row('a', 1)],
    ['put', 'drafts', { key: 'quiz/7', text: SECRET }],
    ['put', 'meta', { own: 4 }, 'cursor'],
    ['put', 'meta', 1, 'seq'],
  ];
  const leave = (on, member = MEMBER) => on.evaluate((id) => compagnonStore.leave(id), member);
  // Every byte of every store of the phone, as text.
  const everything = (on) =>
    on.evaluate(async () => {
      const said = [];
      for (const { name } of await indexedDB.databases()) {
        const db = await new Promise((done) => (indexedDB.open(name).onsuccess = ({ target }) => done(target.result)));
        for (const store of db.objectStoreNames) {
          const rows = await new Promise((done) => (db.transaction(store).objectStore(store).getAll().onsuccess = ({ target }) => done(target.result)));
          said.push(
            JSON.stringify(rows, (_, value) => (value instanceof ArrayBuffer || ArrayBuffer.isView(value) ? new TextDecoder().decode(value) : value)),
          );
        }
        db.close();
      }
      return said.join();
    });

  beforeEach(() => page.goto('/about'));

  test('nothing of what stays can be read without the key, which the phone forgets', async () => {
    await tell(page);
    await commit(page, world);
    assert.match(await everything(page), new RegExp(`${SECRET}.*${KEY}|${KEY}.*${SECRET}`));
    await leave(page);
    const left = await everything(page);
    for (const word of [SECRET, KEY, 's-1', 'quoted', 'quiz']) assert.ok(!left.includes(word), word);
    const closed = await inStore(page);
    assert.deepEqual(closed, { meta: {}, docs: [], outbox: [], drafts: [] });
    assert.equal(await page.evaluate(() => compagnonStore.device.get('current')), null);

    await tell(page, MEMBER, 'a0'.repeat(32));
    assert.deepEqual((await inStore(page)).outbox, [], 'another key opens nothing');
    await tell(page);
    const back = await inStore(page);
    assert.deepEqual(back, { meta: { cursor: { own: 4 }, seq: 1 }, docs: [doc('me')], outbox: [row('a', 1)], drafts: [{ key: 'quiz/7', text: SECRET }] });
  });

  test('two keys later, what was kept with each is there', async () => {
    await tell(page);
    await commit(page, world);
    await leave(page);
    await tell(page, MEMBER, 'a0'.repeat(32));
    assert.deepEqual((await inStore(page)).outbox, []);
    await commit(page, [['put', 'outbox', row('b', 2)]]);
    await leave(page);
    await tell(page);
    assert.deepEqual((await inStore(page)).outbox, [row('a', 1)]);
    await tell(page, MEMBER, 'a0'.repeat(32));
    assert.deepEqual((await inStore(page)).outbox, [row('a', 1), row('b', 2)]);
  });

  test('what another tab saves while a member leaves is neither lost nor doubled', async () => {
    const other = await phone.newPage();
    await other.goto('/about');
    await tell(page);
    await commit(page, world);
    // While the rows are encrypted, another tab saves an act.
    await page.evaluate(() => {
      const real = crypto.subtle.encrypt.bind(crypto.subtle);
      crypto.subtle.encrypt = async (...args) => {
        if (!self.once) {
          self.once = true;
          await compagnonStore.commit('m-1', JSON.stringify([['put', 'outbox', { id: 'b', seq: 2, state: 'saved' }]]), true);
        }
        return real(...args);
      };
    });
    await leave(page);
    assert.ok(!(await everything(page)).includes('saved'));
    // After it, too: that tab does not know yet. It is then a mixture of two times, so documents are fetched again.
    await commit(other, [['put', 'outbox', row('c', 3)], ['put', 'docs', doc('newer')], ['put', 'meta', { own: 5 }, 'cursor']]);
    await tell(page);
    const back = await inStore(page);
    assert.deepEqual(back.outbox.map(({ id }) => id), ['a', 'b', 'c']);
    assert.deepEqual([back.meta.cursor, back.docs], [undefined, [doc('newer')]]);
    assert.deepEqual((await inStore(page)).outbox.length, 3);
  });

  test('a phone without room for the box gives up the documents and not the acts', async () => {
    await tell(page);
    await commit(page, world);
    // As a browser ends a transaction that is too large.
    await page.evaluate(() => {
      const real = IDBObjectStore.prototype.put;
      IDBObjectStore.prototype.put = function (value, key) {
        if (key !== 'sealed') return real.apply(this, key === undefined ? [value] : [value, key]);
        return this.transaction.abort();
      };
    });
    await leave(page);
    const left = await everything(page);
    assert.ok(!left.includes('"me"') && !left.includes(KEY));
    const back = await inStore(page);
    assert.deepEqual([back.docs, back.outbox, back.meta], [[], [row('a', 1)], { seq: 1 }]);
  });

  test('without a key the documents go, and what is not sent stays', async () => {
    await commit(page, world);
    await leave(page);
    const left = await inStore(page);
    assert.deepEqual([left.docs, left.outbox, left.meta], [[], [row('a', 1)], { seq: 1 }]);
    assert.ok(left.drafts.length === 1);
  });

  test('of several members only the current one is open', async () => {
    await tell(page, 'm-2', 'a0'.repeat(32));
    await commit(page, world, true, 'm-2');
    await tell(page);
    await commit(page, [['put', 'outbox', row('mine', 1)]]);
    await page.evaluate(() => compagnonStore.leaveOthers());
    assert.deepEqual((await inStore(page, 'm-2')).outbox, []);
    assert.ok(!(await everything(page)).includes(SECRET));
    assert.deepEqual((await inStore(page)).outbox, [row('mine', 1)]);
  });

  test('a session that was ended: documents are gone, acts wait for their member', async () => {
    await tell(page);
    await commit(page, world);
    await page.evaluate(() => compagnonStore.end('m-1'));
    assert.ok(!(await everything(page)).includes(SECRET));
    assert.equal(await page.evaluate(() => compagnonStore.device.get('ended')), true);
    await tell(page);
    const back = await inStore(page);
    assert.deepEqual([back.docs, back.outbox, back.meta], [[], [row('a', 1)], { seq: 1 }]);
  });

  test('the worker hears of an ended session, too', async () => {
    await installed();
    phone.expect(/status of 401/);
    site.answers.set('/api/sync', (_, response) => response.writeHead(401, { 'content-type': 'application/json' }).end('{"code":"session_ended"}'));
    let session = '{"member":"m-1"}';
    site.answers.set('/api/session', (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(session));
    phone.expect(/sync answered 401/);
    await tell(page);
    await page.evaluate(() => compagnonStore.device.set('device_id', 'd-1'));
    await commit(page, world);
    const browser = await phone.context.newCDPSession(page);
    let registrationId;
    browser.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      registrationId = registrations[0]?.registrationId ?? registrationId;
    });
    await browser.send('ServiceWorker.enable');
    await until('the registration is known', () => registrationId);
    const wake = () => browser.send('ServiceWorker.dispatchSyncEvent', { origin: site.origin, registrationId, tag: 'outbox', lastChance: false });
    await wake();
    // Somebody has signed in again meanwhile: the answer was to the session before.
    await until('the worker asked', () => site.requests.includes('GET /api/session'));
    await page.waitForTimeout(300);
    assert.ok((await everything(page)).includes(SECRET));
    session = 'null';
    await wake();
    await until('the documents are gone', async () => !(await everything(page)).includes(SECRET));
    await tell(page);
    assert.deepEqual((await inStore(page)).outbox, [row('a', 1)]);
  });
});

describe('watchdog', () => {
  const title = () => page.locator('.watchdog h1').textContent();

  test('a panic is said, reported, and reloads twice before it asks', { timeout: 60_000 }, async () => {
    await installed();
    phone.expect(/RuntimeError/);
    await commit(page, [['put', 'outbox', row('a', 1)]]);
    let loads = 0;
    page.on('load', () => {
      loads += 1;
    });
    await page.evaluate(() => sessionStorage.setItem('panic', 'yes'));
    await page.reload();
    assert.equal(await title(), 'Something broke');
    assert.match(await page.locator('.watchdog').textContent(), /Your work is safe on this phone\./);
    await page.getByRole('button', { name: 'Reinstall the app' }).waitFor({ timeout: 20_000 });
    assert.equal(loads, 3);
    await page.waitForTimeout(5000);
    assert.equal(loads, 3);
    const crashes = site.posts.filter(({ path }) => path === '/api/crash').map(({ body }) => JSON.parse(body));
    assert.equal(crashes.length, 3);
    assert.deepEqual(crashes[0], { build: site.current.build, message: 'panicked at test: deliberate' });

    // Offline there is nothing to reinstall from, so the app must not delete its caches.
    phone.expectNoNetwork();
    await site.stop();
    await page.getByRole('button', { name: 'Reinstall the app' }).tap();
    await page.getByText('Reinstalling needs a connection').waitFor();
    assert.equal((await coreCaches(page)).length, 1);
    await site.resume();

    await page.evaluate(() => sessionStorage.clear());
    await page.getByRole('button', { name: 'Reinstall the app' }).tap();
    await page.getByText('client one').waitFor();
    assert.deepEqual((await inStore(page)).outbox, [row('a', 1)]);
  });

  test('speaks the language of the member', async () => {
    await installed();
    await page.evaluate(() => localStorage.setItem('lang', 'fr'));
    await page.evaluate(() => compagnonPanic('test'));
    assert.equal(await title(), 'Quelque chose s’est cassé');
    await axe(page);
    assert.equal(await page.locator('.watchdog').getAttribute('lang'), 'fr');
  });

  test('an ordinary script error is not the end', async () => {
    await installed();
    phone.expect(/harmless/);
    await page.evaluate(() => setTimeout(() => {
      throw new Error('harmless');
    }));
    await page.waitForTimeout(200);
    assert.equal(await page.locator('.watchdog').count(), 0);
  });

  test('a slow start is said, and taken back when the app comes', async () => {
    await page.clock.install();
    await page.goto('/about');
    await page.evaluate(() => sessionStorage.setItem('late', '25000'));
    await page.goto('/app');
    await page.locator('.skeleton').waitFor({ state: 'attached' });
    await page.clock.runFor(21_000);
    assert.equal(await title(), 'The app is slow to start');
    await page.clock.runFor(6_000);
    assert.equal(await text(page), 'client one');
    assert.equal(await page.locator('.watchdog').count(), 0);
    assert.equal(await page.locator('.skeleton').count(), 0);
  });
});

describe('harness', () => {
  test('the accessibility check finds what is wrong', async () => {
    await page.goto('/about');
    await page.evaluate(() => document.querySelector('main').append(document.createElement('button')));
    await assert.rejects(axe(page), /button-name/);
  });

  test('a complaint of a page fails its test', async () => {
    await page.goto('/about');
    await page.evaluate(() => {
      console.error('said');
      const inline = document.createElement('script');
      inline.textContent = 'self.ran = true';
      document.body.append(inline);
    });
    await until('the page complained', () => phone.errors.length >= 2);
    assert.match(phone.errors.join(), /said/);
    assert.match(phone.errors.join(), /content security policy/i);
    assert.equal(await page.evaluate(() => self.ran), undefined);
    phone.errors.length = 0;
  });
});
