// Before the first paint, so that a dark page does not flash light. Mantine reads the same attribute and key.
(function () {
  var kept = null;
  try {
    kept = localStorage.getItem('mantine-color-scheme-value');
  } catch (_error) {
    // Storage may be blocked; the system's scheme is used.
  }
  var scheme =
    kept === 'light' || kept === 'dark' ? kept : matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  document.documentElement.setAttribute('data-mantine-color-scheme', scheme);
})();
