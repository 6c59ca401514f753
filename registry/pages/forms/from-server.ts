import * as z from 'zod';
import type { AnsweringServer } from '../../health/probe/connection-test.ts';
import { mend } from '../../import/mend.ts';
import { anyServer, namesOf, plainName } from '../../import/names.ts';
import { publishedName } from '../../servers/names.ts';
import type { ToolInfo } from '../../servers/tool.ts';
import { freeNameLike, hostNameOf, type OwnNames } from './own-names.ts';
import { type Field, type Values, valuesOfEntry } from './server-form.ts';

const offered = ['name', 'title', 'description', 'version', 'icons'] as const satisfies readonly Field[];

/** What a server filled in, by field. The form carries it, so that another test may replace it, and nothing else. */
export type FromServer = Partial<Record<(typeof offered)[number], string>>;

export interface FilledIn {
  values: Values;
  filled: FromServer;
  /** The name that the server calls itself, if that is taken. */
  taken?: string | undefined;
}

/**
 * Fills in what a person has not typed from what the server says of itself: name, title, description, version and icons.
 * The server may be hostile: each value is cleaned and cut to what may be registered, and the person reviews it. Pure.
 * @param earlier what an earlier test of this form filled in
 */
export function fillIn(
  typed: Values,
  earlier: FromServer,
  { server, tools }: { server: AnsweringServer; tools: readonly ToolInfo[] },
  names: OwnNames,
): FilledIn {
  const called = callIt(typed.upstream, server);
  const name = freeNameLike(called, typed.upstream, names) ?? called;
  const { settings } = mend({
    name: name || 'server',
    title: server.title ?? server.name,
    description: server.description ?? firstParagraph(server.instructions) ?? toolsInWords(tools),
    version: server.version || null,
    icons: server.icons,
  });
  const said = { ...valuesOfEntry(settings), name };
  const values = { ...typed };
  const filled: FromServer = {};
  for (const field of offered) {
    const isOwn = typed[field].trim() !== '' && !isSame(typed[field], earlier[field]);
    if (isOwn) continue;
    values[field] = said[field];
    filled[field] = said[field];
  }
  return { values, filled, ...(filled.name !== undefined && name !== called && { taken: called }) };
}

/** What a server calls itself, as a name; else its title or its host. Empty if nothing of it makes a name. */
function callIt(upstream: string, { name, title }: AnsweringServer): string {
  const own = name ?? '';
  const all = [
    ...(publishedName.test(own) ? namesOf(own) : [plainName(own)]),
    plainName(title ?? ''),
    hostNameOf(upstream),
  ];
  const usable = all.filter((each) => each !== '');
  return usable.find((each) => !anyServer.test(each)) ?? usable[0] ?? '';
}

function firstParagraph(text: string | null): string | undefined {
  return text?.trim().split(/\n\s*\n/, 1)[0] || undefined;
}

const mostNamed = 4;

/** `Offers search_notes, get_note and 7 more tools.` Most servers do not describe themselves. */
function toolsInWords(tools: readonly ToolInfo[]): string {
  const names = tools.slice(0, mostNamed).map(({ name }) => name.slice(0, 64));
  const rest = tools.length - names.length;
  if (names.length === 0) return '';
  const last = rest > 0 ? `${rest} more ${rest === 1 ? 'tool' : 'tools'}` : names.pop();
  return `Offers ${names.length > 0 ? `${names.join(', ')} and ` : ''}${last}.`;
}

const carried = z.partialRecord(z.enum(offered), z.string().max(4_000));

/** Reads what the form carries. Anything else counts as nothing filled in. */
export function fromServerIn(form: URLSearchParams): FromServer {
  try {
    return carried.parse(JSON.parse(form.get('filled') ?? '{}'));
  } catch {
    return {};
  }
}

/** Browsers send line ends as CR LF. */
function isSame(typed: string, filled: string | undefined): boolean {
  return filled !== undefined && typed.replaceAll('\r\n', '\n').trim() === filled.trim();
}
