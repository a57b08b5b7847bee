// Starts the member app, and connects it to the browser for installation and updates.
const build = document.documentElement.dataset.build;
const wasm = fetch(new URL('./pkg/compagnon.wasm', import.meta.url), { credentials: 'same-origin' });
wasm.catch(() => {}); // init reports the error

// --- skeleton until the app has mounted --------------------------------------------------------------------------

const skeleton = document.createElement('div');
skeleton.className = 'skeleton';
skeleton.setAttribute('aria-hidden', 'true');
for (const part of ['bar', 'card', 'line', 'line', 'line', 'tabs']) {
  skeleton.append(Object.assign(document.createElement('div'), { className: `skeleton-${part}` }));
}

function mounted() {
  if (![...document.body.children].some((child) => child !== skeleton && !child.matches('.watchdog'))) return;
  observer.disconnect();
  skeleton.remove();
  self.compagnonWatchdog?.ready();
}
const observer = new MutationObserver(mounted);
document.body.prepend(skeleton);
observer.observe(document.body, { childList: true });

// --- the worker --------------------------------------------------------------------------------------------------

const MINUTE = 60 * 1000;
const HOUR = 60 * MINUTE;
const worker = navigator.serviceWorker;
let controlled = Boolean(worker?.controller);
const waitingForUpdate = [];
let registration = null;
let newer = false;
let applying = false;
let checked = Date.now();

function updateFound() {
  if (newer) return;
  newer = true;
  for (const callback of waitingForUpdate) callback();
}

async function register() {
  registration = await worker.register('/sw.js', { scope: '/', updateViaCache: 'none' });
  const follow = (installing) =>
    installing?.addEventListener('statechange', () => {
      if (installing.state === 'installed' && registration.active) updateFound();
    });
  if (registration.waiting) updateFound();
  follow(registration.installing);
  registration.addEventListener('updatefound', () => follow(registration.installing));
  if (worker.controller) return;
  const { active } = await worker.ready;
  // A worker that became active while this page was loading has missed it.
  active.postMessage('claim');
  // The worker was installed with the files of the first screen only.
  active.postMessage('complete');
}

// Without a worker the phone cannot start offline, so a failed installation is retried soon.
function lookForUpdate() {
  const installed = Boolean(registration?.active);
  if (document.visibilityState !== 'visible' || Date.now() - checked < (installed ? HOUR : MINUTE)) return;
  checked = Date.now();
  (installed ? registration.update() : register()).catch(() => {});
}

if (worker) {
  worker.addEventListener('message', (event) => {
    if (event.data === 'build') event.ports[0].postMessage(build);
  });
  worker.startMessages();
  // Another tab may have applied the update: this one keeps its own files and shows that there is a newer build.
  worker.addEventListener('controllerchange', () => {
    if (applying) location.reload();
    else if (controlled) updateFound();
    controlled = true;
  });
  document.addEventListener('visibilitychange', lookForUpdate);
  addEventListener('focus', lookForUpdate);
  addEventListener('pageshow', lookForUpdate);
  addEventListener('online', lookForUpdate);
}

// --- browser features for the app --------------------------------------------------------------------------------

const waitingForInstall = [];
let offer = null;

addEventListener('beforeinstallprompt', (event) => {
  event.preventDefault();
  offer = event;
  for (const callback of waitingForInstall) callback();
});

self.compagnonApp = {
  build,
  // Calls back once, when a newer build is installed and waits.
  onUpdate(callback) {
    if (newer) callback();
    else waitingForUpdate.push(callback);
  },
  // Activates the newer build and reloads the page.
  update() {
    applying = true;
    if (registration?.waiting) registration.waiting.postMessage('apply');
    else location.reload();
  },
  // Requests persistent storage. True if the browser granted it.
  persist: async () => (await navigator.storage?.persist?.().catch(() => false)) ?? false,
  standalone: () => matchMedia('(display-mode: standalone)').matches || navigator.standalone === true,
  onInstallable(callback) {
    if (offer) callback();
    else waitingForInstall.push(callback);
  },
  // Remembers the focused element; returns a function that restores the focus after a redraw.
  keepFocus() {
    const parts = () => [...document.querySelectorAll('main :is(a[href], button, input, select, textarea, h1)')];
    const name = (part) => [part.tagName, part.id, part.name, part.value, part.getAttribute('href'), part.textContent].join('|');
    const had = document.activeElement;
    if (!parts().includes(had)) return () => {};
    const known = name(had);
    return () => {
      if (document.activeElement !== document.body) return;
      // If it is gone, focus the title: on the element now in its place, a second Enter could trigger another action.
      const part = parts().find((one) => name(one) === known) ?? document.querySelector('main h1');
      part?.focus({ preventScroll: true });
    };
  },
  // 'accepted', 'dismissed', or 'unavailable' if the browser offers no prompt. Only after a tap.
  async installPrompt() {
    if (!offer) return 'unavailable';
    const prompt = offer;
    offer = null;
    await prompt.prompt();
    return (await prompt.userChoice).outcome;
  },
};

// --- start -------------------------------------------------------------------------------------------------------

try {
  const glue = await import(new URL('./pkg/compagnon.js', import.meta.url));
  await glue.default({ module_or_path: wasm });
} catch (error) {
  self.compagnonWatchdog?.broke(`start: ${error}`);
}
if (worker) register().catch(() => {});
