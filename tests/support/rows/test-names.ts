import { type CallExpression, type Expression, type Node, parseSync } from '@swc/core';

/**
 * The titles of the tests in a source, and the strings in the tables of its `each`, as written (`%s` stays). Skipped and
 * commented-out tests do not count.
 */
export function testNames(source: string): Set<string> {
  const tables = new Map<string, Expression>();
  const names = new Set<string>();
  const tree = parseSync(source, { syntax: 'typescript', target: 'esnext' });
  visit(tree, (node) => {
    if (isOfType(node, 'VariableDeclarator') && 'value' in node.id && node.init)
      tables.set(String(node.id.value), node.init);
  });
  visit(tree, (node) => {
    if (!isOfType(node, 'CallExpression')) return;
    const titled = titledCall(node);
    if (titled === undefined) return;
    const title = node.arguments[0]?.expression;
    if (title?.type === 'StringLiteral') names.add(title.value);
    for (const { expression } of titled.table) {
      const table = expression.type === 'Identifier' ? tables.get(expression.value) : expression;
      if (table) visit(table, (cell) => void (isOfType(cell, 'StringLiteral') && names.add(cell.value)));
    }
  });
  return names;
}

/** `test(…)`, `describe(…)`, or either with `.each(table)` in between; nothing for `.skip`, `.todo` and other calls. */
function titledCall({ callee }: CallExpression): { table: CallExpression['arguments'] } | undefined {
  if (isTest(callee)) return { table: [] };
  if (callee.type !== 'CallExpression') return undefined;
  const { callee: each, arguments: table } = callee;
  const isEach =
    each.type === 'MemberExpression' && each.property.type === 'Identifier' && each.property.value === 'each';
  return isEach && isTest(each.object) ? { table } : undefined;
}

function isTest(callee: Node): boolean {
  return isOfType(callee, 'Identifier') && (callee.value === 'test' || callee.value === 'describe');
}

type Typed = CallExpression | Extract<Expression, { type: 'StringLiteral' | 'Identifier' }> | VariableDeclaratorNode;
type VariableDeclaratorNode = Node & { type: 'VariableDeclarator'; id: Node; init?: Expression };

function isOfType<T extends Typed['type']>(node: Node, type: T): node is Extract<Typed, { type: T }> {
  return node.type === type;
}

function visit(value: unknown, see: (node: Node) => void): void {
  if (typeof value !== 'object' || value === null) return;
  if ('type' in value && typeof value.type === 'string') see(value as Node);
  for (const child of Object.values(value)) visit(child, see);
}
