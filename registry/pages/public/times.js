// Shows times in the reader's zone. The server writes them in UTC, and says so: that is what counts without this script.
(() => {
  const two = (number) => String(number).padStart(2, '0');
  const clock = (at) => [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':');
  const isoDay = (at) => [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-');
  // Put together here and by the server: browsers differ in the comma.
  const word = (at, part) => at.toLocaleDateString('en', { [part]: 'long' });
  const dayHead = (at) => `${word(at, 'weekday')}, ${at.getDate()} ${word(at, 'month')} ${at.getFullYear()}`;

  const localize = (root) => {
    for (const mark of root.querySelectorAll('[data-utc]')) mark.remove();
    for (const time of root.querySelectorAll('time[data-local]')) {
      const at = new Date(time.dateTime);
      time.textContent = time.dataset.local === 'clock' ? clock(at) : `${isoDay(at)} ${clock(at)}`;
    }
    for (const table of root.querySelectorAll('table[data-days]')) regroup(table);
  };

  // Another zone has other days. The groups keep the form that the server gave them.
  const regroup = (table) => {
    const rows = [...table.querySelectorAll('tbody > tr:not(.day)')];
    const model = table.querySelector('tr.day');
    if (!model) return;
    for (const body of table.querySelectorAll('tbody')) body.remove();
    let group;
    for (const row of rows) {
      const at = new Date(row.querySelector('time').dateTime);
      const id = `day-${isoDay(at)}`;
      if (group?.id !== id) {
        group = document.createElement('tbody');
        group.id = id;
        const head = model.cloneNode(true);
        head.querySelector('th').textContent = dayHead(at);
        group.append(head);
        table.append(group);
      }
      group.append(row);
    }
  };

  localize(document);
  // What htmx puts into the page is changed before: a row that is there already stays as it is, selected text too.
  document.addEventListener('htmx:before:swap', ({ detail }) => {
    for (const { fragment } of detail.tasks) localize(fragment);
  });

  // A field for a time knows no zone. The address has UTC, so that a link means the same for everyone.
  const fields = document.querySelectorAll('input[type="datetime-local"]');
  for (const field of fields) {
    const at = new Date(`${field.value}Z`);
    if (Number.isNaN(at.getTime())) continue;
    field.value = `${isoDay(at)}T${clock(at)}`;
  }
  document.addEventListener('formdata', ({ target, formData }) => {
    for (const field of target.querySelectorAll('input[type="datetime-local"]')) {
      const at = new Date(field.value);
      if (field.name && !Number.isNaN(at.getTime())) formData.set(field.name, at.toISOString().slice(0, 19));
    }
  });
})();
