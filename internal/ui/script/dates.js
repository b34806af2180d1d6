// The strip of days starts at the chosen one; on a phone it scrolls sideways.
export function dates(root) {
  root.querySelectorAll('[data-dates]').forEach((strip) => {
    const day = strip.querySelector('input:checked')?.closest('li');
    if (day && strip.scrollWidth > strip.clientWidth) strip.scrollLeft = day.offsetLeft - strip.offsetLeft - 8;
  });
}
