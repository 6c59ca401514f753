import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type ToolGuard, toolsBy } from '../../common/policy/approved-tools-watch.ts';
import type { DefinitionHashes } from '../../common/policy/definitions-watch.ts';
import type { Logger } from '../../common/service/log.ts';
import type { UpstreamSecrets } from '../../common/upstream-secrets/watch.ts';
import type { Policy } from '../../policy/policy.ts';
import type { McpRequest } from '../../policy/request/mcp-request.ts';
import { createDecisionLog, type DecisionEntry } from '../decisions/decision-log.ts';
import type { Metrics } from '../decisions/metrics.ts';
import type { DecisionRecorder } from '../decisions/record-decision.ts';
import { asksOf } from '../delegation/asks.ts';
import { AuthError, asAuthError } from '../denials/auth-error.ts';
import { texts } from '../denials/texts.ts';
import type { AssertionSigner } from '../identity/assertion.ts';
import { type IdentifyDeps, identify } from '../identity/identify.ts';
import type { Principal } from '../identity/principal.ts';
import { createBodyLimits } from '../limits/bodies.ts';
import type { CallLimits } from '../limits/call-limits.ts';
import type { Throttle } from '../limits/throttle.ts';
import { gateHeaders } from '../request/gate-headers.ts';
import { type McpTarget, type OriginalRequest, readOriginalRequest } from '../request/original-request.ts';
import type { Binding, BindingStore } from '../store/binding.ts';
import type { RevocationFeed } from '../store/revocation-feed.ts';
import { type AccountDeps, type AccountUse, accountToken } from './account/token.ts';
import { type Allowance, allow, deny } from './answer.ts';
import type { MetadataSettings } from './metadata.ts';
import { permit } from './permit.ts';
import { heldCall } from './person/held.ts';
import { type ApprovalDeps, passHeld } from './person/pass.ts';
import { readRequest } from './read-request.ts';
import { relayTicket } from './relay-ticket.ts';
import { checkOwnership } from './session-ownership.ts';
import { upstreamCredential } from './upstream-credential.ts';

export interface ValidateDeps extends IdentifyDeps, AccountDeps, ApprovalDeps, Pick<MetadataSettings, 'clientsLogIn'> {
  assertions: AssertionSigner;
  bindings: BindingStore;
  revocationFeed: Pick<RevocationFeed, 'cursor'>;
  policyVersion: () => string;
  metrics: Pick<Metrics, 'decided' | 'approval'>;
  /** The definitions of tools as they were last approved. */
  definitions: Pick<DefinitionHashes, 'find'>;
  /** Largest body in bytes that is read. */
  maxBody: number;
  /** Most bytes of bodies that are held at a time. Default: some of the largest. */
  heldBytes?: number | undefined;
  upstreamSecrets: Pick<UpstreamSecrets, 'find'>;
  toolGuard: Pick<ToolGuard, 'known'>;
  decisionLog: Logger;
  recent: DecisionRecorder;
  throttle: Throttle;
  callLimits: Pick<CallLimits, 'take'>;
  /** Deadline of a decision. Default 1.2 s: nginx gives up after 1.5 s (gate/validate-common.conf), without a reason. */
  decideMilliseconds?: number | undefined;
}

/**
 * `/validate`: who is asking, what do they ask for, may they? Answers 200 with identity headers, or a denial. Every
 * error on the way is a denial too.
 */
export function createValidate(deps: ValidateDeps): RequestListener {
  const { decideMilliseconds = 1_200 } = deps;
  const writeDecision = createDecisionLog(deps.decisionLog);
  const receive = createBodyLimits(deps.maxBody, deps.heldBytes);
  const answerAndRecord = (res: ServerResponse, entry: DecisionEntry, allowance: Allowance | undefined) => {
    try {
      if (allowance) allow(res, allowance);
    } catch (error) {
      entry.error = asAuthError(error);
    }
    if (entry.error) deny(res, entry.error, deps, entry.request);
    const milliseconds = performance.now() - entry.started;
    deps.recent.add(writeDecision(entry, milliseconds), entry);
    deps.metrics.decided(entry, milliseconds / 1000);
  };
  return async (req, res) => {
    const entry: DecisionEntry = { started: performance.now(), policy: deps.policyVersion() };
    let allowance: Allowance | undefined;
    const deciding = decideRequest(deps, receive, req, entry);
    try {
      allowance = await withDeadline(deciding, decideMilliseconds);
    } catch (error) {
      entry.error = asAuthError(error);
    }
    try {
      answerAndRecord(res, entry, allowance);
    } catch (err) {
      deps.decisionLog.error({ err }, 'a decision could not be answered or recorded');
      if (!res.headersSent) res.writeHead(503);
      res.end();
    }
    if (entry.error) giveBack(deciding, entry);
  };
}

/** A refused call does not count. After the deadline, the work may still go on, and count it. */
function giveBack(deciding: Promise<unknown>, entry: DecisionEntry): void {
  const take = () => entry.giveBack?.();
  void deciding.then(take, take);
}

/** @throws {AuthError} decision_too_slow after the deadline, or what `work` throws before it */
function withDeadline<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const tooSlow = () => reject(new AuthError('decision_too_slow', texts.decision_too_slow));
    const timer = setTimeout(tooSlow, milliseconds);
    const done = () => clearTimeout(timer);
    work.then(resolve, reject).then(done);
  });
}

/**
 * Decides about a request, and notes in `entry` what became known on the way.
 * @throws {AuthError} for each denial
 */
