// The service worker: one build of the member app on the phone. The server writes the file list into this script, so
// that the worker always matches the deployed build.
'use strict';

const MANIFEST = /*MANIFEST*/null;
const CORE = `core-${MANIFEST.build}`;
const MEDIA = 'media';
const IN_CORE = new Map(MANIFEST.files.map((file) => [file.url, file]));
// The files of the first screen, and the chunks of the others.
const FIRST = MANIFEST.files.filter((file) => !file.later);
const LATER = MANIFEST.files.filter((file) => file.later);
const PATIENCE = 3000;

importScripts(`/v/${MANIFEST.build}/store.js`);
const store = self.compagnonStore;

// --- installing ------------------------------------------------------------------------------------------------

const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, '0')).join('');

// Returns a new response if the file matches the manifest exactly, else undefined.
async function verified(file, response) {
  if (!response || response.status !== 200 || response.redirected) return undefined;
  if ((response.headers.get('content-type') ?? '').split(';')[0].trim() !== file.type) return undefined;
  const bytes = await response.arrayBuffer();
  if (hex(await crypto.subtle.digest('SHA-256', bytes)) !== file.sha256) return undefined;
  const headers = new Headers(response.headers);
  for (const name of ['content-encoding', 'content-length', 'vary', 'set-cookie']) headers.delete(name);
  return new Response(bytes, { status: 200, headers });
}

const coreCaches = async () => (await caches.keys()).filter((name) => name.startsWith('core-'));

// A file unchanged since an earlier build is not downloaded again, and a page that has just loaded it has left it in
// the HTTP cache. The hash is checked, so neither can return an old file.
async function obtain(file) {
  const place = file.url.match(/^\/v\/[^/]+(\/.*)$/);
  for (const name of await coreCaches()) {
    const url = place ? `/v/${name.slice(5)}${place[1]}` : file.url;
    const same = await verified(file, await caches.match(url, { cacheName: name, ignoreVary: true }));
    if (same) return same;
  }
  for (const cache of place ? ['default', 'reload'] : ['reload']) {
    const fetched = await verified(file, await fetch(file.url, { cache, credentials: 'same-origin' }));
    if (fetched) return fetched;
  }
  throw new Error(`not what this build lists: ${file.url}`);
}

const obtainAll = (files) => Promise.all(files.map(async (file) => [file.url, await obtain(file)]));

// The first screen's files are loaded first: on a slow network the others would take bandwidth from them. The first
// build on a phone can work without the others for a while; an update is installed whole or not at all, so that nothing
// that worked offline stops working. Nothing is written before everything needed is loaded.
async function install() {
  const obtained = await obtainAll(FIRST);
  if (self.registration.active) obtained.push(...(await obtainAll(LATER)));
  const existed = await caches.has(CORE);
  const cache = await caches.open(CORE);
  try {
    await Promise.all(obtained.map(([url, response]) => cache.put(url, response)));
  } catch (error) {
    if (!existed) await caches.delete(CORE);
    throw error;
  }
}

async function missingFiles() {
  const cache = await caches.open(CORE);
  const present = new Set((await cache.keys()).map((request) => new URL(request.url).pathname));
  return MANIFEST.files.filter((file) => !present.has(file.url));
}

let completing = null;

// Loads the missing files of this build, each on its own: those not installed yet, and those evicted by the browser.
function complete() {
  completing ??= (async () => {
    const missing = await missingFiles();
    const cache = await caches.open(CORE);
    await Promise.all(missing.map(async (file) => cache.put(file.url, await obtain(file))));
  })().finally(() => {
    completing = null;
  });
  return completing;
}

// --- several builds at once ------------------------------------------------------------------------------------

// The builds that open pages run, or null if a page does not reply.
async function buildsInUse() {
  const pages = (await self.clients.matchAll({ type: 'window', includeUncontrolled: true })).filter((page) =>
    isApp(new URL(page.url).pathname),
  );
  const answers = await Promise.all(
    pages.map(
      (page) =>
        new Promise((resolve) => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = (event) => resolve(event.data);
          setTimeout(resolve, PATIENCE, null);
          page.postMessage('build', [port2]);
        }),
    ),
  );
  return answers.includes(null) ? null : new Set(answers);
}

