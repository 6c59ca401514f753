import type { Program, Setting } from './setting.ts';
import { agentModelSettings } from './variables/agent-model.ts';
import { composeSettings } from './variables/compose.ts';
import { gatewaySettings } from './variables/gateway.ts';
import { innerSettings } from './variables/inner.ts';
import { oauthClientSettings } from './variables/oauth-clients.ts';
import { signOnSettings } from './variables/sign-on.ts';
import { standInSettings } from './variables/stand-in.ts';
import { tracingSettings } from './variables/tracing.ts';
import { userPoolSettings } from './variables/user-pool.ts';

/** The table in sections, as the documentation shows it: title and settings. */
export const sections = [
  ['The gateway', gatewaySettings],
  ['Amazon Cognito', userPoolSettings],
  ['A second identity provider', signOnSettings],
  ['Clients that log in', oauthClientSettings],
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
  ...oauthClientSettings,
  ...innerSettings,
  ...tracingSettings,
  ...agentModelSettings,
  ...standInSettings,
  ...composeSettings,
};

type Settings = typeof settings;
export type SettingName = keyof Settings;
type ReadBy<P extends Program> = {
  [K in SettingName]: P extends Settings[K]['readBy'][number] ? K : never;
}[SettingName];
/** The schema of each of a program's settings, for `z.object`. */
export type ShapeFor<P extends Program> = { [K in ReadBy<P>]: Settings[K]['schema'] };

/** The settings that one program reads, as the shape of a zod object. */
export function shapeFor<P extends Program>(program: P): ShapeFor<P> {
  const own = settingList.filter(([, { readBy }]) => readBy.includes(program));
  return Object.fromEntries(own.map(([name, { schema }]) => [name, schema])) as ShapeFor<P>;
}

export const settingList = Object.entries<Setting>(settings) as [SettingName, Setting][];
