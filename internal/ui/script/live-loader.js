// htmx comes only to pages that use it.
let asked = false;
export function live(root) {
  const url = document.querySelector('meta[name="okno-live"]')?.content;
  if (asked || !url || !root.querySelector('[data-hx-get],[data-hx-post],[data-hx-put],[data-hx-patch],[data-hx-delete],[data-hx-boost]')) return;
  asked = true;
  const s = document.createElement('script');
  s.src = url;
  s.setAttribute('data-optional', '');
  document.head.append(s);
}
