// The real server, a network that can be cut, and phones with a real browser. Everything started here is stopped
// here, by its own handle.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { copyFile, mkdtemp, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { chromiumPath, FLAGS } from './chromium.mjs';

const run = promisify(execFile);
const top = fileURLToPath(new URL('..', import.meta.url));
const binary = resolve(process.env.COMPAGNON_BIN ?? join(top, 'target', 'release', 'compagnon'));
const site = resolve(process.env.COMPAGNON_SITE ?? join(top, 'target', 'site'));

export const temporary = () => mkdtemp(join(tmpdir(), 'compagnon-end2end-'));
const remove = (folder) => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });

export async function until(what, question, { within = 10_000, every = 50 } = {}) {
  const end = Date.now() + within;
  for (;;) {
    const answer = await question();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`${what}: not within ${within} ms`);
    await sleep(every);
  }
}

export async function freePort() {
  const probe = net.createServer();
  await new Promise((done) => probe.listen(0, '127.0.0.1', done));
  const { port } = probe.address();
  await new Promise((done) => probe.close(done));
  return port;
}

// --- the network between a phone and the server ------------------------------------------------------------------

const REQUEST_LINE = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) \S+(?= HTTP\/1)/gm;

// A proxy with a fixed address for the phone. `cut` simulates a phone without signal; `loseReplies` forwards requests
// and drops the responses, the worst moment to lose signal. `requests` lists the forwarded ones: `POST /api/sync`.
export class Network {
  #target;
  #server;
  #pairs = new Set();
  #mode = 'open';
  #watchers = new Set();
  #held = null;
  requests = [];

