// Radios and checkboxes that reveal more questions. Without script all of them show.
const controlled = (input) => document.getElementById(input.dataset.ariaControls || input.getAttribute('aria-controls') || '');

function sync(group) {
  group.querySelectorAll('input[data-aria-controls], input[aria-controls]').forEach((input) => {
    const target = controlled(input);
    if (!target || !/__conditional$/.test(target.classList[0] || '')) return;
    if (input.dataset.ariaControls) { input.setAttribute('aria-controls', input.dataset.ariaControls); input.removeAttribute('data-aria-controls'); }
    // A radio has no expanded state (ARIA 1.2); what it controls follows it at once.
    if (input.type === 'checkbox') input.setAttribute('aria-expanded', String(input.checked));
    target.classList.toggle(`${target.classList[0]}--hidden`, !input.checked);
  });
}

export function conditionals(root) {
  root.querySelectorAll('[data-module="govuk-radios"], [data-module="govuk-checkboxes"]').forEach((group) => {
    sync(group);
    group.addEventListener('change', () => sync(group));
  });
  addEventListener('pageshow', () => root.querySelectorAll('[data-module="govuk-radios"], [data-module="govuk-checkboxes"]').forEach(sync), { once: true });
}

// «Ничего из перечисленного» unticks the others, and they untick it.
export function exclusives(root) {
  root.querySelectorAll('[data-module="govuk-checkboxes"]').forEach((group) => {
    group.addEventListener('change', (e) => {
      const ticked = e.target;
      if (!(ticked instanceof HTMLInputElement) || !ticked.checked) return;
      const alone = ticked.dataset.behaviour === 'exclusive';
      group.querySelectorAll('input[type="checkbox"]').forEach((other) => {
        if (other !== ticked && other.name === ticked.name && (alone || other.dataset.behaviour === 'exclusive')) other.checked = false;
      });
      sync(group);
    });
  });
}
