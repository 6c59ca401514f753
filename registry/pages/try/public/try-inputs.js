// The controls of a tool's form that have one input (see controlOf in try-form.js).
import { field, group, inGroup, make } from './try-elements.js';

const longestNumber = 400;
const secrets = new Set();

export const text = (part, about) => {
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

export const number = (part, about) => {
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
export const chooser = (part, about, values, labels) => {
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

export const fixed = (part, about) => {
  const body = make('p', {}, make('code', {}, part.label));
  const read = () => part.value;
  const write = (value) => value === undefined || JSON.stringify(value) === JSON.stringify(part.value);
  return inGroup(group(part, about, body), read, write);
};

export const json = (part, about) => {
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

/** A text of JSON without what the concealed fields hold. */
export function concealed(json) {
  const typed = [...secrets].filter(({ isConnected, value }) => isConnected && value !== '');
  return typed.reduce((text, { value }) => text.replaceAll(JSON.stringify(value), '"•••"'), json);
}
