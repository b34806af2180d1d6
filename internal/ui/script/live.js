// htmx under our content security policy: no inline styles, no eval.
import htmx from 'htmx.org';

Object.assign(htmx.config, {
  includeIndicatorStyles: false,
  allowEval: false,
  allowScriptTags: false,
  selfRequestsOnly: true,
  historyCacheSize: 0,
  scrollBehavior: 'instant',
  // A refused form comes back as 422 with its errors: show it.
  responseHandling: [{ code: '204', swap: false }, { code: '[23]..', swap: true }, { code: '422', swap: true }, { code: '[45]..', swap: false, error: true }],
});
window.htmx = htmx;
