// Runs before anything is drawn, so that a page never shows in one theme and then in the other.
// The choice stays in this browser. Without a choice, or without this script, the system's setting counts.
(() => {
  const key = 'theme';
  const stored = () => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  };
  const show = (theme) => {
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  };
  show(stored());
  addEventListener('storage', (event) => {
    if (event.key === key || event.key === null) show(stored());
  });

  document.addEventListener('DOMContentLoaded', () => {
    const choice = document.querySelector('[data-theme-choice]');
    if (!choice) return;
    const chosen = document.documentElement.dataset.theme ?? 'system';
    for (const radio of choice.querySelectorAll('input')) radio.checked = radio.value === chosen;
    choice.addEventListener('change', ({ target }) => {
      show(target.value);
      try {
        if (target.value === 'system') localStorage.removeItem(key);
        else localStorage.setItem(key, target.value);
      } catch {
        // Without storage, the choice lasts for this page only.
      }
    });
  });
})();
