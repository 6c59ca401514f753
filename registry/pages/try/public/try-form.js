// Makes the form of a tool (registry/pages/try/form-part.ts) out of controls.
import { group, inGroup, make } from './try-elements.js';
import { chooser, fixed, json, number, text } from './try-inputs.js';

const mostItems = 100;

/**
 * The control of one part: its element, `read(faults)`, which returns undefined if nothing is given and appends sentences to
 * `faults`, and `write(value)`, which empties it first and returns whether it can show the value.
 */
export function controlOf(part, { label, required }) {
  const control = (makers[part.kind] ?? makers.json)(part, { label, required });
  return part.nullable ? nullable(control, label) : control;
}

const list = (part, about) => {
  const items = [];
  const rows = make('div', { class: 'stack' });
  const add = make('button', { type: 'button' }, `Add to ${about.label}`);
  const body = make('div', { class: 'stack' }, rows, make('div', { class: 'line' }, add));
  const changed = () => body.dispatchEvent(new Event('input', { bubbles: true }));
  const append = () => {
    const item = controlOf(part.item, { label: `${about.label} ${items.length + 1}`, required: true });
    const remove = make('button', { type: 'button', class: 'plain' }, 'Remove');
    const row = make('div', { class: 'stack' }, item.element, make('div', { class: 'line' }, remove));
    remove.addEventListener('click', () => {
      items.splice(items.indexOf(item), 1);
      row.remove();
      add.disabled = false;
      add.focus();
      changed();
    });
    items.push(item);
    rows.append(row);
    add.disabled = items.length >= mostItems;
    return item;
  };
  add.addEventListener('click', () => {
    append().element.querySelector('input, select, textarea, button')?.focus();
    changed();
  });
  const read = (faults) => items.map((item) => item.read(faults)).filter((value) => value !== undefined);
  const write = (value) => {
    items.length = 0;
    rows.replaceChildren();
    add.disabled = false;
    if (value === undefined) return true;
    if (!Array.isArray(value) || value.length > mostItems) return false;
    return value.map((each) => append().write(each)).every(Boolean);
  };
  return inGroup(group(part, about, body), read, write);
};

/** Whether two JSON values are the same, in whatever order their keys are. */
export function sameJson(one, other) {
  const sorted = (_key, value) => (isObject(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value);
  return JSON.stringify(one, sorted) === JSON.stringify(other, sorted);
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The fields of an object. `Object.fromEntries` makes own keys, whatever their names. */
export function fieldsOf(fields) {
  const body = make('div', { class: 'stack' });
  const controls = fields.map(({ name, label, required, part }) => [name, controlOf(part, { label, required })]);
  body.append(...controls.map(([, control]) => control.element));
  return {
    element: body,
    read: (faults) => {
      const given = controls.map(([name, control]) => [name, control.read(faults)]);
      return Object.fromEntries(given.filter(([, value]) => value !== undefined));
    },
    write: (value) => {
      const from = isObject(value) ? value : {};
      const fits = controls.map(([name, control]) => control.write(Object.hasOwn(from, name) ? from[name] : undefined));
      const known = new Set(controls.map(([name]) => name));
      return fits.every(Boolean) && isObject(value) && Object.keys(value).every((name) => known.has(name));
    },
  };
}

const object = (part, about) => {
  const { element, read, write } = fieldsOf(part.fields);
  return inGroup(group(part, about, element), read, (value) => write(value) || value === undefined);
};

const either = (part, about) => {
  const body = make('div', { class: 'stack' });
  const labels = part.options.map(({ label }) => label);
  const kinds = labels.map((_label, i) => i);
  const asked = { kind: 'choice', description: '', hints: [] };
  const which = chooser(asked, { label: `Kind of ${about.label}`, required: true }, kinds, labels);
  const place = make('div', { class: 'stack' });
  body.append(which.element, place);
  let inner;
  const choose = (i) => {
    inner = i === undefined ? undefined : controlOf(part.options[i].part, { label: about.label, required: true });
    place.replaceChildren(...(inner ? [inner.element] : []));
    return inner;
  };
  which.element.addEventListener('change', () => choose(which.read([])));
  const read = (faults) => (which.read(faults) === undefined ? undefined : inner?.read(faults));
  const write = (value) => {
    which.write(undefined);
    choose(undefined);
    if (value === undefined) return true;
    for (const i of kinds) {
      if (!choose(i).write(value) || !sameJson(inner.read([]), value)) continue;
      which.write(i);
      return true;
    }
    choose(undefined);
    return false;
  };
  return inGroup(group(part, about, body), read, write);
};

const makers = {
  text,
  number,
  boolean: (part, about) => chooser(part, about, [true, false], ['true', 'false']),
  choice: (part, about) => chooser(part, about, part.values, part.labels),
  fixed,
  json,
  list,
  object,
  either,
};

/** Adds a box that sends null. */
function nullable(control, label) {
  const box = make('input', { type: 'checkbox', autocomplete: 'off' });
  const element = make('div', { class: 'stack' }, control.element, make('label', { class: 'check' }, box, ` Send null as ${label}`));
  const show = () => {
    control.element.hidden = box.checked;
  };
  box.addEventListener('change', show);
  return {
    element,
    read: (faults) => (box.checked ? null : control.read(faults)),
    write: (value) => {
      box.checked = value === null;
      show();
      return control.write(value === null ? undefined : value) || value === null;
    },
  };
}
