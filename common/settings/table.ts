import { agentModelSettings } from './agent-model.ts';
import { composeSettings } from './compose.ts';
import { gatewaySettings } from './gateway.ts';
import { innerSettings } from './inner.ts';
import type { Program, Setting } from './setting.ts';
import { signOnSettings } from './sign-on.ts';
import { standInSettings } from './stand-in.ts';
import { tracingSettings } from './tracing.ts';
import { userPoolSettings } from './user-pool.ts';

/** The table in parts, as people read it: the title of each with its settings. */
export const sections = [
  ['The gateway', gatewaySettings],
  ['Amazon Cognito', userPoolSettings],
  ['A second identity provider', signOnSettings],
  ['Addresses and folders', innerSettings],
  ['Traces', tracingSettings],
  ['The model of `mcp-gateway agent`', agentModelSettings],
  ['The local stand-in of Cognito', standInSettings],
  ['Docker Compose', composeSettings],
] as const satisfies readonly (readonly [string, Readonly<Record<string, Setting>>])[];

/** Every environment variable that any program of the project reads. */
export const settings = {
  ...gatewaySettings,
  ...userPoolSettings,
  ...signOnSettings,
  ...innerSettings,
  ...tracingSettings,
  ...agentModelSettings,
  ...standInSettings,
  ...composeSettings,
};

type Settings = typeof settings;
/** The name of a setting. */
export type SettingName = keyof Settings;
/** The names of a program's settings. */
export type ReadBy<P extends Program> = {
  [K in SettingName]: P extends Settings[K]['readBy'][number] ? K : never;
}[SettingName];
/** What a program's settings must look like, by variable: to be handed to `z.object`. */
export type ShapeFor<P extends Program> = { [K in ReadBy<P>]: Settings[K]['schema'] };

/** The part of the table that one program reads, as the shape of a zod object. */
export function shapeFor<P extends Program>(program: P): ShapeFor<P> {
  const own = settingList.filter(([, { readBy }]) => readBy.includes(program));
  return Object.fromEntries(own.map(([name, { schema }]) => [name, schema])) as ShapeFor<P>;
}

/** The table as a list. */
export const settingList = Object.entries<Setting>(settings) as [SettingName, Setting][];
