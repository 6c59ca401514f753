import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';

/** The pages of the docs, relative to the repository. */
export const pages: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...globSync('docs/**/*.md').sort(),
];

/** A command that a page tells its reader to type. */
export interface DocCommand {
  file: string;
  /** The line on which its block begins. */
  line: number;
  /** The kind of block: commands alone, or a terminal with output. */
  fence: 'sh' | 'console';
  /** As the reader types it, with its comment; it may span several lines. */
  command: string;
  /** The output that the page shows; console blocks only. */
  output?: string;
}

/** A fenced block without a language. */
export interface PlainBlock {
  file: string;
  line: number;
  text: string;
}

interface Fenced extends PlainBlock {
  info: string;
}

function fencedOf(file: string, page: string): Fenced[] {
  const lineOf = (index: number) => page.slice(0, index).split('\n').length;
  return [...page.matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)].map(({ index, 1: info = '', 2: text = '' }) => ({
    ...{ file, info, text },
    line: lineOf(index),
  }));
}

/** Every block of the page that contains commands or might contain them. */
export function blocksOf(file: string): { commands: DocCommand[]; plain: PlainBlock[] } {
  const blocks = fencedOf(file, readFileSync(file, 'utf8'));
  const of = (...kinds: string[]) => blocks.filter(({ info }) => kinds.includes(info.split(' ')[0] ?? ''));
  const typed = of('sh', 'bash', 'shell').flatMap(({ line, text }) =>
    commandsIn(text).map((command): DocCommand => ({ file, line, fence: 'sh', command })),
  );
  const shown = of('console').flatMap(({ line, text }) =>
    text
      .split(/^\$ /m)
      .slice(1)
      .map((part): DocCommand => {
        const [command = '', ...output] = part.split('\n');
        return { file, line, fence: 'console', command, output: output.join('\n').trimEnd() };
      }),
  );
  return { commands: [...typed, ...shown].sort((a, b) => a.line - b.line), plain: of('', 'text') };
}

/** The commands of a block. A block that only sets variables to plain values holds lines for `.env`, not commands. */
function commandsIn(text: string): string[] {
  const commands: string[] = [];
  let begun = '';
  for (const line of text.split('\n')) {
    if (begun === '' && /^\s*(#.*)?$/.test(line)) continue;
    begun += `${line}\n`;
    if (line.endsWith('\\') || hereDocumentIsOpen(begun) || !isWhole(begun)) continue;
    commands.push(begun.trimEnd());
    begun = '';
  }
  if (begun !== '') commands.push(begun.trimEnd());
  return commands.every((command) => /^\w+=\S*$/.test(command)) ? [] : commands;
}

/** Whether all quotes are closed and all loops are complete. */
function isWhole(command: string): boolean {
  return spawnSync('bash', ['-n', '-c', command]).status === 0;
}

function hereDocumentIsOpen(command: string): boolean {
  const word = /<<-?\s*['"]?(\w+)/.exec(command)?.[1];
  return word !== undefined && !new RegExp(`^\\s*${word}$`, 'm').test(command);
}
