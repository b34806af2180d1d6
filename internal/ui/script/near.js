// «Показать ближайшие»: asks the browser where it is when the button is pressed,
// and sends that once with the form. Without script the form is not shown.
export function near(root) {
  if (!navigator.geolocation) return;
  root.querySelectorAll('form[data-near]').forEach((form) => {
    form.hidden = false;
    const status = form.querySelector('[role="status"]');
    form.addEventListener('submit', (e) => {
      if (form.elements.lat.value) return;
      e.preventDefault();
      e.stopImmediatePropagation(); // the first press is no send: the button stays alive
      if (status) status.textContent = form.dataset.asking;
      navigator.geolocation.getCurrentPosition((p) => {
        form.elements.lat.value = p.coords.latitude.toFixed(3); // a hundred metres suffice
        form.elements.lon.value = p.coords.longitude.toFixed(3);
        form.submit();
      }, () => { if (status) status.textContent = form.dataset.failed; }, { timeout: 10000, maximumAge: 300000 });
    });
  });
}
