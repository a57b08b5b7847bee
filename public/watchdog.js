// Error screen of last resort. Runs before everything else and has no dependencies.
(() => {
  'use strict';

  const TEXTS = {
    fr: {
      title: 'Quelque chose s’est cassé',
      text: 'Votre travail est en sécurité sur ce téléphone.',
      slow: 'L’application met du temps à démarrer',
      reload: 'Recharger',
      clear: 'Réinstaller l’application',
      offline: 'Il faut une connexion pour réinstaller. Réessayez quand vous aurez du réseau.',
    },
    en: {
      title: 'Something broke',
      text: 'Your work is safe on this phone.',
      slow: 'The app is slow to start',
      reload: 'Reload',
      clear: 'Reinstall the app',
      offline: 'Reinstalling needs a connection. Try again when you have one.',
    },
  };
  const PERIOD = 5 * 60 * 1000;
  const RELOADS = 2;
  let box = null;
  let broken = false;

  const language = () => {
    let chosen = null;
    try {
      chosen = localStorage.getItem('lang');
    } catch {}
    return (chosen || navigator.language || '').startsWith('fr') ? 'fr' : 'en';
  };

  // Counts this tab's own reloads within the period.
  const reloads = (add) => {
    try {
      const now = Date.now();
      const times = JSON.parse(sessionStorage.getItem('watchdog') || '[]').filter((time) => now - time < PERIOD);
      if (add) sessionStorage.setItem('watchdog', JSON.stringify([...times, now]));
      return times.length;
    } catch {
      return RELOADS;
    }
  };

  const element = (name, text) => Object.assign(document.createElement(name), { textContent: text });

  const button = (text, action) => {
    const made = Object.assign(element('button', text), { type: 'button' });
    made.addEventListener('click', action);
    return made;
  };

  // Deletes the app's files and the worker, but not the member's data or the files kept offline.
  async function reinstall(texts) {
    try {
      if (!(await fetch('/app', { method: 'HEAD', cache: 'no-store' })).ok) throw new Error();
    } catch {
      box.querySelector('p').textContent = texts.offline;
      return;
    }
    for (const name of await caches.keys()) if (name.startsWith('core-')) await caches.delete(name);
    for (const registration of await navigator.serviceWorker.getRegistrations()) await registration.unregister();
    location.reload();
  }

  function show(slow) {
    const lang = language();
    const texts = TEXTS[lang];
    const again = button(texts.reload, () => location.reload());
    box = document.createElement('main');
    box.className = 'watchdog';
    box.lang = lang;
    const text = element('p', texts.text);
    text.setAttribute('role', 'alert');
    box.append(element('h1', slow ? texts.slow : texts.title), text, again);
    if (reloads() >= RELOADS) box.append(button(texts.clear, () => reinstall(texts)));
    document.body.replaceChildren(box);
    again.focus();
  }

  function broke(message) {
    if (broken) return;
    broken = true;
    clearTimeout(timer);
    const build = document.documentElement.dataset.build || '';
    const report = JSON.stringify({ build, message: String(message).slice(0, 1000) });
    navigator.sendBeacon?.('/api/crash', new Blob([report], { type: 'application/json' }));
    const start = () => {
      show(false);
      if (reloads() >= RELOADS) return;
      setTimeout(() => {
        reloads(true);
        location.reload();
      }, 4000);
    };
    if (document.body) start();
    else addEventListener('DOMContentLoaded', start);
  }

  const isPanic = (error) => error instanceof WebAssembly.RuntimeError || /unreachable/.test(String(error));

  addEventListener('error', (event) => {
    if (isPanic(event.error ?? event.message)) broke(event.message);
  });
  addEventListener('unhandledrejection', (event) => {
    if (isPanic(event.reason)) broke(event.reason);
  });

  const timer = setTimeout(() => show(true), 20000);

  self.compagnonPanic = broke;
  self.compagnonWatchdog = {
    broke,
    ready() {
      clearTimeout(timer);
      if (!broken) box?.remove();
    },
  };
})();