  static async to(target) {
    const network = new Network();
    network.#target = target;
    network.#server = net.createServer((phone) => network.#accept(phone));
    await new Promise((done) => network.#server.listen(0, '127.0.0.1', done));
    network.port = network.#server.address().port;
    return network;
  }

  #accept(phone) {
    phone.on('error', () => {});
    if (this.#mode === 'cut') {
      phone.destroy();
      return;
    }
    const far = net.connect(this.#target, '127.0.0.1');
    const pair = { phone, far };
    this.#pairs.add(pair);
    const end = () => {
      this.#pairs.delete(pair);
      phone.destroy();
      far.destroy();
    };
    far.on('error', end);
    far.on('close', end);
    phone.on('close', end);
    phone.on('data', (bytes) => {
      if (this.#held?.pattern.test(bytes.toString('latin1'))) this.#held.waiting.push(() => far.write(bytes));
      else far.write(bytes);
      for (const [request] of bytes.toString('latin1').matchAll(REQUEST_LINE)) {
        this.requests.push(request);
        for (const watcher of this.#watchers) watcher(request);
      }
    });
    far.on('data', (bytes) => {
      if (this.#mode === 'lose-replies') end();
      else phone.write(bytes);
    });
  }

  #set(mode) {
    this.#mode = mode;
    for (const { phone, far } of this.#pairs) {
      if (mode === 'cut') {
        phone.destroy();
        far.destroy();
      }
    }
  }

  // Calls back once, when such a request has been forwarded.
  once(request, callback) {
    const watcher = (seen) => {
      if (seen !== request) return;
      this.#watchers.delete(watcher);
      callback();
    };
    this.#watchers.add(watcher);
  }

  // Holds matching requests until the returned function is called.
  hold(pattern) {
    const held = { pattern, waiting: [] };
    this.#held = held;
    return () => {
      this.#held = null;
      for (const pass of held.waiting) pass();
    };
  }

  cut() {
    this.#set('cut');
  }

  loseReplies() {
    this.#set('lose-replies');
  }

  restore() {
    this.#set('open');
  }

  async close() {
    this.#set('cut');
    await new Promise((done) => this.#server.close(done));
  }
}

// --- the server --------------------------------------------------------------------------------------------------

const withDatabase = (file) => ({ ...process.env, DATABASE_URL: `sqlite:${file}` });

async function copyDatabase(from, to) {
  for (const end of ['', '-wal', '-shm']) {
    await copyFile(from + end, to + end).catch((error) => {
      if (end === '' || error.code !== 'ENOENT') throw error;
    });
  }
}

// The demo programme, loaded once per run; every test works on a copy.
export async function makeTemplate(folder) {
  await stat(binary).catch(() => {
    throw new Error(`no server at ${binary}: build it with 'make server', or name it in COMPAGNON_BIN`);
  });
  const file = join(folder, 'template.db');
  await run(binary, ['demo', 'load'], { env: withDatabase(file), cwd: folder });
  return file;
}

let own;
function template() {
  if (process.env.COMPAGNON_TEMPLATE) return process.env.COMPAGNON_TEMPLATE;
  own ??= (async () => {
    const folder = await temporary();
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    return makeTemplate(folder);
  })();
  return own;
}

export class Server {
  #process = null;
  #folder;
  #port;
  #site;
  log = '';

  static async start({ site: folder = site } = {}) {
    const server = new Server();
    server.#site = folder;
    server.#folder = await temporary();
    server.database = join(server.#folder, 'compagnon.db');
    await copyDatabase(await template(), server.database);
    server.#port = await freePort();
    server.network = await Network.to(server.#port);
    server.origin = `http://127.0.0.1:${server.network.port}`;
    await server.#spawn();
    return server;
  }

  async #spawn() {
    const listen = `127.0.0.1:${this.#port}`;
    const started = spawn(binary, ['serve', '--demo', '--listen', listen, '--site', this.#site], {
      env: withDatabase(this.database),
      cwd: this.#folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = started;
    for (const stream of [started.stdout, started.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.log = (this.log + text).slice(-100_000);
      });
    }
    started.gone = new Promise((done) => started.once('exit', done));
    let failure;
    started.once('error', (error) => {
      failure = error;
    });
    await until('the server answers', async () => {
      if (failure) throw failure;
      if (started.exitCode !== null) throw new Error(`the server ended with ${started.exitCode}:\n${this.log}`);
      return fetch(`http://${listen}/sw.js`).then(
        (response) => response.status < 500,
        () => false,
      );
    });
  }

  async #end(signal, patience) {
    const running = this.#process;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    running.kill(signal);
    const ended = await Promise.race([running.gone.then(() => true), sleep(patience, false, { ref: false })]);
    if (ended) return;
    running.kill('SIGKILL');
    await running.gone;
    throw new Error(`the server did not end within ${patience} ms of ${signal}:\n${this.log}`);
  }

  // SIGTERM, as an administrator stops it.
  stop() {
    return this.#end('SIGTERM', 10_000);
  }

  // SIGKILL, as a stand-in for a power cut.
  kill() {
    return this.#end('SIGKILL', 10_000);
  }

  // Restarts on the same address and database.
  async restart() {
    await this.stop();
    await this.#spawn();
  }

  // Returns a counter of its metrics since its start, e.g. `compagnon_commands_total`; bypasses the simulated network.
  async count(name, labels = {}) {
    const text = await (await fetch(`http://127.0.0.1:${this.#port}/metrics`)).text();
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    return text
      .split('\n')
      .filter((line) => line.split(/[{ ]/, 1)[0] === name && wanted.every((one) => line.includes(one)))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }

  // Runs any other command of the server's binary on this database.
  async command(...args) {
    return (await run(binary, args, { env: withDatabase(this.database), cwd: this.#folder, maxBuffer: 64 * 1024 * 1024 })).stdout;
  }

  // Recomputes every balance; the command fails if one is wrong.
  async prove() {
    return JSON.parse(await this.command('ledger', 'prove', '--json'));
  }

  async close() {
    try {
      await this.stop();
    } finally {
      await this.network.close();
      await remove(this.#folder);
    }
  }
}

// --- phones ------------------------------------------------------------------------------------------------------

const NETWORK_ERROR = /net::ERR_/;

// A browser that crashes during its start, before any page, is no test failure: it is restarted, at most twice, and
// reported at the end of the run. Nothing else is ever retried.
const STARTS_AGAIN = 2;
const DIED_AT_ITS_START = /has been closed|Failed to launch|signal=SIG|exitCode=/;

async function startBrowser(folder, options) {
  for (let again = 1; ; again += 1) {
    try {
      return await chromium.launchPersistentContext(folder, options);
    } catch (error) {
      const died = DIED_AT_ITS_START.test(error.message);
      if (!died || again > STARTS_AGAIN) throw error;
      const why = /signal=\w+|exitCode=\d+/.exec(error.message)?.[0] ?? error.message.split('\n')[0];
      console.error(`Chromium died while it started (${why}): started again, ${again} of ${STARTS_AGAIN}`);
      if (process.env.COMPAGNON_STARTS) appendFileSync(process.env.COMPAGNON_STARTS, `${why}\n`);
    }
  }
}

// A phone keeps its data while its browser is closed. `errors` collects all errors of pages and the worker.
export class Phone {
  #folder;
  #options;
  #expected = [];
  errors = [];

  static async open(origin, options = {}) {
    const phone = new Phone();
    phone.origin = origin;
    phone.#options = options;
    phone.#folder = await temporary();
    await phone.start();
    return phone;
  }

  async start() {
    const executablePath = chromiumPath();
    if (!executablePath) throw new Error('no Chromium found: name one in CHROMIUM');
    const { lang = 'en', dark = false, wide = false, args = [], ...others } = this.#options;
    this.context = await startBrowser(this.#folder, {
      executablePath,
      args: [...FLAGS, ...args],
      baseURL: this.origin,
      locale: lang === 'fr' ? 'fr-FR' : 'en-GB',
      timezoneId: 'Europe/Paris',
      colorScheme: dark ? 'dark' : 'light',
      ...(wide
        ? { viewport: { width: 1280, height: 800 } }
        : { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true }),
      ...others,
    });
    this.context.setDefaultTimeout(30_000);
    this.context.on('weberror', (error) => this.#note(`error: ${error.error()?.stack ?? error.error()}`));
    this.context.on('console', (message) => {
      if (message.type() === 'error') this.#note(`console: ${message.text()} (${message.location().url})`);
    });
    await this.context.addInitScript(() => {
      addEventListener('securitypolicyviolation', (event) => {
        console.error(`content security policy: ${event.violatedDirective} forbids ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
      });
    });
    this.page = this.context.pages()[0] ?? (await this.context.newPage());
  }

  #note(text) {
    if (!this.#expected.some((pattern) => pattern.test(text))) this.errors.push(text);
  }

  // From now on errors that match are expected.
  expect(...patterns) {
    this.#expected.push(...patterns);
  }

  expectNoNetwork() {
    this.expect(NETWORK_ERROR);
  }

  // Closes the browser, as when the app is swiped away.
  async shut() {
    await this.context?.close();
    this.context = undefined;
  }

  async reopen() {
    await this.shut();
    await this.start();
    return this.page;
  }

  async newPage() {
    return this.context.newPage();
  }

  async close() {
    await this.shut().catch(() => {});
    await remove(this.#folder);
  }
}

// --- what every product test does --------------------------------------------------------------------------------

// Starts a server for one test, or with `{ after }` of node:test for a whole file, and stops it with its phones at the
// end. Fails if a phone collected errors or if the ledger is wrong.
export async function stage(t, options) {
  const server = await Server.start(options);
  const phones = [];
  t.after(async () => {
    try {
      await server.prove();
      for (const phone of phones) assert.deepEqual(phone.errors, [], 'a page complained');
    } finally {
      for (const phone of phones) await phone.close();
      await server.close();
    }
  });
  return {
    server,
    async phone(options) {
      const phone = await Phone.open(server.origin, options);
      phones.push(phone);
      return phone;
    },
  };
}

// Signs in through the pages a member uses. The demo shows the code that would have been sent.
export async function signIn(page, address) {
  await page.goto('/sign-in');
  const asked = page.locator('form:has(input[name=address]:not([type=hidden]))');
  await asked.locator('input[name=address]').fill(address);
  await asked.locator('[type=submit]').tap();
  const code = (await page.locator('[data-demo-code]').textContent()).replace(/\D/g, '');
  await page.locator('[name=code]').fill(code);
  await page.locator('form:has([name=code]) [type=submit]').tap();
  await page.waitForURL(/\/app(\/|$|\?)/);
}

// Waits until the worker controls the page and has the app's first screen. Polls by time: a background page draws no
// frames.
export const controlled = (page) =>
  page.waitForFunction(() => navigator.serviceWorker.controller?.state === 'activated', undefined, { polling: 50 });

// Waits until the worker has cached the whole app and controls the page: the phone can then start offline and open
// every screen.
export async function ready(page) {
  await controlled(page);
  const all = await page.evaluate(async () => {
    const worker = await (await fetch('/sw.js')).text();
    return JSON.parse(/^const MANIFEST = (.*);$/m.exec(worker)[1]).files.map((file) => file.url);
  });
  const has = (urls) => Promise.all(urls.map((url) => caches.match(url))).then((found) => found.every(Boolean));
  await page.waitForFunction(has, all, { polling: 50 });
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export async function axe(page, { without = [] } = {}) {
  const session = await page.context().newCDPSession(page);
  try {
    // Not through the page: its content security policy forbids foreign scripts.
    await session.send('Runtime.evaluate', { expression: axeSource });
    const options = { resultTypes: ['violations'], rules: Object.fromEntries(without.map((rule) => [rule, { enabled: false }])) };
    const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
      expression: `axe.run(document, ${JSON.stringify(options)}).then((found) => JSON.stringify(found.violations))`,
      awaitPromise: true,
      returnByValue: true,
    });
    assert.equal(exceptionDetails, undefined, exceptionDetails?.exception?.description);
    const violations = JSON.parse(result.value).flatMap(({ id, help, nodes }) =>
      nodes.map((node) => `${id}: ${help}\n    ${node.html}\n    ${node.failureSummary.replaceAll('\n', '\n    ')}`),
    );
    assert.equal(violations.length, 0, `${page.url()} is not accessible:\n${violations.join('\n')}`);
  } finally {
    await session.detach();
  }
}