async function decideRequest(
  deps: ValidateDeps,
  receive: ReturnType<typeof createBodyLimits>,
  req: IncomingMessage,
  entry: DecisionEntry,
): Promise<Allowance> {
  // Read first, so that the decision below knows every revocation up to this cursor.
  const cursor = deps.revocationFeed.cursor();
  const request = readOriginalRequest(gateHeaders(req));
  entry.request = request;
  const principal = await deps.throttle(request, () => identify(deps, request));
  entry.principal = principal;
  const { target } = request;
  if (target.resource === 'registry') {
    // Under a name of its own, which no other address of the registry accepts.
    const assertion = await deps.assertions.sign(
      principal,
      principal.authMethod === 'public' ? '#public' : '#registry',
    );
    return { principal, server: '#registry', tool: undefined, assertion, ticket: undefined };
  }
  const received = receive(principal);
  let asked: McpRequest;
  let held: Parameters<typeof passHeld>[2] | undefined;
  let isByArguments: boolean;
  try {
    const read = await readRequest(req, request, target, received);
    asked = read.asked;
    entry.asked = asked;
    // Again: the policy may have changed while the credential and the body were read.
    entry.policy = deps.policyVersion();
    const permitted = received.judge(() => permit(deps, principal, target, asked));
    const { approvers } = permitted;
    ({ isByArguments } = permitted);
    entry.rule = permitted.rule;
    const callOf = () => heldCall(deps.definitions, principal, target, asked, read.body);
    held = approvers && { call: received.judge(callOf), approvers };
  } finally {
    received.release();
  }
  const { server, broker } = target;
  entry.giveBack = deps.callLimits.take(principal, target, asked);
  const shared = upstreamCredential(deps.upstreamSecrets, target, asked.id);
  const session = await checkOwnership(deps.bindings, principal, request, target, asked);
  const use =
    target.account && (await accountUse(deps, entry, { principal, target, account: target.account, asked, session }));
  const credentials = use ? use.credentials : shared;
  const credentialFor = credentials && (target.account?.address ?? target.upstream?.origin);
  const version = request.mcp.protocolVersion;
  const hold = held && (await passHeld(deps, { principal, target, asked, version, session }, held, request.address));
  const ticket = await ticketFor(deps, { cursor, credentialFor, session, use, hold }, principal, target, asked);
  const object = asked.accesses[0].object;
  const tool = object?.kind === 'tool' ? object.name : undefined;
  if (broker === undefined || principal.delegated) {
    const assertion = await deps.assertions.sign(principal, server, tool);
    return { principal, server, tool, assertion, ticket, isByArguments, credentials };
  }
  const delegation = await delegate(deps, principal, request, target, asked);
  // One audience for the hub and all sets: no server can be registered under it.
  const assertion = await (broker === 'hub'
    ? deps.assertions.sign(principal, '#hub')
    : deps.assertions.sign(principal, server, tool));
  return { principal, server, tool, assertion, ticket, delegation, isByArguments, credentials };
}

/** @returns with which the broker may call other servers because of this request; undefined if it may call none */
async function delegate(
  { delegations, policy }: ValidateDeps,
  principal: Principal,
  { address }: OriginalRequest,
  { server, broker }: McpTarget,
  asked: McpRequest,
): Promise<string | undefined> {
  const { subject, username, clientId, kind, sessionId, expiresAt, shown } = principal;
  const asks = broker && asksOf(broker, server, asked);
  if (!asks || !shown) return undefined;
  // The record alone names groups, and it may name others by then.
  const named = sessionId === undefined ? namedBy(policy(), principal) : { groups: [], scopes: [] };
  const caller = { ...shown, username, isAgent: kind === 'agent', ...named, ends: expiresAt };
  const optional = { sid: sessionId, client: clientId, address };
  return await delegations.mint({ sub: subject, via: server, caller: { ...caller, ...optional }, asks });
}

/** What a caller without a record has named: what grants something, and what a limit counts by. */
function namedBy({ source }: Policy, { kind, groups, scopes, unknown = [] }: Principal) {
  const limited = unknown.filter((name) => source.limits.some(({ who }) => who?.includes(name)));
  return kind === 'agent' ? { groups, scopes: [...scopes, ...limited] } : { groups: [...groups, ...limited], scopes };
}

/** The caller's own account at the server, which the decision names. */
async function accountUse(
  deps: ValidateDeps,
  entry: DecisionEntry,
  asking: Omit<Parameters<typeof accountToken>[1], 'version'>,
): Promise<AccountUse> {
  const { name } = asking.account;
  entry.account = { name, isUsed: false };
  const use = await accountToken(deps, { ...asking, version: entry.request?.mcp.protocolVersion });
  entry.account = { name, isUsed: use.credentials !== undefined };
  return use;
}

/** What a ticket says besides what was asked. */
interface TicketDetails {
  cursor: number;
  credentialFor: string | undefined;
  session: Binding | undefined;
  use: AccountUse | undefined;
  /** The hold of which the call has used the approval. */
  hold: string | undefined;
}

/** @returns the relay's ticket, if the relay has to see the answer */
async function ticketFor(
  deps: ValidateDeps,
  { cursor, credentialFor, session, use, hold }: TicketDetails,
  principal: Principal,
  { server, endpoint, broker }: McpTarget,
  asked: McpRequest,
): Promise<string | undefined> {
  const tools = toolsBy(deps.toolGuard);
  const target = session?.target;
  const allowed = { principal, server, endpoint, asked, target, tools, broker, use, hold };
  const ticket = relayTicket(deps.policy(), allowed);
  const credential = credentialFor && { credentialFor };
  return ticket && (await deps.assertions.signTicket({ ...ticket, heard: cursor, ...credential }));
}
