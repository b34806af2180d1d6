// Only a secure site may keep a page for the time without a connection.
export function worker() {
  const path = document.querySelector('meta[name="okno-worker"]')?.content;
  if (path && 'serviceWorker' in navigator) navigator.serviceWorker.register(path).catch(() => {});
}
