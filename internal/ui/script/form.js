// Small things around forms.

// The summary of errors gets the focus, and its links lead to the label, not below it.
export function errorSummary(root) {
  const box = root.querySelector('[data-module="govuk-error-summary"]');
  if (!box) return;
  // In the gallery the summary is one example of many.
  if (!box.closest('[data-still]')) {
    box.tabIndex = -1;
    box.addEventListener('blur', () => box.removeAttribute('tabindex'), { once: true });
    box.focus();
  }
  box.addEventListener('click', (e) => {
    const link = e.target.closest('a[href^="#"]');
    const field = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (!field) return;
    e.preventDefault();
    const legend = field.closest('fieldset')?.querySelector('legend');
    const label = document.querySelector(`label[for="${CSS.escape(field.id)}"]`) || field.closest('label');
    (['radio', 'checkbox'].includes(field.type) ? legend || label : label || legend || field).scrollIntoView();
    field.focus({ preventScroll: true });
  });
}

// Skip link and pager targets take the focus though they are no controls.
export function focusTargets() {
  document.addEventListener('click', (e) => {
    const link = e.target.closest('.govuk-skip-link');
    const target = link && document.getElementById(link.hash.slice(1));
    if (!target) return;
    target.tabIndex = -1;
    target.addEventListener('blur', () => target.removeAttribute('tabindex'), { once: true });
    target.focus();
  });
}

// A second click within a second is a slip of the hand. The server guards by the key of the form anyway.
export function doubleClicks() {
  const last = new WeakMap();
  document.addEventListener('click', (e) => {
    const button = e.target.closest('button[data-prevent-double-click="true"]');
    if (!button) return;
    const now = performance.now();
    if (now - (last.get(button) ?? -Infinity) < 1000) e.preventDefault();
    else last.set(button, now);
  }, true);
}

// Characters left, in the words of the reader's language.
export function counts(root) {
  root.querySelectorAll('[data-module="govuk-character-count"]').forEach((group) => {
    const area = group.querySelector('.govuk-js-character-count');
    const info = area && document.getElementById(`${area.id}-info`);
    const limit = Number(group.dataset.maxlength);
    if (!info || !limit) return;
    const plural = new Intl.PluralRules(document.documentElement.lang || 'ru');
    const say = (key, n) => (group.getAttribute(`data-i18n.${key}.${plural.select(n)}`) || group.getAttribute(`data-i18n.${key}.other`) || '').replace('%d', n.toLocaleString(document.documentElement.lang));
    const seen = document.createElement('div');
    seen.className = 'govuk-character-count__message govuk-hint govuk-character-count__status';
    seen.setAttribute('aria-hidden', 'true');
    const heard = document.createElement('div');
    heard.className = 'govuk-character-count__sr-status govuk-visually-hidden';
    heard.setAttribute('aria-live', 'polite');
    info.classList.add('govuk-visually-hidden');
    info.after(seen, heard);
    let timer = 0;
    const update = () => {
      const left = limit - area.value.length;
      const text = left > 0 ? say('characters-under-limit', left) : left === 0 ? group.getAttribute('data-i18n.characters-at-limit') || '' : say('characters-over-limit', -left);
      seen.textContent = text;
      seen.classList.toggle('govuk-error-message', left < 0);
      seen.classList.toggle('govuk-hint', left >= 0);
      area.classList.toggle('govuk-textarea--error', left < 0 || group.classList.contains('govuk-form-group--error'));
      clearTimeout(timer);
      timer = setTimeout(() => { heard.textContent = text; }, 1000);
    };
    area.addEventListener('input', update);
    update();
  });
}

// «Распечатать» is a button only where printing can be started.
export function print(root) {
  root.querySelectorAll('[data-print]').forEach((b) => { b.hidden = false; b.addEventListener('click', () => window.print()); });
}
