// Warns before the session ends and prolongs it without leaving the page.
// The server gives the seconds that are left, not a clock time: clocks differ.
export function session() {
  const box = document.querySelector('[data-session-seconds]');
  if (!box) return;
  const warn = Number(box.dataset.sessionWarn) || 120;
  const form = box.querySelector('form');
  const left = box.querySelector('[data-session-left]');
  const over = box.querySelector('[data-session-over]');
  const soon = box.querySelector('[data-session-soon]');
  let ends = Date.now() + Number(box.dataset.sessionSeconds) * 1000;
  let shown = false;

  const channel = 'BroadcastChannel' in window ? new BroadcastChannel('okno-session') : null;
  const prolong = (seconds) => { ends = Date.now() + seconds * 1000; shown = false; box.hidden = true; };
  channel?.addEventListener('message', (e) => { if (Number(e.data) > 0) prolong(Number(e.data)); });
  // Opening a page prolonged the session for every tab.
  channel?.postMessage(Number(box.dataset.sessionSeconds));

  const clock = (s) => `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`;
  const tick = () => {
    const s = Math.round((ends - Date.now()) / 1000);
    if (s > warn) { setTimeout(tick, Math.min((s - warn) * 1000, 60000)); return; }
    if (s <= 0) { box.hidden = false; soon.hidden = true; over.hidden = false; setTimeout(tick, 5000); return; }
    soon.hidden = false; over.hidden = true; box.hidden = false;
    left.textContent = clock(s);
    if (!shown) { shown = true; box.focus(); }
    setTimeout(tick, 1000);
  };
  form?.addEventListener('submit', async (e) => {
    e.preventDefault();
    const answer = await fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)), headers: { 'Okno-Fragment': 'session' } }).catch(() => null);
    const seconds = Number(answer?.headers.get('Okno-Session-Seconds'));
    if (answer?.ok && seconds > 0) { prolong(seconds); channel?.postMessage(seconds); } else if (answer && answer.status === 401) { ends = Date.now(); }
  });
  tick();
}
