// A stand-in for the server: serves the hand-written files of public/ as one versioned build, exactly as the server
// does, with a client of a few lines instead of the real one. The worker, the watchdog and the store are tested against
// it without a compiler.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

const read = (name) => readFileSync(fileURLToPath(new URL(`../public/${name}`, import.meta.url)));
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

const TYPES = {
  css: 'text/css',
  html: 'text/html',
  js: 'text/javascript',
  mp4: 'video/mp4',
  png: 'image/png',
  svg: 'image/svg+xml',
  wasm: 'application/wasm',
  webmanifest: 'application/manifest+json',
};
const typeOf = (name) => TYPES[name.split('.').pop()];

const CSP =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; media-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

// The smallest client: it shows its build, and tests control it through its global.
const client = (label) => `
export default async function start({ module_or_path }) {
  await WebAssembly.instantiateStreaming(await module_or_path);
  if (sessionStorage.getItem('panic')) {
    compagnonPanic('panicked at test: deliberate');
    throw new WebAssembly.RuntimeError('unreachable');
  }
  const late = Number(sessionStorage.getItem('late'));
  if (late) await new Promise((done) => setTimeout(done, late));
  const main = document.createElement('main');
  main.textContent = 'client ${label}';
  document.body.append(main);
}`;

const EMPTY_MODULE = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

export class StandIn {
  requests = []; // method and path, in order of arrival
  posts = []; // bodies sent to /api
  media = new Map(); // path -> { bytes, type }
  answers = new Map(); // path -> (request, response) => void
  brand = ':root { --accent: #b45309; }';

  static async start() {
    const site = new StandIn();
    site.server = createServer((request, response) => site.#answer(request, response));
    await new Promise((done) => site.server.listen(0, '127.0.0.1', done));
    site.port = site.server.address().port;
    site.origin = `http://127.0.0.1:${site.port}`;
    site.deploy('one');
    return site;
  }

  // Makes a new build the current one. `spoil` names a file that gets a wrong hash in the list.
  deploy(label, { spoil } = {}) {
    const files = new Map();
    for (const name of ['boot.js', 'store.js', 'watchdog.js', 'warm.js', 'manifest.webmanifest', 'favicon.svg', 'icons/icon-192.png']) {
      files.set(name, read(name));
    }
    files.set('pkg/compagnon.js', Buffer.from(client(label)));
    files.set('pkg/compagnon.wasm', EMPTY_MODULE);
    files.set('pkg/split_learning.wasm', EMPTY_MODULE);
    files.set('pkg/compagnon.css', Buffer.from('.watchdog { padding: 2rem; }'));
    const build = sha256([...files].map(([name, bytes]) => `${name} ${sha256(bytes)}`).join('\n') + read('sw.js')).slice(0, 16);
    const v = `/v/${build}`;
    const shell = Buffer.from(
      `<!DOCTYPE html><html lang="en" data-build="${build}"><head><meta charset="utf-8"><title>Compagnon</title>` +
        `<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="manifest" href="/manifest.webmanifest">` +
        `<link rel="icon" href="${v}/favicon.svg"><link rel="stylesheet" href="${v}/pkg/compagnon.css"><link rel="stylesheet" href="/brand.css">` +
        `<script src="${v}/watchdog.js"></script><script src="${v}/store.js"></script><script type="module" src="${v}/boot.js"></script>` +
        `</head><body></body></html>`,
    );
    const entry = (url, bytes, type) => ({
      url,
      sha256: sha256(bytes),
      type,
      size: bytes.length,
      ...(url.includes('/split_') ? { later: true } : {}),
    });
    const list = [
      entry('/app', shell, 'text/html'),
      entry('/brand.css', Buffer.from(this.brand), 'text/css'),
      ...[...files].map(([name, bytes]) => entry(`${v}/${name}`, bytes, typeOf(name))),
    ];
    for (const file of list) if (spoil && file.url.endsWith(spoil)) file.sha256 = '0'.repeat(64);
    const worker = read('sw.js')
      .toString()
      .replace('/*MANIFEST*/null', JSON.stringify({ build, shell: '/app', files: list }));
    this.current = { build, files, shell, worker };
    return build;
  }

  #answer(request, response) {
    const path = new URL(request.url, this.origin).pathname;
    this.requests.push(`${request.method} ${path}`);
    const send = (status, bytes, type, headers = {}) => {
      response.writeHead(status, { 'content-type': type, 'content-security-policy': CSP, 'cache-control': 'no-cache', ...headers });
      response.end(request.method === 'HEAD' ? undefined : bytes);
    };
    const { build, files, shell, worker } = this.current;
    const asked = this.answers.get(path);
    if (asked) return asked(request, response);
    if (path === '/app' || path.startsWith('/app/')) return send(200, shell, 'text/html; charset=utf-8');
    if (path === '/sw.js') return send(200, worker, 'text/javascript');
    if (path === '/brand.css') return send(200, this.brand, 'text/css');
    if (path.startsWith(`/v/${build}/`)) {
      const name = path.slice(build.length + 4);
      if (files.has(name)) return send(200, files.get(name), typeOf(name), { 'cache-control': 'public, max-age=31536000, immutable' });
    }
    if (path.startsWith('/api/')) {
      let body = '';
      request.setEncoding('utf8').on('data', (text) => {
        body += text;
      });
      request.on('end', () => {
        this.posts.push({ path, body });
        send(200, '{}', 'application/json');
      });
      return undefined;
    }
    if (this.media.has(path)) {
      const { bytes, type } = this.media.get(path);
      return send(200, bytes, type);
    }
    if (path === '/' || path === '/sign-in' || path === '/about') {
      const page = `<!DOCTYPE html><html lang="en"><head><title>public</title><link rel="icon" href="data:,"><script src="/v/${build}/store.js"></script><script src="/v/${build}/warm.js"></script></head><body><main>public ${path}</main></body></html>`;
      return send(200, page, 'text/html; charset=utf-8');
    }
    const name = path.slice(1);
    if (files.has(name)) return send(200, files.get(name), typeOf(name));
    return send(404, 'not found', 'text/plain');
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  // Restarts on the same address.
  async resume() {
    await new Promise((done) => this.server.listen(this.port, '127.0.0.1', done));
  }
}
