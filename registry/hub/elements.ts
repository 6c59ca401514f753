import { isSpecType } from '@modelcontextprotocol/client';
import type { ApprovedDefinitions } from '../pins/approved-definitions.ts';
import { type DefinitionParts, isJsonObject, type JsonObject } from '../servers/definition.ts';
import type { Health } from '../servers/server-health.ts';

/** One tool, prompt, resource or template of a server, as the hub offers it. */
export interface Element {
  /** Its definition, without what would name its server. */
  value: JsonObject;
  text: string;
  /** What `text` takes as a string of JSON, in bytes. */
  bytes: number;
}

/** The lists of the hub, by what the picture calls them. */
export const lists = ['tools', 'prompts', 'resources', 'templates'] as const;
export type List = (typeof lists)[number];

/** What a server offers, of which a caller sees a part. */
export type Elements = Readonly<Record<List, readonly Element[]>>;

/** Of each list of a server. The checks keep no more of a list either. */
const mostElements = 1_000;

/**
 * Makes the reader of what servers offer: tools by their approved definition, if the last answer has them, and the rest as
 * last announced. It reads the database only after a change.
 */
export function createElements(
  healthOf: (name: string) => Health,
  definitions: Pick<ApprovedDefinitions, 'of' | 'hashes'>,
) {
  const known = new Map<string, { health: Health; approved: ReadonlyMap<string, string>; elements: Elements }>();
  return async (server: string): Promise<Elements> => {
    const health = healthOf(server);
    const approved = definitions.hashes().get(server)?.approved ?? none;
    const last = known.get(server);
    if (last && isSameAnswer(last.health, health) && isSameMap(last.approved, approved)) return last.elements;
    const stored = await definitions.of(server);
    const announced = health.details?.announced;
    const elements: Elements = {
      tools: health.tools.flatMap(({ name }) => toolOf(name, stored.approved.get(name)?.parts)).slice(0, mostElements),
      prompts: elementsOf(announced?.prompts, isSpecType.Prompt),
      resources: elementsOf(announced?.resources, isSpecType.Resource),
      templates: elementsOf(announced?.resourceTemplates, isSpecType.ResourceTemplate),
    };
    known.set(server, { health, approved, elements });
    return elements;
  };
}

const none: ReadonlyMap<string, string> = new Map();

/** The monitor keeps the objects of an answer while nothing in it changes. */
export function isSameAnswer(a: Health, b: Health): boolean {
  return a.tools === b.tools && a.details?.announced === b.details?.announced;
}

function isSameMap(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a === b || (a.size === b.size && a.entries().every(([name, hash]) => b.get(name) === hash));
}

/** The approved definition of a tool as its server would send it; nothing if there is none that clients can read. */
function toolOf(name: string, parts: DefinitionParts | null | undefined): Element[] {
  if (!parts) return [];
  const { icons, '_meta.ui': ui, '_meta["ui/resourceUri"]': uri, ...others } = parts;
  const meta = { ...(ui !== undefined && { ui }), ...(uri !== undefined && { 'ui/resourceUri': uri }) };
  const written = Object.entries(others).filter(([, value]) => value !== null);
  const tool = {
    name,
    ...Object.fromEntries(written),
    // Of large icons only a digest was kept.
    ...(Array.isArray(icons) && { icons }),
    ...(Object.keys(meta).length > 0 && { _meta: meta }),
  };
  return elementsOf([tool], isSpecType.Tool);
}

/** One element that breaks the protocol would make clients refuse the list, with what other servers have in it. */
function elementsOf(items: readonly unknown[] | undefined, isValid: (value: unknown) => boolean): Element[] {
  const valid = items?.filter((item): item is JsonObject => isJsonObject(item) && isValid(item)) ?? [];
  return valid.slice(0, mostElements).map((value) => {
    const text = JSON.stringify(value);
    return { value, text, bytes: Buffer.byteLength(JSON.stringify(text)) };
  });
}
