// On the public pages: installs the member app in the background while the visitor reads or types, so that it opens at
// once.
addEventListener('load', () => {
  navigator.serviceWorker?.register('/sw.js', { scope: '/', updateViaCache: 'none' }).catch(() => {});
});
