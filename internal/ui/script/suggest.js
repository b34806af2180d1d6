// Suggestions while one types: the server answers with <li role="option" data-href>.
export function suggestions(root) {
  root.querySelectorAll('form[data-suggest]').forEach(attach);
}

function attach(form) {
  const input = form.querySelector('input[type="search"], input[type="text"]');
  const list = form.querySelector('[role="listbox"]');
  const status = form.querySelector('[data-suggest-status]');
  if (!input || !list) return;
  let at = -1; let shown = []; let timer = 0; let request = null;
  input.setAttribute('role', 'combobox');
  input.setAttribute('aria-controls', list.id);
  input.setAttribute('aria-autocomplete', 'list');
  input.setAttribute('aria-expanded', 'false');
  input.autocomplete = 'off';

  const mark = (n) => {
    at = n;
    shown.forEach((o, i) => o.setAttribute('aria-selected', String(i === n)));
    if (shown[n]) input.setAttribute('aria-activedescendant', shown[n].id); else input.removeAttribute('aria-activedescendant');
  };
  const close = () => { clearTimeout(timer); request?.abort(); list.hidden = true; input.setAttribute('aria-expanded', 'false'); mark(-1); };
  const show = (html) => {
    list.innerHTML = html;
    shown = [...list.querySelectorAll('[role="option"]')];
    shown.forEach((o, i) => { o.id = o.id || `${list.id}-${i}`; o.setAttribute('aria-selected', 'false'); });
    list.hidden = shown.length === 0;
    input.setAttribute('aria-expanded', String(shown.length > 0));
    if (status) status.textContent = shown.length ? (status.dataset.found || '').replace('%d', shown.length) : (status.dataset.none || '');
    mark(-1);
  };
  const ask = async () => {
    const q = input.value.trim();
    if (q.length < 2) { close(); return; }
    request?.abort();
    request = new AbortController();
    try {
      const url = new URL(form.dataset.suggest, location.href);
      url.searchParams.set(input.name, q);
      const answer = await fetch(url, { signal: request.signal, headers: { 'Okno-Fragment': 'suggest' } });
      if (answer.ok && input.value.trim() === q) show(await answer.text());
    } catch { /* a slow or broken line leaves the plain search */ }
  };
  const go = (o) => { if (o.dataset.href) location.assign(o.dataset.href); else { input.value = o.dataset.value || o.textContent.trim(); close(); form.requestSubmit(); } };

  input.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(ask, 120); });
  input.addEventListener('blur', () => setTimeout(close, 150));
  input.addEventListener('keydown', (e) => {
    if (e.key === 'Escape') { close(); return; }
    if (list.hidden || shown.length === 0) return;
    if (e.key === 'ArrowDown') { e.preventDefault(); mark((at + 1) % shown.length); }
    if (e.key === 'ArrowUp') { e.preventDefault(); mark((at - 1 + shown.length) % shown.length); }
    if (e.key === 'Enter' && at >= 0) { e.preventDefault(); go(shown[at]); }
  });
  list.addEventListener('mousedown', (e) => { const o = e.target.closest('[role="option"]'); if (o) { e.preventDefault(); go(o); } });
}