// Files of an earlier build stay as long as a page may request one. Those of a newer build belong to its own waiting
// worker.
async function forgetOldBuilds() {
  const others = (await coreCaches()).filter((name) => name !== CORE);
  if (others.length === 0 || self.registration.waiting || self.registration.installing) return;
  const used = await buildsInUse();
  if (!used) return;
  await Promise.all(others.filter((name) => !used.has(name.slice(5))).map((name) => caches.delete(name)));
}

self.addEventListener('install', (event) => event.waitUntil(install()));

self.addEventListener('activate', (event) => {
  event.waitUntil(self.clients.claim().then(forgetOldBuilds));
  // Not awaited: until this event ends, the worker serves nothing.
  complete().catch(() => {});
});

self.addEventListener('message', (event) => {
  if (event.data === 'apply') self.skipWaiting();
  if (event.data === 'claim') event.waitUntil(self.clients.claim());
  if (event.data === 'complete') event.waitUntil(complete().catch(() => {}));
});

// --- fetch -----------------------------------------------------------------------------------------------------

const isApp = (path) => path === '/app' || path.startsWith('/app/');
const fromCore = (url) => caches.match(url, { cacheName: CORE, ignoreVary: true });

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname: path } = new URL(request.url);
  if (request.method !== 'GET' || origin !== self.location.origin) return;
  if (path.startsWith('/api/') || path === '/admin' || path.startsWith('/admin/')) return;
  if (path.startsWith('/media/')) event.respondWith(media(request));
  else if (path.startsWith('/v/')) event.respondWith(versioned(event));
  else if (request.mode === 'navigate') event.respondWith(isApp(path) ? shell(event) : publicPage(request, path));
  else if (IN_CORE.has(path)) event.respondWith(core(request, path));
});

// The browser may evict single files. A shell without its script is a white screen, so it is not served; a screen whose
// chunk is missing shows a message itself.
async function shell(event) {
  const missing = await missingFiles();
  if (missing.length === 0) {
    event.waitUntil(forgetOldBuilds());
    return fromCore(MANIFEST.shell);
  }
  const repair = complete().catch(() => self.registration.update());
  event.waitUntil(repair.catch(() => {}));
  if (missing.every((file) => file.later)) return fromCore(MANIFEST.shell);
  try {
    return await fetch(event.request);
  } catch {
    const vital = missing.some((file) => file.url === MANIFEST.shell || (!file.later && /javascript|wasm/.test(file.type)));
    return vital ? offlinePage() : fromCore(MANIFEST.shell);
  }
}

async function core(request, path) {
  return (await fromCore(path)) ?? fetch(request);
}

async function versioned(event) {
  const { request } = event;
  const path = new URL(request.url).pathname;
  const kept = await caches.match(request.url, { cacheName: `core-${path.split('/')[2]}`, ignoreVary: true });
  if (!kept && IN_CORE.has(path)) event.waitUntil(complete().catch(() => {}));
  return kept ?? fetch(request);
}

// A member signed in on this phone wants the app, which is cached. The network gets PATIENCE milliseconds to reply
// otherwise.
async function publicPage(request, path) {
  const network = fetch(request);
  network.catch(() => {});
  try {
    if (path !== '/' && path !== '/sign-in') return await network;
    const late = new Promise((_, reject) => {
      setTimeout(reject, PATIENCE);
    });
    const member = await store.device.get('current').catch(() => null);
    if (!member) return await network;
    return await Promise.race([network, late]).catch(() => Response.redirect('/app', 302));
  } catch {
    return offlinePage();
  }
}

