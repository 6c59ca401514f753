import { isDeepStrictEqual } from 'node:util';
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { align } from './align.ts';

/** Lists of texts up to this length in characters are written on one line. */
const longestLine = 100;

/**
 * Changes a YAML document so that it holds `wanted`, and touches nothing that holds it already: comments, order, quotes, anchors
 * and flow lists stay. A part that an alias repeats elsewhere is separated from it before it changes.
 */
export function reconcile(document: Document, wanted: Readonly<Record<string, unknown>>): void {
  document.contents = matched(document, document.contents, wanted) as typeof document.contents;
  if (!isMap(document.contents)) return;
  // A new section after a blank line, like those of the file.
  for (const { key } of document.contents.items.slice(1))
    if (isScalar(key) && key.range === undefined) key.spaceBefore = true;
}

/** @returns a node that holds `wanted`: the same one, changed, if that can be */
function matched(document: Document, node: unknown, wanted: unknown): Node {
  if (isNode(node) && isDeepStrictEqual(heldBy(document, node), wanted)) return node;
  if (isAlias(node)) {
    const target = node.resolve(document);
    return matched(document, target && withoutAnchors(target.clone() as Node), wanted);
  }
  const [isRecord, isList] = [isObject(wanted), Array.isArray(wanted)];
  if ((isMap(node) && isRecord) || (isSeq(node) && isList)) {
    moveAnchor(document, node);
    if (isMap(node)) matchMap(document, node, wanted as Record<string, unknown>);
    else matchSeq(document, node, wanted as unknown[]);
    // What a merge key brings in cannot be taken out.
    if (isDeepStrictEqual(heldBy(document, node), wanted)) return node;
  }
  const fresh = created(document, wanted);
  if (isNode(node)) {
    moveAnchor(document, node);
    const { comment, commentBefore, spaceBefore } = node;
    Object.assign(fresh, { comment, commentBefore, spaceBefore });
  }
  return fresh;
}

function matchMap(document: Document, map: YAMLMap, wanted: Record<string, unknown>): void {
  const inherited = map.items.some(({ key }) => isMerge(key)) ? heldBy(document, map) : undefined;
  const [kept, gone] = [[] as Pair[], [] as Pair[]];
  for (const pair of map.items) (isMerge(pair.key) || Object.hasOwn(wanted, keyOf(pair.key)) ? kept : gone).push(pair);
  for (const { value } of gone) moveAnchors(document, value);
  map.items = kept;
  const known = new Set<string>();
  for (const pair of map.items as Pair<unknown, Node | null>[]) {
    if (isMerge(pair.key)) continue;
    const key = keyOf(pair.key);
    known.add(key);
    pair.value = matched(document, pair.value, wanted[key]);
  }
  for (const [key, value] of Object.entries(wanted)) {
    if (known.has(key)) continue;
    const isInherited =
      isObject(inherited) && Object.hasOwn(inherited, key) && isDeepStrictEqual(inherited[key], value);
    if (!isInherited) map.items.push(document.createPair(key, created(document, value, hasBlockLists(map))));
  }
}

function matchSeq(document: Document, seq: YAMLSeq, wanted: readonly unknown[]): void {
  const nodes = seq.items as (Node | null)[];
  const values = nodes.map((node) => heldBy(document, node));
  const items: (Node | null)[] = [];
  let [i, j] = [0, 0];
  const upTo = (nextOld: number, nextNew: number) => {
    // As many others in their places: what stands beside them stays.
    const isInPlace = nextOld - i === nextNew - j && values.slice(i, nextOld).every((value) => !isObject(value));
    for (; j < nextNew; j++) {
      const value = wanted[j];
      // The same thing, changed: it keeps its comments.
      const same = isInPlace ? i : values.findIndex((old, at) => at >= i && at < nextOld && isAbout(old, value));
      if (same !== -1) i = same + 1;
      items.push(same === -1 ? created(document, value) : matched(document, nodes[same], value));
    }
    i = nextOld;
  };
  for (const [old, present] of align(values.map(asKey), wanted.map(asKey))) {
    upTo(old, present);
    items.push(nodes[old] ?? null);
    [i, j] = [old + 1, present + 1];
  }
  upTo(nodes.length, wanted.length);
  for (const node of nodes) if (!items.includes(node)) moveAnchors(document, node);
  seq.items = items;
}

/** Whether two entries are about the same: the server of rules, the name or hint of tools. */
function isAbout(a: unknown, b: unknown): boolean {
  if (!isObject(a) || !isObject(b)) return false;
  return a.server === b.server && a.name === b.name && a.hint === b.hint;
}

/** Before a node changes, the first alias of it takes over what it says, and its anchor. */
function moveAnchor(document: Document, node: Node): void {
  if (!('anchor' in node) || !node.anchor) return;
  const { anchor } = node;
  const copy = withoutAnchors(node.clone() as Node);
  Object.assign(copy, { comment: undefined, commentBefore: undefined, spaceBefore: undefined });
  let isMoved = false;
  visit(document, {
    Alias(_key, alias) {
      if (alias.source !== anchor || alias.resolve(document) !== node) return undefined;
      isMoved = true;
      Object.assign(copy, { anchor });
      return copy;
    },
    Node: () => (isMoved ? visit.BREAK : undefined),
  });
  if (isMoved) delete node.anchor;
}

/** As {@link moveAnchor}, for a node that goes, and all in it. */
function moveAnchors(document: Document, node: unknown): void {
  if (!isNode(node)) return;
  const inside: Node[] = [];
  visit(node, {
    Value(_key, each) {
      inside.push(each);
    },
  });
  for (const each of inside) moveAnchor(document, each);
}

function withoutAnchors(node: Node): Node {
  visit(node, {
    Value(_key, each) {
      delete each.anchor;
    },
  });
  return node;
}

/** Whether lists of names in a map have a line for each. */
function hasBlockLists({ items }: YAMLMap): boolean {
  return items.some(({ value }) => isSeq(value) && !value.flow && isScalar(value.items[0]));
}

/** A new node. Short lists of texts are written on one line, unless `isBlock`. */
function created(document: Document, value: unknown, isBlock = false): Node {
  const node = document.createNode(value, { aliasDuplicateObjects: false }) as Node;
  if (isBlock && isSeq(node) && node.items.every(isScalar)) return node;
  visit(node, {
    Seq(_key, seq) {
      const texts = seq.items.map((item) => (isScalar(item) ? String(item.value) : undefined));
      if (texts.every((text) => text !== undefined) && texts.join(', ').length <= longestLine) seq.flow = true;
    },
  });
  return node;
}

function heldBy(document: Document, node: unknown): unknown {
  return isNode(node) ? node.toJS(document, { maxAliasCount: -1 }) : (node ?? null);
}

function asKey(value: unknown): string {
  return JSON.stringify(value) ?? '';
}

function isMerge(key: unknown): boolean {
  return isScalar(key) && typeof key.value === 'symbol';
}

function keyOf(key: unknown): string {
  return String(isScalar(key) ? (key.value ?? '') : key);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
