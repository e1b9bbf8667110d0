// What the pages can do beyond reading and sending forms: copying, counting down, and staying still when a session has ended.
(() => {
  'use strict';
  const units = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];

  function span(seconds) {
    for (const [size, name] of units) if (seconds >= size) return `${Math.floor(seconds / size)} ${name}`;
    return '0 s';
  }

  function count() {
    for (const time of document.querySelectorAll('time[data-until]')) {
      const left = Math.round((Date.parse(time.dataset.until) - Date.now()) / 1000);
      time.textContent = left <= 0 ? time.dataset.now : time.dataset.in.replace('{0}', span(left));
    }
  }

  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.classList.add('copied');
      setTimeout(() => button.classList.remove('copied'), 1200);
    } catch {
      // The address is no secure one: the text stands beside the button and can be marked.
    }
  }

  document.addEventListener('click', event => {
    const button = event.target.closest('[data-copy]');
    if (button) copy(button);
  });

  document.addEventListener('change', event => {
    const form = event.target.closest('form[data-filters]');
    if (form && event.target.matches('select')) form.requestSubmit();
  });

  // Fields that are left empty stay out of the address.
  document.addEventListener('submit', event => {
    if (!event.target.matches('form[data-filters]')) return;
    for (const field of event.target.querySelectorAll('input, select')) if (!field.value) field.disabled = true;
  });
  window.addEventListener('pageshow', () => {
    for (const field of document.querySelectorAll('form[data-filters] :disabled')) field.disabled = false;
  });

  // A refresh that leads elsewhere – to the sign-in – or fails leaves what is seen, and the page is loaded as a whole.
  document.addEventListener('htmx:beforeSwap', event => {
    const asked = event.detail.requestConfig && new URL(event.detail.requestConfig.path, location.href);
    const came = event.detail.xhr.responseURL && new URL(event.detail.xhr.responseURL, location.href);
    if (asked && came && asked.pathname !== came.pathname) {
      event.detail.shouldSwap = false;
      location.reload();
    }
  });

  // What somebody reads, has opened or is about to press is not swapped away.
  document.addEventListener('htmx:beforeRequest', event => {
    const target = event.detail.elt;
    if (!target.hasAttribute('hx-trigger')) return;
    const busy = document.hidden || target.contains(document.activeElement) && document.activeElement.matches('input, select, textarea, button')
      || String(getSelection()).length > 0;
    if (busy) event.preventDefault();
  });
  let opened = new Set();
  document.addEventListener('htmx:beforeSwap', () => {
    opened = new Set([...document.querySelectorAll('.run .step')].flatMap((step, i) => step.querySelector('details[open]') ? [i] : []));
  });
  document.addEventListener('htmx:afterSwap', () => {
    document.querySelectorAll('.run .step').forEach((step, i) => { if (opened.has(i)) step.querySelector('details').open = true; });
  });

  const wide = matchMedia('(min-width: 62rem)');
  function menu() {
    const details = document.querySelector('details[data-menu]');
    if (details) details.open = wide.matches;
  }
  wide.addEventListener('change', menu);
  document.addEventListener('DOMContentLoaded', menu);
  menu();
  setInterval(count, 1000);
})();
