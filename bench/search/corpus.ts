import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { SearchableServer } from '../../registry/search/document.ts';
import { createToolIndex, type ToolIndex } from '../../registry/search/tool-index.ts';
import { loadWords } from '../../registry/search/words.ts';

interface WrittenServer extends Omit<SearchableServer, 'tools'> {
  tools: Record<string, { is: string; args: Record<string, string> }>;
}

/** The expected tool, as `server/tool`, by question. */
type Questions = Readonly<Record<'tuning' | 'held', Readonly<Record<string, string>>>>;

/** Reads the servers and tools of tools.yml. */
export function readCorpus(): SearchableServer[] {
  const servers = parse(read('tools.yml')) as WrittenServer[];
  return servers.map(({ tools, ...server }) => ({
    ...server,
    tools: Object.entries(tools).map(([name, { is, args }]) => ({
      name,
      title: null,
      description: is,
      inputSchema: { type: 'object', properties: describe(args) },
      outputSchema: null,
      annotations: null,
    })),
  }));
}

export const readQuestions = (): Questions => parse(read('questions.yml')) as Questions;

/** An index of these servers. */
export async function indexOf(servers: readonly SearchableServer[]): Promise<ToolIndex> {
  const index = createToolIndex(await loadWords());
  await index.sync(servers);
  return index;
}

/**
 * Asks all questions and compares.
 * @returns the share with the right tool first, the share with it among the first three, the MRR, and the questions whose
 *   tool was not first, with what was
 */
export function measure(index: ToolIndex, questions: Readonly<Record<string, string>>) {
  const misses: string[] = [];
  const places = Object.entries(questions).map(([question, expected]) => {
    const found = index.search(question, () => true).map(({ id }) => nameOf(index, id));
    const place = found.indexOf(expected) + 1;
    if (place !== 1) misses.push(`${question}: ${expected} is ${place || 'not found'}, after ${found.slice(0, 3)}`);
    return place;
  });
  const part = (fits: (place: number) => boolean) => places.filter(fits).length / places.length;
  return {
    questions: places.length,
    hit1: part((place) => place === 1),
    hit3: part((place) => place >= 1 && place <= 3),
    mrr: places.reduce((sum, place) => sum + (place ? 1 / place : 0), 0) / places.length,
    misses,
  };
}

function nameOf(index: ToolIndex, id: number): string {
  const found = index.get(id);
  return found ? `${found.server}/${found.tool.name}` : '';
}

function describe(args: Readonly<Record<string, string>>): Record<string, object> {
  return Object.fromEntries(Object.entries(args).map(([name, description]) => [name, { type: 'string', description }]));
}

function read(name: string): string {
  return readFileSync(join(import.meta.dirname, name), 'utf8');
}
