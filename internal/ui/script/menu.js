// Menus are <details>: they open without script. Here they also close.
export function menus() {
  const open = () => document.querySelectorAll('.okno-menu[open]');
  document.addEventListener('click', (e) => open().forEach((m) => { if (!m.contains(e.target)) m.open = false; }));
  document.addEventListener('focusin', (e) => open().forEach((m) => { if (!m.contains(e.target)) m.open = false; }));
  document.addEventListener('keydown', (e) => {
    if (e.key === 'Escape') open().forEach((m) => { m.open = false; m.querySelector('summary').focus(); });
  });
}

// The side menu is folded on a phone and open on a wide screen.
export function sides(root) {
  const wide = matchMedia('(min-width: 900px)');
  root.querySelectorAll('.okno-side > details').forEach((d) => {
    if (wide.matches) d.open = true;
    wide.addEventListener('change', () => { d.open = wide.matches; });
  });
}
