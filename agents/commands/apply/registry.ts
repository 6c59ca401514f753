import * as z from 'zod';
import { serverDetails } from '../../../registry/api/servers.ts';
import { locationOfSet, type ServerSettings } from '../../../registry/servers/server.ts';
import { askRegistry, me } from '../../gateway/registry.ts';
import type { Present, Step } from './plan.ts';

type Who = Parameters<typeof askRegistry>[0];

const listing = z.object({ servers: z.array(z.object({ name: z.string(), tags: z.array(z.string()).default([]) })) });
const details = z.object({
  ...serverDetails.pick({ name: true, title: true, description: true, tags: true, enabled: true, revision: true })
    .shape,
  ...serverDetails.pick({ version: true, repository: true, license: true, icons: true, may: true, alias: true }).shape,
  ...serverDetails.pick({ members: true, location: true }).shape,
});
const changes = z.object({ changes: z.array(z.object({ at: z.string(), by: z.string(), action: z.string() })) });
const edited = z.object({ warnings: z.array(z.string()).default([]) });

/** A server whose tools change gets approvals again and again: of so many entries, one is a change of its settings. */
const lookedAt = 50;
/** What is not in the files, and is not lost. */
const aboutTools: readonly string[] = ['first-seen', 'approve'];

/** Who changed a server last, if it was another caller. */
export interface LastChange {
  by: string;
  at: string;
}

const atOnce = 8;

/**
 * What the command asks the registry. Every method throws `CommandError`.
 * @param from the name of the files
 */
export function openServers(who: Who, from: string) {
  const applied = `?applied_from=${from}`;
  const pathOf = (name: string) => `/api/servers/${encodeURIComponent(name)}`;
  return {
    /** The servers that files name or a mark is on, as they are. */
    async present(names: ReadonlySet<string>, mark: string): Promise<Present[]> {
      const { servers } = await askRegistry(who, '/api/servers', listing);
      const asked = servers.filter(({ name, tags }) => names.has(name) || tags.includes(mark));
      const found: Present[] = [];
      for (let i = 0; i < asked.length; i += atOnce) {
        who.print.progress(`${i} of ${asked.length}`);
        const part = asked.slice(i, i + atOnce).map(({ name }) => askRegistry(who, pathOf(name), details));
        found.push(...(await Promise.all(part)).map(toPresent));
      }
      return found;
    },
    /** @returns undefined if the caller changed it last, or if that is not known */
    async lastChange(name: string, own: string): Promise<LastChange | undefined> {
      const path = `/api/changes?server=${encodeURIComponent(name)}&limit=${lookedAt}`;
      return lastOfOthers((await askRegistry(who, path, changes)).changes, own);
    },
    /** The caller's name, as changes note it. */
    ownName: async () => (await askRegistry(who, '/api/me', me)).username,
    /** Does a step. @returns what the registry warns of */
    async carryOut(step: Exclude<Step, { action: 'refuse' }>): Promise<string[]> {
      const ask = async (path: string, body: object, method: 'POST' | 'PUT' | 'DELETE' = 'POST') =>
        (await askRegistry(who, path, edited, body, { method })).warnings;
      const path = pathOf(step.name);
      if (step.action === 'register') return await ask(`/api/servers${applied}`, bodyOf(step.settings));
      const { revision } = step;
      if (step.action === 'delete') return await ask(path, { revision }, 'DELETE');
      const { settings, enabled } = step;
      const warnings = settings ? await ask(`${path}${applied}`, { ...bodyOf(settings), revision }, 'PUT') : [];
      if (enabled === undefined) return warnings;
      const toggled = await ask(`${path}/${enabled ? 'enable' : 'disable'}`, settings ? {} : { revision });
      return [...warnings, ...toggled];
    },
  };
}

export type Servers = ReturnType<typeof openServers>;

type Settings = Omit<ServerSettings, 'name' | 'enabled'> & Partial<Pick<ServerSettings, 'name' | 'enabled'>>;

/** What the registry takes: of a set, the rest is of servers only. */
function bodyOf({ members, ...settings }: Settings): object {
  if (members === null) return settings;
  const { title, description, tags, name, enabled } = settings;
  return { title, description, tags, members, ...(name !== undefined && { name, enabled }) };
}

/** A server whose location the registry does not tell is one that the caller may not change; a set has none. */
function toPresent({ name, enabled, revision, location, members, ...words }: z.output<typeof details>): Present {
  const { title, description, tags, version, repository, license, icons, may, alias } = words;
  const shown = { title, description, tags, version, repository, license, icons, may, alias };
  const place = members === null ? location : ofSet;
  return {
    ...{ name, enabled, revision, tags },
    settings: place && { ...shown, ...place, members },
  };
}

const ofSet = { ...locationOfSet, auth: null, forward_headers: [], host_header: null, health_seconds: null };

/**
 * The last change of a server's settings, of its changes with the newest first. Pure.
 * @returns undefined if the caller named `own` made it
 */
export function lastOfOthers(all: z.infer<typeof changes>['changes'], own: string): LastChange | undefined {
  const last = all.find(({ action }) => !aboutTools.includes(action));
  return last && last.by !== own ? { by: last.by, at: last.at } : undefined;
}
