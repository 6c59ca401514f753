import type { Answer } from './answer.ts';
import type { Visitor } from './case.ts';
import { demoIdToken, demoSignIn, demoTokens, readSeed } from './demo.ts';
import type { Options } from './options.ts';
import { send } from './raw.ts';
import type { Attacker } from './run.ts';
import { newVisitor } from './visitor.ts';

/**
 * Collects the attacker's credentials: those given on the command line, or else those of the demo's people and agents.
 * If a person cannot sign in at the gateway, the credential is missing and the controls report it.
 * @throws if the stand-in issues no tokens
 */
export async function prepare(options: Options): Promise<Attacker> {
  const { url, server, tool, args, token, cookie, standIn } = options;
  const target = { url, server, tool, args };
  if (token !== undefined || cookie !== undefined) return { target, credentials: { token, cookie } };
  const seed = readSeed();
  const session = async (group: string | undefined) => {
    const visitor: Visitor = newVisitor((sent): Promise<Answer> => send(url, sent));
    await demoSignIn(seed, url, group)(visitor, '/oauth2/login/cognito').catch(() => undefined);
    return visitor.cookie('mcp_gateway_session');
  };
  const [tokens, idToken, own, ungrouped] = await Promise.all([
    demoTokens(seed, standIn),
    demoIdToken(seed, standIn),
    session('mcp-registry-user'),
    session(undefined),
  ]);
  const credentials = { ...tokens, idToken, cookie: own, ungroupedCookie: ungrouped };
  return { target, credentials, signIn: demoSignIn(seed, url, 'mcp-registry-user') };
}
