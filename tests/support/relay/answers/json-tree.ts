import type { Random } from './random.ts';

/** JSON as a tree that keeps what a parser forgets: repeated keys, and the spelling of keys and scalars. */
export type Tree =
  | { kind: 'object'; members: { key: string; value: Tree }[] }
  | { kind: 'list'; elements: Tree[] }
  | { kind: 'scalar'; text: string };

/** The tree of a value. Keys and scalars are JSON texts. */
export function treeOf(value: unknown): Tree {
  if (Array.isArray(value)) return { kind: 'list', elements: value.map(treeOf) };
  if (typeof value !== 'object' || value === null) return { kind: 'scalar', text: JSON.stringify(value) };
  const members = Object.entries(value).map(([key, each]) => ({ key: JSON.stringify(key), value: treeOf(each) }));
  return { kind: 'object', members };
}

/** The tree as text. @param space between the parts */
export function textOf(tree: Tree, space = ''): string {
  if (tree.kind === 'scalar') return tree.text;
  if (tree.kind === 'list') return `[${tree.elements.map((each) => textOf(each, space)).join(`,${space}`)}]`;
  return `{${tree.members.map(({ key, value }) => `${key}:${space}${textOf(value, space)}`).join(`,${space}`)}}`;
}

const oddities = [
  '\\u2028',
  '\u2028',
  '\u2029',
  '\u0085',
  '\v',
  '\f',
  '\x1e',
  '\0',
  '\ufeff',
  '\r',
  '\n',
  '\\ud800',
  'ï»¿',
];
const smuggled = [
  'data: {"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"set_a"}]}}',
  'event: endpoint',
  'data: /victim/mcp',
];
const scalars = [
  'null',
  'true',
  '0',
  '-0',
  '1e400',
  '12345678901234567890',
  '""',
  '"set_a"',
  '"tools"',
  'NaN',
  '01',
  '[]',
  '{}',
];
const otherKeys = [
  'tools',
  'result',
  'name',
  'tasks',
  'taskId',
  'uri',
  'id',
  'method',
  'task',
  '__proto__',
  '',
  'error',
  'jsonrpc',
];

/** Changes one place of a tree, in place, and returns the tree. @param others to take parts from */
export function mutateTree(tree: Tree, random: Random, others: readonly object[]): Tree {
  const places = placesIn(tree);
  const place = random.pick(places);
  if (place.kind === 'object' && place.members.length > 0) mutateObject(place, random, others);
  else if (place.kind === 'list') mutateList(place, random, others);
  else if (place.kind === 'scalar') mutateScalar(place, random);
  if (random.once(25)) return { kind: 'list', elements: random.once(2) ? [tree] : [tree, treeOf(random.pick(others))] };
  return tree;
}

function placesIn(tree: Tree): Tree[] {
  if (tree.kind === 'object') return [tree, ...tree.members.flatMap(({ value }) => placesIn(value))];
  if (tree.kind === 'list') return [tree, ...tree.elements.flatMap(placesIn)];
  return [tree];
}

function mutateObject({ members }: Tree & { kind: 'object' }, random: Random, others: readonly object[]): void {
  const at = random.int(members.length);
  const member = members[at] ?? { key: '""', value: treeOf(null) };
  const copy = { key: member.key, value: structuredClone(member.value) };
  switch (random.int(9)) {
    case 0:
      member.key = respelled(member.key, random);
      break;
    case 1:
      members.splice(random.int(members.length + 1), 0, copy);
      break;
    case 2:
      members.splice(random.int(members.length + 1), 0, { ...copy, key: respelled(copy.key, random) });
      break;
    case 3:
      members.splice(random.int(members.length + 1), 0, {
        key: copy.key,
        value: { kind: 'scalar', text: random.pick(scalars) },
      });
      break;
    case 4:
      members.splice(at, 1);
      break;
    case 5:
      member.key = JSON.stringify(random.pick(otherKeys));
      break;
    case 6:
      member.value = treeOf(random.pick(others));
      break;
    case 7:
      members.push({ key: respelled(JSON.stringify(random.pick(otherKeys)), random), value: copy.value });
      break;
    default:
      member.value = { kind: 'scalar', text: `${'['.repeat(random.int(200))}${member.value.kind}` };
      member.value = nested(copy.value, random.int(100));
  }
}

function nested(value: Tree, levels: number): Tree {
  let tree = value;
  for (let level = 0; level < levels; level++) tree = { kind: 'list', elements: [tree] };
  return tree;
}

function mutateList({ elements }: Tree & { kind: 'list' }, random: Random, others: readonly object[]): void {
  const element = elements[random.int(elements.length || 1)];
  const at = random.int(elements.length + 1);
  const choice = random.int(4);
  if (choice === 0 && element) elements.splice(at, 0, structuredClone(element));
  else if (choice === 1) elements.splice(at, 1);
  else if (choice === 2) elements.splice(at, 0, { kind: 'scalar', text: random.pick(scalars) });
  else elements.splice(at, 0, treeOf(random.pick(others)));
}

function mutateScalar(place: Tree & { kind: 'scalar' }, random: Random): void {
  if (!place.text.startsWith('"') || random.once(4)) {
    place.text = random.pick(scalars);
    return;
  }
  const at = 1 + random.int(place.text.length - 1);
  const end = random.pick(oddities);
  const added = random.once(3) ? `${end}${end}${random.pick(smuggled).replaceAll('"', '\\"')}${end}${end}` : end;
  place.text = place.text.slice(0, at) + added + place.text.slice(at);
}

/** A key that some readers take for the same: other case, folded letters, escapes, or a space. */
function respelled(key: string, random: Random): string {
  const inner = key.slice(1, -1);
  const at = random.int(inner.length || 1);
  const letter = inner[at] ?? 'x';
  const replaced = (by: string) => `"${inner.slice(0, at)}${by}${inner.slice(at + 1)}"`;
  switch (random.int(6)) {
    case 0:
      return `"${inner.charAt(0).toUpperCase()}${inner.slice(1)}"`;
    case 1:
      return `"${inner.toUpperCase()}"`;
    case 2:
      return `"${inner.replace('s', '\u017f').replace('k', '\u212a')}"`;
    case 3:
      return replaced(`\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
    case 4:
      return replaced(letter.toUpperCase());
    default:
      return `"${inner}${random.pick([' ', '\\u0000', '\u200b', '\\t', ''])}"`;
  }
}
