// A table whose cells are links: one of them is a stop of the tab key, and the arrows lead to the others. Without it, each is a stop.
(() => {
  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  for (const grid of document.querySelectorAll('[data-grid]')) {
    const rows = [...grid.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.querySelector('a')));
    const links = rows.flat().filter(Boolean);
    const choose = (link) => {
      for (const each of links) each.tabIndex = each === link ? 0 : -1;
    };
    if (links.length > 0) choose(links[0]);
    grid.addEventListener('focusin', ({ target }) => {
      const link = target.closest('a');
      if (links.includes(link)) choose(link);
    });
    grid.addEventListener('keydown', (event) => {
      const step = steps[event.key];
      const row = rows.findIndex((each) => each.includes(document.activeElement));
      if (!step || row < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      let [at, column] = [row, rows[row].indexOf(document.activeElement)];
      // Over cells without a link, to the next one in this direction.
      do {
        at += step[0];
        column += step[1];
      } while (rows[at]?.[column] === null);
      rows[at]?.[column]?.focus();
    });
  }
})();
