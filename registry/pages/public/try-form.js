// Makes the fields of a tool's form (registry/pages/try/form-part.ts). Texts of the schema become text nodes only. No field has a
// name or an id of the schema's choice, so that no browser fills in what it knows of a person.
const mostItems = 100;
const longestNumber = 400;
const secrets = new Set();
let ids = 0;

const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
};

/**
 * The control of one part: its element, `read(faults)`, which returns undefined if nothing is given and appends sentences to
 * `faults`, and `write(value)`, which empties it first and returns whether it can show the value.
 */
export function controlOf(part, { label, required }) {
  const control = (makers[part.kind] ?? makers.json)(part, { label, required });
  return part.nullable ? nullable(control, label) : control;
}

const typeWords = {
  text: 'text',
  boolean: 'true or false',
  choice: 'one of these',
  list: 'list',
  object: 'object',
  either: 'one of several kinds',
  json: 'JSON',
  fixed: 'always the same',
};
const wordOf = (part) => (part.kind === 'number' ? (part.whole ? 'whole number' : 'number') : typeWords[part.kind]);

const textsOf = (part, id) => {
  const texts = [part.description, part.why, part.hints.join(', ')].filter(Boolean);
  return texts.length > 0 ? [make('p', { class: 'hint', id }, texts.join(' · '))] : [];
};

/** A label, its input, and what the schema says about it. */
const field = (part, { label, required }, input) => {
  ids += 1;
  const id = `try-${ids}`;
  input.id = id;
  input.setAttribute('autocomplete', 'off');
  if (required) input.setAttribute('aria-required', 'true');
  const hints = textsOf(part, `${id}-hint`);
  if (hints.length > 0) input.setAttribute('aria-describedby', `${id}-hint`);
  const about = make('span', { class: 'quiet' }, ` ${wordOf(part)}${required ? '' : ', optional'}`);
  return make('div', { class: 'field' }, make('label', { for: id }, label, about), ...hints, input);
};

/** A group of fields. If it is optional, a box decides whether it is sent at all. */
const group = (part, { label, required }, body) => {
  const about = make('span', { class: 'quiet' }, ` ${wordOf(part)}${required ? '' : ', optional'}`);
  const element = make('fieldset', { class: 'stack part' }, make('legend', {}, label, about), ...textsOf(part));
  const box = make('input', { type: 'checkbox', autocomplete: 'off' });
  const show = () => {
    body.hidden = !required && !box.checked;
  };
  if (!required) {
    element.append(make('label', { class: 'check' }, box, ` Send ${label}`));
    box.addEventListener('change', show);
  }
  element.append(body);
  show();
  return {
    element,
    isGiven: () => required || box.checked,
    give: (given) => {
      box.checked = given;
      show();
    },
  };
};

/** Reads and writes through a group: without it nothing is read. */
const inGroup = ({ element, isGiven, give }, read, write) => ({
  element,
  read: (faults) => (isGiven() ? read(faults) : undefined),
  write: (value) => {
    give(value !== undefined);
    return write(value);
  },
});

const text = (part, about) => {
  const input = part.long ? make('textarea', { spellcheck: 'false' }) : make('input', { type: 'text', spellcheck: 'false' });
  if (part.concealed) {
    input.className = 'concealed';
    secrets.add(input);
  }
  return {
    element: field(part, about, input),
    read: (faults) => {
      if (input.value !== '') return input.value;
      if (about.required) faults.push(`${about.label} is missing. An empty text can be sent from the JSON view.`);
      return undefined;
    },
    write: (value) => {
      input.value = typeof value === 'string' ? value : '';
      return value === undefined || (typeof value === 'string' && value !== '' && input.value === value);
    },
  };
};

const number = (part, about) => {
  const input = make('input', { type: 'text', inputmode: part.whole ? 'numeric' : 'decimal' });
  return {
    element: field(part, about, input),
    read: (faults) => {
      const typed = input.value.trim();
      const value = Number(typed);
      if (typed === '') {
        if (about.required) faults.push(`${about.label} is missing.`);
      } else if (!Number.isFinite(value) || !/^-?[\d.]+(?:e[+-]?\d+)?$/i.test(typed) || typed.length > longestNumber)
        faults.push(`${about.label} must be a number.`);
      else if (part.whole && !Number.isInteger(value)) faults.push(`${about.label} must be a whole number.`);
      else if (Number.isInteger(value) && !Number.isSafeInteger(value))
        faults.push(`${about.label} is too large to be exact here. Type it in the JSON view.`);
      else return value;
      return undefined;
    },
    write: (value) => {
      input.value = typeof value === 'number' ? String(value) : '';
      return value === undefined || typeof value === 'number';
    },
  };
};

/** A list to choose from. `values` are JSON values; the first entry gives nothing. */
const chooser = (part, about, values, labels) => {
  const input = make('select', {}, make('option', { value: '' }, '–'));
  labels.forEach((label, i) => input.append(make('option', { value: String(i) }, label)));
  const texts = values.map((value) => JSON.stringify(value));
  return {
    element: field(part, about, input),
    read: (faults) => {
      if (input.value !== '') return values[Number(input.value)];
      if (about.required) faults.push(`${about.label} is missing.`);
      return undefined;
    },
    write: (value) => {
      const found = value === undefined ? -1 : texts.indexOf(JSON.stringify(value));
      input.value = found < 0 ? '' : String(found);
      return value === undefined || found >= 0;
    },
  };
};

const fixed = (part, about) => {
  const body = make('p', {}, make('code', {}, part.label));
  const read = () => part.value;
  const write = (value) => value === undefined || JSON.stringify(value) === JSON.stringify(part.value);
  return inGroup(group(part, about, body), read, write);
};

const json = (part, about) => {
  const input = make('textarea', { class: 'mono code', spellcheck: 'false', autocapitalize: 'none' });
  return {
    element: field({ ...part, kind: 'json' }, about, input),
    read: (faults) => {
      if (input.value.trim() === '') {
        if (about.required) faults.push(`${about.label} is missing.`);
        return undefined;
      }
      try {
        return JSON.parse(input.value);
      } catch {
        faults.push(`${about.label} must be JSON, such as "text", 1 or {"key": true}.`);
        return undefined;
      }
    },
    write: (value) => {
      input.value = value === undefined ? '' : JSON.stringify(value, null, 2);
      return true;
    },
  };
};

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

/** A text of JSON without what the concealed fields hold. */
export function concealed(json) {
  const typed = [...secrets].filter(({ isConnected, value }) => isConnected && value !== '');
  return typed.reduce((text, { value }) => text.replaceAll(JSON.stringify(value), '"•••"'), json);
}

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
