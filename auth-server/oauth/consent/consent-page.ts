import type { Response } from 'express';
import { checkLetters } from '../../../common/identity/command-line.ts';
import { type Policy, scopesOfGroups } from '../../../policy/policy.ts';
import { callTools } from '../../../policy/request/methods.ts';
import { groupsThatHelp } from '../../../policy/review/remedy.ts';
import { remedyForPerson } from '../../gate/permission-denial.ts';
import type { ConsentView } from '../../login/pages.ts';
import type { OAuthDeps } from '../deps.ts';
import type { Asked, AuthorizationRequest } from '../store/requests.ts';
import type { Permits } from './permits.ts';
import type { Person } from './person.ts';
import { type Destination, destinationOf } from './send-answer.ts';

const mostGroups = 3;

/** The page that asks whether a client may act for a person, or says that the person may not use the place. */
export function consentPage(
  deps: OAuthDeps,
  res: Response,
  { uid, asked }: AuthorizationRequest,
  person: Person,
  permits: Permits,
): void {
  const destination = destinationOf(asked);
  res.set('Content-Security-Policy', securityPolicy(asked, destination));
  deps.pages.consent(res, {
    ...(permits.kind === 'session' ? ofSession(deps, asked) : ofClient(deps, asked, person, permits)),
    person: person.shownName ?? person.username,
    goesTo: whereTo(asked, destination),
    isPossible: permits.any,
    staysOpen: destination === 'private',
    anotherAccount: `/oauth2/consent/${uid}/login/${person.provider}?another`,
  });
}

type Words = Omit<ConsentView, 'person' | 'goesTo' | 'isPossible' | 'staysOpen' | 'anotherAccount'>;

type ForClient = Exclude<Permits, { kind: 'session' }>;

function ofClient(deps: OAuthDeps, asked: Asked, person: Person, permits: ForClient): Words {
  const name = asked.client.name ?? 'A program without a name';
  const place = placeOf(permits);
  return {
    title: permits.any ? `Allow ${name}?` : `You may not use ${place}`,
    client: name,
    wants: 'use',
    place,
    address: asked.resource,
    who: whoAsks(asked, destinationOf(asked)),
    question: `Are you adding ${permits.kind === 'server' ? permits.server : 'this gateway'} there just now?`,
    refusal: permits.any ? [] : refusalOf(deps.policy(), person, permits),
    ...abilitiesAt(permits),
    nothingElse: `${permits.kind === 'server' ? 'no other server, and ' : ''}never your password.`,
    lasts: lasting(deps.clientSessionSeconds, deps.clientIdleSeconds),
  };
}

/** A sign-in, not access to one place. The letters tell the person's own terminal from everything else that leads here. */
function ofSession({ publicUrl, sessionSeconds, idleSeconds }: OAuthDeps, { challenge }: Asked): Words {
  return {
    title: 'Sign in the command line?',
    client: 'The command line',
    wants: 'be',
    place: 'signed in',
    address: publicUrl,
    who: { strong: 'A program on this computer', rest: 'that calls itself mcp-gateway.' },
    question: `Have you just started “mcp-gateway login”, and does your terminal show ${checkLetters(challenge)}?`,
    refusal: [],
    abilities:
      'everything, as a sign-in in a browser. It can use every server and tool that you may use, and see and change the registry as you may.',
    tools: [],
    nothingElse: 'it does not get your password.',
    lasts: lasting(sessionSeconds, idleSeconds),
  };
}

function lasting(seconds: number, idleSeconds: number): string {
  return `It ends after ${spanOf(seconds)}, or after ${spanOf(idleSeconds)} without use. You can end it at any time, on My account.`;
}

const units = [
  [86_400, 'day'],
  [3_600, 'hour'],
] as const;

