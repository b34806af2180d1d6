// The queue of a rush: the place is asked for again without a flash, and the
// reader is let in when the server leads on. Without script the page reloads.
export function refresh(enhance) {
  const wait = () => Number(document.querySelector('meta[name="okno-refresh"]')?.content) * 1000;
  if (!wait()) return;
  const ask = async () => {
    try {
      const answer = await fetch(location.href, { cache: 'no-store' });
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const still = page.querySelector('meta[name="okno-refresh"]');
      if (answer.redirected || (answer.ok && !still)) { location.assign(answer.url); return; }
      const fresh = page.getElementById('main');
      if (still && fresh) {
        const place = document.querySelector('#main [role="status"]'); const next = fresh.querySelector('[role="status"]');
        // Only the number changes, so that a reader's place on the page stays.
        if (place && next) { if (place.textContent !== next.textContent) place.textContent = next.textContent; } else { document.getElementById('main').replaceWith(document.adoptNode(fresh)); enhance(fresh); }
      }
    } catch { /* the line is down: ask again */ }
    setTimeout(ask, wait());
  };
  setTimeout(ask, wait());
}
