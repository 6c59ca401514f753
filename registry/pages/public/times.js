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
    for (const list of root.querySelectorAll('[data-days]')) regroup(list);
  };

  // Another zone has other days. The groups keep the form that the server gave them.
  const regroup = (list) => {
    const items = [...list.querySelectorAll('[data-day-item]')];
    const days = [...list.querySelectorAll('[data-day]')];
    const placeIn = (day) => day.querySelector('[data-day-items]') ?? day;
    for (const item of items) item.remove();
    for (const day of days) day.remove();
    let last;
    for (const item of items) {
      const at = new Date(item.querySelector('time').dateTime);
      const id = `day-${isoDay(at)}`;
      if (last?.id !== id) {
        last = days[0].cloneNode(true);
        last.id = id;
        last.querySelector('[data-day-head]').textContent = dayHead(at);
        list.append(last);
      }
      placeIn(last).append(item);
    }
  };

  localize(document);
  // Parts that a script puts in itself (audit.js): it names them before.
  document.addEventListener('times:localize', ({ detail }) => localize(detail));
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
