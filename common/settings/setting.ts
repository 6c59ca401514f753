import type * as z from 'zod';
import { bundledServerNames } from './bundled-servers.ts';

/** The services of the gateway, by the name in their log. */
export const services = ['auth-server', 'registry', 'relay', ...bundledServerNames] as const;

/** The same, and the local stand-in of Cognito. */
export const servicesAndStandIn = [...services, 'cognito'] as const;

/** The programs that read settings. `doctor` checks the settings of all of them. */
export type Program = (typeof servicesAndStandIn)[number] | 'up' | 'agents' | 'agent' | 'compose';

export interface Setting {
  /** What its value must look like, with its default. An empty variable counts as unset. */
  schema: z.ZodType;
  /** Empty when only `npm run doctor` checks it. */
  readBy: readonly Program[];
  /** One sentence or two, in Markdown, without a full stop at the end. */
  purpose: string;
  /** Its value is never printed. */
  secret?: boolean;
  /** The default in words, where the value alone would not explain it. */
  shownDefault?: string;
}

/** Keeps the exact type of a setting, so that the compiler knows the type of each program's settings. */
export function setting<S extends z.ZodType, const P extends readonly Program[]>(
  schema: S,
  readBy: P,
  about: Pick<Setting, 'purpose' | 'secret' | 'shownDefault'>,
): Setting & { schema: S; readBy: P } {
  return { schema, readBy, ...about };
}