const OFFLINE = {
  fr: ['Pas de réseau', 'Cette page a besoin d’une connexion. Ce que vous avez enregistré reste sur ce téléphone.', 'Réessayer'],
  en: ['No connection', 'This page needs a connection. What you have saved is safe on this phone.', 'Try again'],
};

async function offlinePage() {
  const chosen = await store.device.get('lang').catch(() => null);
  const lang = String(chosen ?? navigator.language).startsWith('fr') ? 'fr' : 'en';
  const [title, text, again] = OFFLINE[lang];
  const style = MANIFEST.files.filter((file) => file.type === 'text/css').map((file) => `<link rel="stylesheet" href="${file.url}">`);
  const html = `<!DOCTYPE html><html lang="${lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title>${style.join('')}</head><body><main class="watchdog"><h1>${title}</h1><p>${text}</p><a href="">${again}</a></main></body></html>`;
  return new Response(html, {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    },
  });
}

// --- files kept for offline use --------------------------------------------------------------------------------

async function media(request) {
  const kept = await caches.match(request.url, { cacheName: MEDIA, ignoreVary: true });
  if (!kept) return fetch(request);
  const asked = /^bytes=(\d*)-(\d*)$/.exec(request.headers.get('range') ?? '');
  if (!asked || (asked[1] === '' && asked[2] === '')) return kept;
  const file = await kept.blob();
  const last = file.size - 1;
  const start = asked[1] === '' ? Math.max(0, file.size - Number(asked[2])) : Number(asked[1]);
  const end = asked[1] === '' || asked[2] === '' ? last : Math.min(Number(asked[2]), last);
  if (start > end) return new Response(null, { status: 416, headers: { 'content-range': `bytes */${file.size}` } });
  return new Response(file.slice(start, end + 1), {
    status: 206,
    headers: {
      'content-type': kept.headers.get('content-type') ?? 'application/octet-stream',
      'content-length': String(end - start + 1),
      'content-range': `bytes ${start}-${end}/${file.size}`,
      'accept-ranges': 'bytes',
    },
  });
}

// --- the network is back, and no page is open ------------------------------------------------------------------

// Limits of one request to the server.
const MOST_COMMANDS = 50;
const MOST_CHARACTERS = 100 * 1024;

function* batches(bodies) {
  let batch = [];
  let size = 0;
  for (const body of bodies) {
    if (batch.length === MOST_COMMANDS || (batch.length > 0 && size + body.length > MOST_CHARACTERS)) {
      yield batch;
      batch = [];
      size = 0;
    }
    batch.push(body);
    size += body.length;
  }
  if (batch.length > 0) yield batch;
}

// Sends the waiting acts byte for byte and writes nothing: the next page that opens sends them again and gets the
// stored outcomes. A failure is thrown, so that the browser retries.
async function send(member, device, isCurrent) {
  const release = await store.acquire(`sync:${member}`);
  if (!release) return; // a page holds the lock
  try {
    const waiting = (await store.outbox(member)).filter((row) => row.state === 'saved' || row.state === 'sent');
    const head = JSON.stringify({ proto: 1, member, device, push_only: true }).slice(0, -1);
    for (const batch of batches(waiting.map((row) => row.body))) {
      const { status, body } = await store.post('/api/sync', `${head},"commands":[${batch.join(',')}]}`, 60000);
      // A new sign-in may have replaced the session that was ended.
      const ended = isCurrent && status === 401 && body.includes('session_ended');
      if (ended && (await (await fetch('/api/session', { cache: 'no-store' })).json()) === null) return await store.end(member);
      if (!isCurrent && (status === 401 || status === 403)) return; // kept until this member signs in again
      if (status !== 200) throw new Error(`sync answered ${status}`);
    }
  } finally {
    release();
  }
}

async function sendAll() {
  const device = await store.device.get('device_id');
  const current = await store.device.get('current');
  const members = await store.members();
  const results = await Promise.allSettled(members.map((member) => send(member, device, member === current)));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

self.addEventListener('sync', (event) => {
  if (event.tag === 'outbox') event.waitUntil(sendAll());
});
