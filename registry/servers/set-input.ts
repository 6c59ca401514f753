import * as z from 'zod';
import { line, name, tags } from './input-texts.ts';
import { locationOfSet, type ServerSettings } from './server.ts';

/** As many servers as a team could want in one list; each is judged with every list of the set. */
const mostMembers = 100;
const mostTools = 1_000;
const longestTool = 256;

const member = z.strictObject({
  server: name,
  tools: z
    .array(
      z.string('must be the name of a tool').min(1, 'must not be empty').max(longestTool),
      'must be a list of names of tools',
    )
    .min(1, 'must name a tool; leave it out for all of them')
    .max(mostTools, `must have at most ${mostTools} tools`)
    .refine((names) => new Set(names).size === names.length, 'must not repeat a tool')
    .nullable()
    .default(null),
  prefix: z.literal('never', 'must be never, or left out').nullable().default(null),
});
const members = z
  .array(member, 'must be a list of servers')
  .min(1, 'must name a server')
  .max(mostMembers, `must have at most ${mostMembers} servers`)
  .refine((all) => new Set(all.map(({ server }) => server)).size === all.length, 'must not repeat a server')
  .refine(
    (all) => all.filter(({ prefix }) => prefix !== null).length <= 1,
    'must have one server without prefix at most',
  );

/** The settings of a set, in the API and in a servers file. */
export const setSettings = z.strictObject({
  name,
  title: line(100),
  description: line(500),
  members,
  tags,
  enabled: z.boolean('must be true or false').default(true),
});

/** All settings of a set that can be edited, with the revision that they replace. */
export const setReplacement = z.strictObject({
  ...setSettings.omit({ name: true, enabled: true }).shape,
  revision: z.int('must be the number that the set had when you looked at it').min(1),
});

/** What only servers have. */
const nothing = {
  ...locationOfSet,
  ...{ version: null, repository: null, license: null, icons: [], alias: null },
  ...{ auth: null, forward_headers: [], host_header: null, health_seconds: null, may: [] },
} satisfies Partial<ServerSettings>;

/** The settings that are stored of a set. */
export function toSettings(set: z.output<typeof setSettings>): ServerSettings {
  return { ...nothing, ...set };
}

/** Like {@link toSettings}, for a set that is there. */
export function toReplacement(set: z.output<typeof setReplacement>) {
  return { ...nothing, ...set };
}
