// Keeps one page for the time without a connection, and nothing else: pages of
// citizens are never stored. The server puts the addresses in.
const { cache, page, files } = OKNO_WORKER;

self.addEventListener('install', (e) => {
  e.waitUntil(caches.open(cache).then((c) => c.addAll([page, ...files])).then(() => self.skipWaiting()));
});
self.addEventListener('activate', (e) => {
  e.waitUntil(caches.keys().then((names) => Promise.all(names.filter((n) => n.startsWith('okno-') && n !== cache).map((n) => caches.delete(n)))).then(() => self.clients.claim()));
});
self.addEventListener('fetch', (e) => {
  if (e.request.method !== 'GET') return;
  if (e.request.mode === 'navigate') {
    e.respondWith(fetch(e.request).catch(() => caches.match(page)));
  } else if (files.includes(new URL(e.request.url).pathname)) {
    e.respondWith(caches.match(e.request).then((kept) => kept || fetch(e.request)));
  }
});
