// Makes the fields of a tool's form (registry/pages/try/form-part.ts). Texts of the schema become text nodes only. No field has a
// name or an id of the schema's choice, so that no browser fills in what it knows of a person.
let ids = 0;

/** An element with attributes: true is an empty one, false and undefined are none. */
export const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
};

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
export const field = (part, { label, required }, input) => {
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
export const group = (part, { label, required }, body) => {
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
export const inGroup = ({ element, isGiven, give }, read, write) => ({
  element,
  read: (faults) => (isGiven() ? read(faults) : undefined),
  write: (value) => {
    give(value !== undefined);
    return write(value);
  },
});
