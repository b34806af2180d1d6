// Runs before the first paint: tells the style sheet that scripts work, so that
// nothing jumps later. When the main script does not arrive, take it back.
(() => {
  const root = document.documentElement;
  const marks = ['govuk-frontend-supported', 'okno-js'];
  root.classList.add(...marks);
  addEventListener('error', (e) => {
    if (e.target instanceof HTMLScriptElement && !e.target.hasAttribute('data-optional')) root.classList.remove(...marks);
  }, true);
})();
