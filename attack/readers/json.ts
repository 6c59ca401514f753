/** What a reader does with several keys that it takes for the same one. */
export interface KeyRule {
  /** The form under which keys are compared and kept. */
  same: (key: string) => string;
  keep: 'first' | 'last';
}

/**
 * Reads every JSON value of a text, one after another, as a reader with this rule would.
 * It stops without an error at the first character that is no JSON: what was read before is what such a reader has seen.
 */
export function readValues(text: string, rule: KeyRule): unknown[] {
  const values: unknown[] = [];
  const state = { text, at: 0, rule };
  try {
    for (skipSpace(state); state.at < text.length; skipSpace(state)) values.push(value(state));
  } catch {
    // A syntax error, or nesting deeper than the stack.
  }
  return values;
}

type State = { text: string; at: number; rule: KeyRule };

const space = /[ \t\r\n]*/y;
const string = /"(?:[^"\\]|\\.)*"/sy;
const scalar = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|NaN|-?Infinity/y;

function match(state: State, pattern: RegExp): string | undefined {
  pattern.lastIndex = state.at;
  const found = pattern.exec(state.text)?.[0];
  state.at += found?.length ?? 0;
  return found;
}

const skipSpace = (state: State) => void match(state, space);

function value(state: State): unknown {
  const first = state.text[state.at];
  if (first === '{') return members(state);
  if (first === '[') return elements(state);
  const text = first === '"' ? stringAt(state) : match(state, scalar);
  if (text === undefined) throw new SyntaxError('no value');
  return first === '"' ? text : /^[-\dtfn]/.test(text) && !text.endsWith('y') ? JSON.parse(text) : text;
}

/** Control characters and unknown escapes are taken as they are, as tolerant readers do. */
function stringAt(state: State): string {
  const text = match(state, string);
  if (text === undefined) throw new SyntaxError('no string');
  try {
    return JSON.parse(text) as string;
  } catch {
    return text.slice(1, -1);
  }
}

function members(state: State): Record<string, unknown> {
  const { same, keep } = state.rule;
  const object: Record<string, unknown> = Object.create(null);
  each(state, '}', () => {
    const key = same(stringAt(state));
    skipSpace(state);
    if (state.text[state.at++] !== ':') throw new SyntaxError('no colon');
    skipSpace(state);
    const found = value(state);
    if (keep === 'last' || !(key in object)) object[key] = found;
  });
  return object;
}

function elements(state: State): unknown[] {
  const list: unknown[] = [];
  each(state, ']', () => void list.push(value(state)));
  return list;
}

function each(state: State, end: string, read: () => void): void {
  state.at++;
  for (skipSpace(state); state.text[state.at] !== end; skipSpace(state)) {
    read();
    skipSpace(state);
    if (state.text[state.at] === ',') state.at++;
    else if (state.text[state.at] !== end) throw new SyntaxError('no end');
  }
  state.at++;
}
