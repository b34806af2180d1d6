// Long uploads show how far they are and can be cancelled. Without script the
// form is sent as usual.
export function uploads(root, enhance) {
  root.querySelectorAll('form[data-upload]').forEach((form) => {
    const box = form.querySelector('[data-upload-progress]');
    if (!box || !window.FormData) return;
    const bar = box.querySelector('progress');
    const text = box.querySelector('[data-upload-text]');
    const cancel = box.querySelector('[data-upload-cancel]');
    let request = null;

    const busy = (on) => {
      box.hidden = !on;
      form.classList.toggle('is-uploading', on);
      form.querySelectorAll('button:not([data-upload-cancel])').forEach((b) => { if (on) b.setAttribute('aria-disabled', 'true'); else b.removeAttribute('aria-disabled'); });
    };
    const say = (words) => { if (text.textContent !== words) text.textContent = words; };
    const fill = (words, loaded, total) => words.replace('%p', Math.floor((loaded / total) * 100)).replace('%d', size(loaded)).replace('%t', size(total));

    form.addEventListener('submit', (e) => {
      if (request) { e.preventDefault(); return; }
      const files = [...form.querySelectorAll('input[type="file"]')].flatMap((i) => [...i.files]);
      if (files.length === 0) return;
      e.preventDefault();
      const body = new FormData(form);
      if (e.submitter?.name) body.append(e.submitter.name, e.submitter.value);
      request = new XMLHttpRequest();
      request.open('POST', e.submitter?.getAttribute('formaction') || form.action);
      request.setRequestHeader('Okno-Upload', '1');
      let spoken = -1;
      request.upload.addEventListener('progress', (p) => {
        if (!p.lengthComputable) return;
        bar.max = p.total; bar.value = p.loaded;
        // A reader hears every tenth part, not every packet.
        const tenth = Math.floor((p.loaded / p.total) * 10);
        if (tenth !== spoken) { spoken = tenth; say(fill(box.dataset.progress, p.loaded, p.total)); }
      });
      request.upload.addEventListener('load', () => say(box.dataset.checking));
      request.addEventListener('load', () => { const done = request; request = null; busy(false); follow(done, enhance); });
      request.addEventListener('error', () => { request = null; busy(true); bar.removeAttribute('value'); say(box.dataset.failed); cancel.hidden = true; form.querySelectorAll('[aria-disabled]').forEach((b) => b.removeAttribute('aria-disabled')); });
      request.addEventListener('abort', () => { request = null; busy(false); e.submitter?.focus(); });
      cancel.hidden = false;
      bar.value = 0;
      busy(true);
      request.send(body);
    });
    cancel.addEventListener('click', () => request?.abort());
  });
}

function size(bytes) {
  const lang = document.documentElement.lang || 'ru';
  return (bytes / 1048576).toLocaleString(lang, { maximumFractionDigits: 1, minimumFractionDigits: 1 });
}

// A redirect after success was followed by the browser: go where it led. An
// answer in place (errors, 422) replaces the main part of the page.
function follow(done, enhance) {
  const from = new URL(location.href); const to = new URL(done.responseURL || from.href, from);
  if (done.status < 400) { if (to.href === from.href) location.reload(); else location.assign(to.href); return; }
  const answer = new DOMParser().parseFromString(done.responseText, 'text/html');
  const fresh = answer.getElementById('main'); const old = document.getElementById('main');
  if (!fresh || !old) { location.reload(); return; }
  document.title = answer.title;
  old.replaceWith(document.adoptNode(fresh));
  enhance(fresh);
}
