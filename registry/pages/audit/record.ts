import type { Decision } from '../../../common/doors/decisions.ts';
import { isEvent, reasonWords, signedInBy, viaWords, whatHappened, whoAsked } from './words.ts';

/** One line of a record. */
interface Fact {
  name: string;
  text: string;
  /** What a machine reads. */
  isCode?: boolean | undefined;
  /** Said beside it. */
  more?: string | undefined;
  code?: string | undefined;
  href?: string | undefined;
  /** Several values, of which the page folds the rest. */
  list?: readonly string[];
}

export interface RecordOptions {
  /** Whether the reader may see the page of this server. */
  mayOpen: (server: string) => boolean;
  /** Where the reader asks the policy as it is now; empty if they may not. */
  explainLink: string;
}

/** A record of the audit as its page shows it: what happened in words, then each field that is set. */
export function recordOf(decision: Decision, options: RecordOptions) {
  const { verdict, method, server, object, message, resource } = decision;
  const kind = isEvent(decision) ? 'event' : verdict;
  const isOpen = server !== undefined && options.mayOpen(server);
  return {
    ...{ id: decision.id, at: new Date(decision.at), kind, who: whoAsked(decision), message },
    explainLink: options.explainLink,
    state: { allow: 'Allowed', deny: 'Refused', event: 'Event' }[kind],
    /** What the record is about, in its heading. */
    what: kind === 'event' ? whatHappened(decision) : (object ?? method ?? decision.http ?? 'A request'),
    where: server ?? (resource === 'registry' && kind !== 'event' ? 'the registry' : ''),
    client: decision.client_name,
    via: viaWords(decision.via),
    facts: factsOf(decision, isOpen).filter(({ text, list }) => text !== '' || (list?.length ?? 0) > 0),
    person: decision.subject ?? decision.username ?? decision.client_id,
  };
}

function factsOf(d: Decision, isOpen: boolean): Fact[] {
  const page = isOpen ? `/servers/${d.server}` : undefined;
  const count = d.objects !== undefined && d.objects > 1 ? `the first of ${d.objects} in one request` : undefined;
  return [
    fact('Name', d.shown_name),
    fact('User name', d.username),
    fact('Subject', d.subject, { isCode: true }),
    fact('Client', d.client_name),
    fact('App client', d.client_id, { isCode: true }),
    fact('Known by', signedInBy(d.auth_method)),
    fact('Address', d.address, { isCode: true }),
    fact('Asked', viaWords(d.via)),
    { name: 'Groups', text: '', list: d.groups ?? [] },
    { name: 'Scopes', text: '', list: d.scopes ?? [] },
    fact('Concerns', d.about_name ?? d.about, { more: d.about_name === undefined ? undefined : d.about }),
    fact('Server', d.server ?? (d.resource === 'registry' ? 'the registry itself' : ''), { href: page }),
    fact('Request', d.http, { isCode: true }),
    fact(isEvent(d) ? 'Event' : 'MCP method', d.method, { isCode: true }),
    fact(objectName(d), d.object, { isCode: !isEvent(d), more: count }),
    fact('Digest of the whole', d.object_digest, { isCode: true }),
    fact('Argument', d.argument, { isCode: true, more: 'the first that no rule allows' }),
    fact('Definition', d.definition, { isCode: true, more: 'as the registry had last approved it' }),
    fact('Account', d.account, { more: accountWords(d.account_used) }),
    fact('Rule', d.rule, { isCode: true, href: page && `${page}/access` }),
    fact('Reason', d.reason && (reasonWords[d.reason] ?? d.reason), { code: d.reason }),
    fact('HTTP status', d.status),
    fact('Detail', d.detail),
    fact('Number', d.count?.toLocaleString('en')),
    fact('Policy', d.policy, { isCode: true }),
    fact('Request id', d.request_id, { isCode: true }),
    fact('Decided in', d.microseconds && `${(d.microseconds / 1000).toFixed(2)} ms`),
    fact('Record', d.id, { isCode: true }),
  ];
}

function fact(name: string, value: string | number | undefined, more: Omit<Fact, 'name' | 'text'> = {}): Fact {
  return { name, text: value === undefined ? '' : String(value), ...more };
}

function objectName(d: Decision): string {
  if (isEvent(d)) return 'Account name';
  const kind = d.method?.split('/')[0] ?? '';
  return { tools: 'Tool', prompts: 'Prompt', resources: 'Resource' }[kind] ?? 'Tool, prompt or resource';
}

function accountWords(isUsed: boolean | undefined): string | undefined {
  if (isUsed === undefined) return undefined;
  return isUsed ? 'the token of their own account went to the server' : 'no token of their own account was used';
}

/**
 * The address of the same question to the current policy; empty if no rule decided.
 * @param isGroup whether the policy knows a group: the record has all that the provider named
 */
export function explainLinkOf(decision: Decision, isGroup: (name: string) => boolean): string {
  const { resource, server, method, object, object_digest, scopes, groups = [] } = decision;
  if (isEvent(decision) || object_digest !== undefined || resource !== 'mcp' || !server || !method || !scopes)
    return '';
  const known = groups.filter(isGroup);
  const [kind, names] = known.length > 0 ? ['group', known] : ['scope', scopes];
  const question = { kind, who: names.join(' '), server, method, object: object ?? '' };
  return `/rights?${new URLSearchParams(question)}#explain`;
}
