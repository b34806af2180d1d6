// Everything works without this file; it makes things quicker and warns in time.
// Each module gets the part of the page to enhance, so that a part fetched later
// (htmx, a refused upload) is enhanced in the same way.
import { menus, sides } from './menu.js';
import { conditionals, exclusives } from './conditional.js';
import { passwords, passwordRules } from './password.js';
import { suggestions } from './suggest.js';
import { counts, doubleClicks, errorSummary, focusTargets, print } from './form.js';
import { dates } from './dates.js';
import { uploads } from './upload.js';
import { session } from './session.js';
import { near } from './near.js';
import { live } from './live-loader.js';
import { refresh } from './refresh.js';
import { worker } from './worker-loader.js';

export function enhance(root) {
  for (const part of [sides, conditionals, exclusives, passwords, passwordRules, suggestions, counts, errorSummary, print, dates, near, live]) part(root);
  uploads(root, enhance);
}

menus();
doubleClicks();
focusTargets();
enhance(document);
session();
worker();
refresh(enhance);
document.addEventListener('htmx:load', (e) => { if (e.target !== document.body) enhance(e.target); });
