// The phone's storage: IndexedDB, files kept offline, and the messages between page and worker. A plain script, shared
// by the page (through wasm-bindgen) and the worker (through importScripts). It contains no rule of the programme and
// does not interpret the rows.
(() => {
  'use strict';

  const PREFIX = 'compagnon-';
  const DEVICE = `${PREFIX}device`;
  const STORES = { meta: undefined, docs: ['collection', 'id'], outbox: 'id', drafts: 'key' };
  const NAMES = Object.keys(STORES);
  const MEDIA = 'media';

  // --- connections -------------------------------------------------------------------------------------------
  // A phone may kill a connection while the app is in the background. So a handle is never trusted: a dead one is
  // dropped, and the work is retried once on a new one.

  const connections = new Map(); // name of the database -> { ready: Promise<IDBDatabase>, dead }

  function connect(name) {
    const known = connections.get(name);
    if (known && !known.dead) return known;
    const connection = { dead: false };
    const opened = new Promise((resolve, reject) => {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => {
        const db = request.result;
        if (name === DEVICE) db.createObjectStore('kv');
        else for (const store of NAMES) db.createObjectStore(store, STORES[store] && { keyPath: STORES[store] });
      };
      request.onsuccess = () => {
        const db = request.result;
        db.onclose = () => {
          connection.dead = true;
        };
        db.onversionchange = () => {
          connection.dead = true;
          db.close();
        };
        resolve(db);
      };
      request.onerror = () => reject(request.error);
    });
    // Checked on every new connection: the browser may have evicted everything behind an open page.
    connection.ready = name === DEVICE ? opened : opened.then((db) => list(name.slice(PREFIX.length)).then(() => db));
    connection.ready.catch(() => {
      connection.dead = true;
    });
    connections.set(name, connection);
    return connection;
  }

  async function drop(name) {
    const connection = connections.get(name);
    connections.delete(name);
    if (!connection) return;
    connection.dead = true;
    await connection.ready.then(
      (db) => db.close(),
      () => {},
    );
  }

  // Runs one transaction. `work` gets it and an object for results; the promise resolves only when the browser reports
  // the transaction as complete.
  async function transact(name, stores, mode, strict, work) {
    for (let tries = 0; ; tries += 1) {
      const connection = connect(name);
      try {
        const db = await connection.ready;
        return await new Promise((resolve, reject) => {
          const tx = db.transaction(stores, mode, { durability: strict ? 'strict' : 'relaxed' });
          const results = {};
          let cause;
          tx.oncomplete = () => resolve(results);
          tx.onabort = () => reject(cause ?? tx.error ?? new DOMException('the transaction was aborted', 'AbortError'));
          try {
            work(tx, results);
          } catch (error) {
            cause = error;
            tx.abort();
          }
        });
      } catch (error) {
        const dead = connection.dead || error.name === 'InvalidStateError' || error.name === 'UnknownError';
        if (dead) await drop(name);
        if (!dead || tries > 0) throw new Error(`${error.name}: ${error.message}`);
      }
    }
  }

  const into = (results, key, request) => {
    request.onsuccess = () => {
      results[key] = request.result;
    };
  };

  // --- the device: values that belong to no member -------------------------------------------------------------

  const onDevice = (mode, work) => transact(DEVICE, ['kv'], mode, mode === 'readwrite', (tx, out) => work(tx.objectStore('kv'), out));

  const device = {
    get: (key) => onDevice('readonly', (kv, out) => into(out, 'value', kv.get(key))).then((out) => out.value ?? null),
    set: (key, value) => onDevice('readwrite', (kv) => kv.put(value, key)).then(() => {}),
    delete: (key) => onDevice('readwrite', (kv) => kv.delete(key)).then(() => {}),
  };

  const members = async () => (await device.get('members')) ?? [];

  // Nothing on the device opens the member's data any more: the session and the key are forgotten.
  function forget(kv, member) {
    for (const name of ['alive', 'device', 'key']) kv.delete(`${name}:${member}`);
    const current = kv.get('current');
    current.onsuccess = () => {
      if (current.result === member) kv.put(null, 'current');
    };
  }

  // The list is changed in one transaction, so that two tabs cannot overwrite each other's change.
  const setMember = (member, present) =>
    onDevice('readwrite', (kv) => {
      const request = kv.get('members');
      request.onsuccess = () => {
        const others = (request.result ?? []).filter((id) => id !== member);
        kv.put(present ? [...others, member] : others, 'members');
      };
      if (!present) forget(kv, member);
    });

  const list = async (member) => {
    if (!(await members()).includes(member)) await setMember(member, true);
  };

  // --- one member's data ---------------------------------------------------------------------------------------

  const onMember = (member, stores, mode, strict, work) => transact(PREFIX + member, stores, mode, strict, work);

  const bySeq = (rows) => rows.sort((a, b) => a.seq - b.seq);

  function readAll(tx, out) {
    into(out, 'names', tx.objectStore('meta').getAllKeys());
    for (const store of NAMES) into(out, store, tx.objectStore(store).getAll());
  }

  const textOf = (found) =>
    JSON.stringify({
      meta: Object.fromEntries(found.names.map((name, i) => [name, found.meta[i]]).filter(([name]) => name !== SEALED)),
      docs: found.docs,
      outbox: bySeq(found.outbox),
      drafts: found.drafts,
    });

  const rowsOf = (member) => onMember(member, NAMES, 'readonly', false, readAll);

  async function load(member) {
    const found = await rowsOf(member);
    const boxes = found.meta[found.names.indexOf(SEALED)] ?? [];
    if (!boxes.length) return textOf(found);
    await unseal(member, boxes);
    return textOf(await rowsOf(member));
  }

  const outbox = (member) =>
    onMember(member, ['outbox'], 'readonly', false, (tx, out) => into(out, 'rows', tx.objectStore('outbox').getAll())).then((out) =>
      bySeq(out.rows),
    );

  // The highest sequence number used. It is stored with each act, so no act is read for it.
  const lastSeq = (member) =>
    onMember(member, ['meta'], 'readonly', false, (tx, out) => into(out, 'seq', tx.objectStore('meta').get('seq'))).then(
      (out) => out.seq ?? 0,
    );

  const OPERATIONS = {
    put: (tx, store, row, name) => (name === undefined ? tx.objectStore(store).put(row) : tx.objectStore(store).put(row, name)),
    delete: (tx, store, key) => tx.objectStore(store).delete(key),
    clear: (tx, store) => tx.objectStore(store).clear(),
    // An array sorts after every string, so this range is exactly one collection.
    clear_docs: (tx, collections) => {
      for (const name of collections) tx.objectStore('docs').delete(IDBKeyRange.bound([name], [name, []]));
    },
  };

  async function commit(member, opsJson, strict) {
    const operations = JSON.parse(opsJson);
    await onMember(member, NAMES, 'readwrite', strict, (tx) => {
      for (const [kind, ...rest] of operations) {
        if (!Object.hasOwn(OPERATIONS, kind)) throw new TypeError(`unknown operation ${kind}`);
        OPERATIONS[kind](tx, ...rest);
      }
    });
  }

  // Clears the rows first: a sleeping tab can delay the deletion of a database, but not of its rows.
  async function erase(member) {
    const name = PREFIX + member;
    await transact(name, NAMES, 'readwrite', true, (tx) => NAMES.forEach((store) => tx.objectStore(store).clear()));
    await drop(name);
    await new Promise((resolve) => {
      const request = indexedDB.deleteDatabase(name);
      request.onsuccess = request.onerror = resolve;
      setTimeout(resolve, 2000);
    });
    await setMember(member, false);
  }

  // --- a member who is not signed in -----------------------------------------------------------------------------
  // All rows become one box, encrypted with a key that only the server has from then on: it gives it to a session of
  // this member on this phone. Boxes are never deleted unopened: they hold acts that are not sent.

  const SEALED = 'sealed';

  async function keyOf(member) {
    const hex = await device.get(`key:${member}`);
    if (!hex || !self.crypto.subtle) return null;
    const bytes = Uint8Array.from(hex.match(/../g), (two) => parseInt(two, 16));
    return crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);
  }

  // Without a key (a phone that was never told one, a page without https) the documents go, and what is not sent stays.
  function eraseDocuments(tx) {
    tx.objectStore('docs').clear();
    for (const name of ['cursor', 'synced_at']) tx.objectStore('meta').delete(name);
  }

  async function seal(member) {
    const key = await keyOf(member);
    for (let done = false; !done; ) {
      const found = await rowsOf(member);
      if (!found.docs.length && !found.outbox.length && !found.drafts.length) return;
      const text = textOf(found);
      const iv = crypto.getRandomValues(new Uint8Array(12));
      const data = key && (await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, new TextEncoder().encode(text)));
      await onMember(member, NAMES, 'readwrite', true, (tx, now) => {
        readAll(tx, now);
        tx.objectStore('meta').get(SEALED).onsuccess = ({ target }) => {
          // Another tab may have saved an act meanwhile.
          done = textOf(now) === text;
          if (!done) return;
          if (!data) return eraseDocuments(tx);
          for (const store of NAMES) tx.objectStore(store).clear();
          tx.objectStore('meta').put([...(target.result ?? []), { iv, data }], SEALED);
        };
      });
    }
  }

  // Opens what this key opens. Rows written since, by a tab that did not know, stay.
  async function unseal(member, boxes) {
    const key = await keyOf(member);
    if (!key) return;
    const opened = [];
    const others = [];
    for (const box of boxes) {
      try {
        const text = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: box.iv }, key, box.data);
        opened.push(JSON.parse(new TextDecoder().decode(text)));
      } catch {
        others.push(box);
      }
    }
    if (!opened.length) return;
    await onMember(member, NAMES, 'readwrite', true, (tx, out) => {
      const meta = tx.objectStore('meta');
      into(out, 'cursor', meta.get('cursor'));
      meta.get(SEALED).onsuccess = ({ target }) => {
        if (target.result?.length !== boxes.length) return; // another tab was first
        meta.put(others, SEALED);
        const whole = opened.length === 1 && !out.cursor;
        // Of documents from two times, none can be trusted: all are fetched again.
        if (!whole) meta.delete('cursor');
        for (const rows of opened) {
          for (const store of whole ? ['docs', 'outbox', 'drafts'] : ['outbox', 'drafts']) {
            for (const row of rows[store]) tx.objectStore(store).put(row);
          }
          if (whole) for (const [name, value] of Object.entries(rows.meta)) meta.put(value, name);
        }
      };
    });
  }

  async function leave(member) {
    // A full phone has no room for the box.
    await seal(member).catch(() => onMember(member, NAMES, 'readwrite', true, eraseDocuments));
    await onDevice('readwrite', (kv) => forget(kv, member));
    announce(`left:${member}`);
  }

  // Of all members of this phone, only the current one's data is open.
  async function leaveOthers() {
    const current = await device.get('current');
    for (const member of await members()) {
      if (member !== current && ((await device.get(`key:${member}`)) || (await device.get(`device:${member}`)))) await leave(member);
    }
  }

  // Somebody ended the member's session: the documents go, what is not sent stays sealed.
  async function end(member) {
    await onMember(member, NAMES, 'readwrite', true, eraseDocuments);
    await onDevice('readwrite', (kv) => {
      kv.put(true, 'ended');
      kv.put(true, 'sign_out_pending');
    });
    await leave(member);
  }

  // --- locks and messages --------------------------------------------------------------------------------------

  // Returns a function that releases the lock, or null if another tab or the worker holds it.
  function acquire(name) {
    if (!navigator.locks) return Promise.resolve(() => {});
    return new Promise((resolve, reject) => {
      navigator.locks
        .request(name, { ifAvailable: true }, (lock) => {
          if (lock) return new Promise((release) => resolve(() => release()));
          resolve(null);
        })
        .catch(reject);
    });
  }

  const bus = 'BroadcastChannel' in self ? new BroadcastChannel('compagnon') : null;
  const channel = (callback) => bus?.addEventListener('message', (event) => callback(event.data));
  const announce = (text) => bus?.postMessage(text);

  // --- the network ---------------------------------------------------------------------------------------------

  function secondsOf(header) {
    if (!header) return null;
    const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
    return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : null;
  }

  // Never rejects: status 0 means no response.
  async function post(url, body, timeoutMs) {
    const aborter = new AbortController();
    const timer = setTimeout(() => aborter.abort(), timeoutMs);
    try {
      const response = await fetch(url, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
        credentials: 'same-origin',
        redirect: 'error',
        cache: 'no-store',
        signal: aborter.signal,
      });
      return { status: response.status, body: await response.text(), retry_after: secondsOf(response.headers.get('retry-after')) };
    } catch {
      return { status: 0, body: '', retry_after: null };
    } finally {
      clearTimeout(timer);
    }
  }

  // True if the browser will wake the worker when the network is back.
  async function requestSync() {
    try {
      const registration = self.registration ?? (await navigator.serviceWorker?.getRegistration('/'));
      if (!registration?.sync) return false;
      await registration.sync.register('outbox');
      return true;
    } catch {
      return false;
    }
  }

  // --- files kept for offline use --------------------------------------------------------------------------------

  // Atomic. Stores whole files; for range requests the worker slices them.
  async function keep(urls, progress) {
    const responses = [];
    for (const url of urls) {
      const response = await fetch(url, { credentials: 'same-origin', redirect: 'error', cache: 'no-store' });
      if (response.status !== 200) throw new Error(`HttpError: ${response.status} for ${url}`);
      const file = await response.blob();
      const headers = { 'content-type': response.headers.get('content-type') ?? file.type, 'content-length': String(file.size) };
      responses.push(new Response(file, { headers }));
      progress?.(responses.length, urls.length);
    }
    const cache = await caches.open(MEDIA);
    const before = await kept(urls);
    try {
      await Promise.all(urls.map((url, i) => cache.put(url, responses[i])));
    } catch (error) {
      await unkeep(urls.filter((_, i) => !before[i]));
      throw new Error(`${error.name}: ${error.message}`);
    }
  }

  async function unkeep(urls) {
    const cache = await caches.open(MEDIA);
    await Promise.all(urls.map((url) => cache.delete(url)));
  }

  async function kept(urls) {
    const cache = await caches.open(MEDIA);
    return Promise.all(urls.map(async (url) => Boolean(await cache.match(url))));
  }

  self.compagnonStore = {
    device,
    members,
    load,
    outbox,
    lastSeq,
    commit,
    erase,
    leave,
    leaveOthers,
    end,
    acquire,
    channel,
    announce,
    post,
    requestSync,
    keep,
    unkeep,
    kept,
  };
})();
