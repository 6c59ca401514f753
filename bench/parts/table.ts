/** A heading with its lines. */
export interface Table {
  title: string;
  head: readonly string[];
  lines: readonly (readonly string[])[];
}

/** For a terminal. */
export function asText({ title, head, lines }: Table): string {
  const widths = head.map((_, i) => Math.max(...[head, ...lines].map((cells) => cells[i]?.length ?? 0)));
  const line = (cells: readonly string[]) => cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ');
  return [title, '', ...[head, ...lines].map((cells) => line(cells).trimEnd()), ''].join('\n');
}

export function asMarkdown({ title, head, lines }: Table): string {
  return [
    `**${title}**`,
    '',
    ...[head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`),
    '',
  ].join('\n');
}
