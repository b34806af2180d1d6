// Reveal button, rules that tick off while one types, strength, and a generator.
export function passwords(root) {
  root.querySelectorAll('[data-module="govuk-password-input"]').forEach((group) => {
    const input = group.querySelector('.govuk-js-password-input-input');
    const button = group.querySelector('.govuk-js-password-input-toggle');
    if (!input || !button) return;
    const text = (key, otherwise) => group.getAttribute(`data-i18n.${key}`) || otherwise;
    const label = { show: button.textContent.trim(), showAria: button.getAttribute('aria-label') };
    const status = document.createElement('div');
    status.className = 'govuk-password-input__sr-status govuk-visually-hidden';
    status.setAttribute('aria-live', 'polite');
    button.after(status);
    const set = (shown, say) => {
      input.type = shown ? 'text' : 'password';
      button.textContent = shown ? text('hide-password', label.show) : label.show;
      button.setAttribute('aria-label', shown ? text('hide-password-aria-label', label.showAria) : label.showAria);
      if (say) status.textContent = text(shown ? 'password-shown-announcement' : 'password-hidden-announcement', '');
    };
    button.hidden = false;
    button.addEventListener('click', () => set(input.type === 'password', true));
    input.addEventListener('okno:show', () => set(true, false));
    // A browser offers to remember only what is a password field when it is sent.
    input.form?.addEventListener('submit', () => set(false, false));
    addEventListener('pageshow', (e) => { if (e.persisted) set(false, false); });
  });
}

const CHECKS = {
  length: (v, n) => v.length >= n,
  lower: (v) => /[a-z]/.test(v),
  upper: (v) => /[A-Z]/.test(v),
  digit: (v) => /[0-9]/.test(v),
  mark: (v, _n, marks) => [...v].some((c) => marks.includes(c)),
  latin: (v) => /^[\x21-\x7e]+$/.test(v),
};

function random(n) {
  // Rejection keeps the choice even: 256 is seldom a multiple of n.
  const limit = 256 - (256 % n);
  const byte = new Uint8Array(1);
  do crypto.getRandomValues(byte); while (byte[0] >= limit);
  return byte[0] % n;
}

// generate makes a password with a mark that counts; marks are those of the policy.
export function generate(length, policy) {
  const marks = [...'!$%&()+-.~'].filter((c) => policy.includes(c)).join('') || policy;
  const sets = ['abcdefghijkmnopqrstuvwxyz', 'ABCDEFGHJKLMNPQRSTUVWXYZ', '23456789', marks];
  const all = sets.join('');
  const out = sets.map((s) => s[random(s.length)]);
  while (out.length < length) out.push(all[random(all.length)]);
  for (let i = out.length - 1; i > 0; i--) { const j = random(i + 1); [out[i], out[j]] = [out[j], out[i]]; }
  return out.join('');
}

export function passwordRules(root) {
  root.querySelectorAll('[data-password-rules]').forEach((box) => {
    const input = document.getElementById(box.dataset.passwordRules);
    if (!input) return;
    const repeat = document.getElementById(box.dataset.repeat || '');
    const marks = box.dataset.marks || '!#$%&()*+,-./:;<=>?@[]^_{}~';
    const rules = [...box.querySelectorAll('[data-rule]')];
    const meter = box.querySelector('meter');
    const word = box.querySelector('[data-strength]');
    const words = word ? word.dataset.strength.split('|') : [];
    const update = () => {
      let met = 0;
      rules.forEach((li) => {
        const ok = CHECKS[li.dataset.rule]?.(input.value, Number(li.dataset.n || 0), marks) ?? false;
        if (ok) met += 1;
        li.classList.toggle('is-ok', ok);
        li.querySelector('[data-state]').textContent = ok ? li.dataset.met : li.dataset.unmet;
      });
      const long = Math.min(1, Math.max(0, (input.value.length - 8) / 8));
      const score = input.value === '' ? 0 : Math.max(1, Math.round((met / rules.length) * 3 + (met === rules.length ? long : 0)));
      if (meter) meter.value = score;
      if (word) word.textContent = words[score] || '';
    };
    input.addEventListener('input', update);
    update();
    const button = box.querySelector('[data-generate]');
    if (button) {
      button.hidden = false;
      button.addEventListener('click', () => {
        const value = generate(Number(button.dataset.generate) || 16, marks);
        for (const field of [input, repeat]) {
          if (!field) continue;
          field.value = value;
          field.dispatchEvent(new Event('okno:show'));
          field.dispatchEvent(new Event('input', { bubbles: true }));
        }
        input.focus();
        input.select();
      });
    }
  });
}