/** In the largest unit that says it to within a quarter. */
function spanOf(seconds: number): string {
  const fits = ([size]: (typeof units)[number]) => seconds % size === 0 || seconds >= 2 * size;
  const [size, unit] = units.find(fits) ?? [60, 'minute'];
  const number = Math.max(1, Math.round(seconds / size));
  return number === 1 ? `1 ${unit}` : `${number} ${unit}s`;
}

function placeOf(permits: Permits): string {
  if (permits.kind === 'server') return permits.server;
  return permits.kind === 'all' ? 'all your servers' : "the registry's API";
}

function whoAsks({ client, redirectUri }: Asked, destination: Destination): ConsentView['who'] {
  const calls = client.name === undefined ? 'that gives no name.' : `that calls itself ${client.name}.`;
  switch (destination) {
    case 'loopback':
    case 'private':
      return { strong: 'A program on this computer', rest: calls };
    case 'verified':
      return {
        strong: new URL(redirectUri).host,
        rest: 'asks. The gateway has checked that the answer goes back there.',
      };
    case 'site':
      return { strong: 'Another site', rest: `${calls} The gateway cannot check that name.` };
  }
}

function whereTo({ redirectUri, client }: Asked, destination: Destination): string {
  const { host, protocol } = new URL(redirectUri);
  if (destination === 'private') return `The answer goes to the program that opens addresses with ${protocol}`;
  const pasted = client.kind === 'command line' ? ` If that page does not load, ${pasteIt}` : '';
  return `The answer goes to ${host}.${pasted}`;
}

/** Over ssh, the terminal is elsewhere. To send the address to a stranger would sign in the stranger. */
const pasteIt = 'paste its address into your own terminal, and give it to no one.';

function abilitiesAt(permits: ForClient): Pick<ConsentView, 'abilities' | 'tools'> {
  if (permits.kind === 'all') return { abilities: 'use every server and tool that you may use.', tools: [] };
  if (permits.kind === 'api') return { abilities: 'see and change servers in the registry.', tools: [] };
  const { server, tools, hasConditions } = permits;
  // What such a tool calls is judged as a call of the person's own.
  if (server === 'mcpgw' && tools.some((tool) => tool === '*' || callTools.has(tool)))
    return {
      abilities: 'call every tool that you may use, through the tools of mcpgw.',
      tools: tools.includes('*') ? [] : tools,
    };
  if (tools.includes('*')) return { abilities: `call every tool of ${server}.`, tools: [] };
  if (tools.length === 0 && hasConditions) return { abilities: `call tools of ${server}, under conditions.`, tools };
  // Only the registry knows which names are sets.
  if (tools.length === 0)
    return { abilities: `call no tool of ${server}. If it is a set: those of its tools that you may use.`, tools };
  const some = hasConditions ? ', some under conditions' : '';
  return { abilities: `call ${tools.length === 1 ? 'one tool' : `${tools.length} tools`} of ${server}${some}.`, tools };
}

/** The same words for a server that does not exist. */
function refusalOf(policy: Policy, { groups }: Person, permits: Permits): string[] {
  if (permits.kind !== 'server')
    return [`No rule of this gateway lets you use ${placeOf(permits)}.`, remedyForPerson([])];
  const { server } = permits;
  const denied = { scopes: scopesOfGroups(policy, groups), server, accesses: [{ method: 'initialize' }] as const };
  return [
    `No rule of this gateway lets you use a server named ${server}.`,
    remedyForPerson(groupsThatHelp(policy, denied, mostGroups)),
  ];
}

/**
 * Browsers hold the redirect that answers a form to `form-action` too, and each one after it: to a site, that could be
 * anything. CSP has no form for an IPv6 address (CSP Level 3 section 2.3.1).
 */
function securityPolicy({ redirectUri }: Asked, destination: Destination): string {
  const { origin, protocol, hostname } = new URL(redirectUri);
  const target = destination === 'private' || hostname.startsWith('[') ? protocol : origin;
  const forms = destination === 'loopback' || destination === 'private' ? `; form-action 'self' ${target}` : '';
  return `default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'${forms}`;
}
