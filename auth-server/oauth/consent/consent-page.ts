import type { Response } from 'express';
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
  const name = asked.client.name ?? 'A program without a name';
  const place = placeOf(permits);
  const destination = destinationOf(asked);
  const days = (seconds: number) => {
    const number = Math.max(1, Math.round(seconds / 86_400));
    return number === 1 ? '1 day' : `${number} days`;
  };
  res.set('Content-Security-Policy', securityPolicy(asked, destination));
  deps.pages.consent(res, {
    title: permits.any ? `Allow ${name}?` : `You may not use ${place}`,
    client: name,
    place,
    address: asked.resource,
    person: person.shownName ?? person.username,
    who: whoAsks(asked, destination),
    goesTo: whereTo(asked, destination),
    question: `Are you adding ${permits.kind === 'server' ? permits.server : 'this gateway'} there just now?`,
    isPossible: permits.any,
    refusal: permits.any ? [] : refusalOf(deps.policy(), person, permits),
    ...abilitiesAt(permits),
    nothingElse: `${permits.kind === 'server' ? 'no other server, and ' : ''}never your password.`,
    lasts: `It ends after ${days(deps.clientSessionSeconds)}, or after ${days(deps.clientIdleSeconds)} without use. You can end it at any time, on My account.`,
    staysOpen: destination === 'private',
    anotherAccount: `/oauth2/consent/${uid}/login/${person.provider}?another`,
  });
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

function whereTo({ redirectUri }: Asked, destination: Destination): string {
  const { host, protocol } = new URL(redirectUri);
  if (destination === 'private') return `The answer goes to the program that opens addresses with ${protocol}`;
  return `The answer goes to ${host}.`;
}

function abilitiesAt(permits: Permits): Pick<ConsentView, 'abilities' | 'tools'> {
  if (permits.kind === 'all') return { abilities: 'use every server and tool that you may use.', tools: [] };
  if (permits.kind === 'api') return { abilities: 'see and change servers in the registry.', tools: [] };
  const { server, tools } = permits;
  // What such a tool calls is judged as a call of the person's own.
  if (server === 'mcpgw' && tools.some((tool) => tool === '*' || callTools.has(tool)))
    return {
      abilities: 'call every tool that you may use, through the tools of mcpgw.',
      tools: tools.includes('*') ? [] : tools,
    };
  if (tools.includes('*')) return { abilities: `call every tool of ${server}.`, tools: [] };
  // Only the registry knows which names are sets.
  if (tools.length === 0)
    return { abilities: `call no tool of ${server}. If it is a set: those of its tools that you may use.`, tools };
  return { abilities: `call ${tools.length === 1 ? 'one tool' : `${tools.length} tools`} of ${server}.`, tools };
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
