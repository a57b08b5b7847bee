// On the public pages: brings the member app onto the phone while its owner reads or types, so that it opens at once.
addEventListener('load', () => {
  navigator.serviceWorker?.register('/sw.js', { scope: '/', updateViaCache: 'none' }).catch(() => {});
});
