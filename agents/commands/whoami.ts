import { readSession } from '../gateway/cookie-file.ts';
import { begin } from '../gateway/identity.ts';
import { askRegistry, me } from '../gateway/registry.ts';
import { type CommonOptions, does, type Run, withSession } from '../lib/command.ts';
import type { Settings } from '../lib/settings.ts';
import { agentToken } from '../token/token-cache.ts';

interface WhoamiOptions extends CommonOptions {
  agent?: boolean;
  sessionCookieFile?: string;
}

/** The command `whoami`: shows the person or agent as the gateway identifies them. */
export const whoamiCommand = does<WhoamiOptions>(
  'whoami',
  'Show who you are to the gateway: groups, scopes and expiry.',
  ['mcp-gateway whoami', 'mcp-gateway whoami --agent'],
  (command) =>
    withSession(
      command
        .option('--agent', 'show the agent of agents/.env.agent instead of the logged-in person')
        .option('--use-session-cookie', 'show the logged-in person, which is the default'),
    ),
  whoami,
);

async function whoami(run: Run<WhoamiOptions>): Promise<undefined> {
  const { print, options } = run;
  const chosen = options.agent ? {} : { useSessionCookie: true };
  const { settings, identity } = await begin({ ...run, options: { ...options, ...chosen } });
  const { username, groups, scopes } = await askRegistry({ settings, identity, print }, '/api/me', me);
  const end = options.agent ? await tokenEnd(run, settings) : sessionEnd(run, settings);
  const until = end === undefined ? undefined : new Date(end * 1000);
  const kind = identity.kind;
  const value = { kind, username, groups, scopes, gateway: settings.gateway, expires_at: until?.toISOString() ?? null };
  print.result(value, () =>
    [
      `${print.style('bold', username)}, ${kind === 'person' ? 'a person' : 'an agent'}, at ${settings.gateway}`,
      ...(kind === 'person' ? [`Groups  ${groups.join(', ') || 'none'}`] : []),
      `Scopes  ${scopes.join(', ') || 'none: nothing is allowed'}`,
      ...(until
        ? [`Until   ${until.toLocaleString('sv-SE')}${kind === 'agent' ? ' (a new token follows by itself)' : ''}`]
        : []),
    ].join('\n'),
  );
}

function sessionEnd({ context, options }: Run<WhoamiOptions>, settings: Settings): number | undefined {
  return readSession(context, settings, options.sessionCookieFile).expiresAt;
}

async function tokenEnd({ context, print }: Run<WhoamiOptions>, settings: Settings): Promise<number> {
  return (await agentToken({ context, settings, print })).expiresAt;
}
