import { type CommonOptions, does, type Run, settingsFor } from '../lib/command.ts';
import { poolSettings } from '../lib/settings.ts';
import { agentToken } from '../token/token-cache.ts';

interface TokenOptions extends CommonOptions {
  fresh?: boolean;
}

/** The command `token`: prints only an agent's access token. */
export const tokenCommand = does<TokenOptions>(
  'token',
  "Print the agent's access token (client credentials), cached for 80 % of its lifetime.",
  [
    'curl -H "Authorization: Bearer $(mcp-gateway token)" http://localhost:8080/api/servers',
    'mcp-gateway token --env-file agents/.env.reader',
  ],
  (command) => command.option('--fresh', 'request a new one from Cognito, which bills it'),
  printToken,
);

async function printToken({ context, print, options }: Run<TokenOptions>): Promise<undefined> {
  const settings = settingsFor(context, print, options, 'agent');
  const { token, expiresAt } = await agentToken({ context, settings, print, fresh: options.fresh });
  if (!options.json) return print.text(token) as undefined;
  const client_id = poolSettings(settings).COGNITO_CLIENT_ID;
  print.result({ access_token: token, client_id, expires_at: new Date(expiresAt * 1000).toISOString() }, () => token);
}
