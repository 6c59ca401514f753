import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { ToolGuard } from '../../common/policy/approved-tools-watch.ts';
import type { Logger } from '../../common/service/log.ts';
import type { Credential } from '../../common/upstream-secrets/credential.ts';
import type { UpstreamSecrets } from '../../common/upstream-secrets/watch.ts';
import { decide } from '../../policy/decide.ts';
import { type McpRequest, readMcpRequest } from '../../policy/request/mcp-request.ts';
import { RefusedRequest } from '../../policy/request/refused-request.ts';
import { type AuditEntry, createAudit } from '../decisions/decision-log.ts';
import type { Metrics } from '../decisions/metrics.ts';
import type { RecentDecisions } from '../decisions/recent-decisions.ts';
import { AuthError, asAuthError } from '../denials/auth-error.ts';
import type { AssertionSigner } from '../identity/assertion.ts';
import { type IdentifyDeps, identify } from '../identity/identify.ts';
import type { Principal } from '../identity/principal.ts';
import type { Throttle } from '../limits/throttle.ts';
import { gateHeaders } from '../request/gate-headers.ts';
import { type OriginalRequest, readOriginalRequest } from '../request/original-request.ts';
import type { BindingStore } from '../store/binding.ts';
import type { RevocationFeed } from '../store/revocation-feed.ts';
import { type Allowance, allow, deny } from './answer.ts';
import { createInTime } from './deadline.ts';
import { notPermitted } from './permission-denial.ts';
import { relayTicket } from './relay-ticket.ts';
import { checkBelongings } from './session-ownership.ts';
import { approvedBy, notApproved } from './tool-approval.ts';
import { upstreamCredential } from './upstream-credential.ts';

export interface ValidateDeps extends IdentifyDeps {
  assertions: AssertionSigner;
  bindings: BindingStore;
  revocationFeed: Pick<RevocationFeed, 'cursor'>;
  policyVersion: () => string;
  metrics: Pick<Metrics, 'decided'>;
  /** Largest body in bytes that is looked into. */
  maxBody: number;
  /** What upstreams want from the gateway itself. */
  upstreamSecrets: Pick<UpstreamSecrets, 'find'>;
  /** Which tools are approved, where that is asked. */
  toolGuard: Pick<ToolGuard, 'approved'>;
  auditLog: Logger;
  recent: Pick<RecentDecisions, 'note'>;
  throttle: Throttle;
  /** How long a decision may take; 1.2 s unless given: nginx gives up after 1.5 s (gate/validate-common.conf), and says less. */
  decideMilliseconds?: number | undefined;
}

type McpTarget = Extract<OriginalRequest['target'], { resource: 'mcp' }>;

/**
 * `/validate`: who is asking, what do they ask for, may they? 200 with identity headers, or a denial; whatever goes
 * wrong on the way is a denial too.
 */
export function createValidate(deps: ValidateDeps): RequestListener {
  const inTime = createInTime(deps.decideMilliseconds ?? 1_200);
  const audit = createAudit(deps.auditLog);
  const say = (res: ServerResponse, entry: AuditEntry, allowance: Allowance | undefined) => {
    try {
      if (allowance) allow(res, allowance);
    } catch (error) {
      entry.error = asAuthError(error);
    }
    if (entry.error) deny(res, entry.error, { publicUrl: deps.publicUrl, request: entry.request });
    const milliseconds = performance.now() - entry.started;
    deps.recent.note(audit(entry, milliseconds), entry);
    deps.metrics.decided(entry, milliseconds / 1000);
  };
  const answer = (res: ServerResponse, entry: AuditEntry, allowance: Allowance | undefined) => {
    try {
      say(res, entry, allowance);
    } catch (err) {
      deps.auditLog.error({ err }, 'a decision could not be answered or written down');
      if (!res.headersSent) res.writeHead(503);
      res.end();
    }
  };
  return (req, res) => {
    const entry: AuditEntry = { started: performance.now(), policy: deps.policyVersion() };
    const refuse = (thrown: unknown) => {
      entry.error = asAuthError(thrown);
      answer(res, entry, undefined);
    };
    inTime(judge(deps, req, entry), (allowance) => answer(res, entry, allowance), refuse);
  };
}

/** @throws {AuthError} every reason to say no; `entry` tells how far it came */
async function judge(deps: ValidateDeps, req: IncomingMessage, entry: AuditEntry): Promise<Allowance> {
  // Read first, so that the decision below knows every revocation up to this cursor.
  const heard = deps.revocationFeed.cursor();
  const request = readOriginalRequest(gateHeaders(req));
  entry.request = request;
  const principal = await deps.throttle(request, () => identify(deps, request));
  entry.principal = principal;
  const { target } = request;
  const server = target.resource === 'mcp' ? target.server : '#registry';
  let ticket: string | undefined;
  let credential: Credential | undefined;
  if (target.resource === 'mcp') {
    const asked = await readAsked(req, request, target, deps.maxBody);
    entry.asked = asked;
    // Again: the policy may have changed while the credential and the body were read.
    entry.policy = deps.policyVersion();
    entry.rule = permit(deps, principal, target, asked);
    credential = upstreamCredential(deps.upstreamSecrets, target, asked.id);
    const credentialFor = credential && target.upstream?.origin;
    ticket = await admit(deps, { heard, credentialFor }, principal, request, target, asked);
  }
  const tool = toolOf(entry.asked);
  const assertion = await deps.assertions.sign(principal, server, tool);
  return { principal, server, tool, assertion, ticket, credential };
}

async function readAsked(
  req: IncomingMessage,
  request: OriginalRequest,
  target: McpTarget,
  maxBody: number,
): Promise<McpRequest> {
  const { mcp, method: httpMethod } = request;
  const body = await readBody(req, maxBody);
  // Not nginx, which asks about a POST by a POST: a proxy that shows no bodies.
  if (httpMethod === 'POST' && req.method === 'GET' && body.length === 0) {
    const message =
      'The proxy in front of the gateway did not show the body of this POST: nobody can say what it asks for.';
    throw new AuthError('body_unseen', message);
  }
  const { method: mcpMethod, name: mcpName, protocolVersion } = mcp;
  try {
    return readMcpRequest({ httpMethod, endpoint: target.endpoint, body, mcpMethod, mcpName, protocolVersion });
  } catch (error) {
    if (!(error instanceof RefusedRequest)) throw error;
    const message = `Refused: ${error.message}.`;
    if (error.status === 405) throw new AuthError('method_not_allowed', message, { allow: error.allow });
    throw new AuthError('request_refused', message, { rpcCode: error.rpcCode, id: error.id });
  }
}

/** @returns the rule that allows it */
function permit(deps: ValidateDeps, principal: Principal, target: McpTarget, asked: McpRequest): string {
  const policy = deps.policy();
  const decision = decide(policy, principal.scopes, target.server, asked.accesses, approvedBy(deps.toolGuard));
  const isPermitted = decision.allowed || decision.reason === 'tool_changed';
  if (!isPermitted) throw notPermitted(policy, principal, target.server, asked, decision);
  // Only after the verdict: who may not use a server must not learn whether it exists.
  if (!target.routed) {
    throw new AuthError('server_not_found', `There is no ${target.server}/${target.endpoint} here.`, { id: asked.id });
  }
  if (!decision.allowed) throw notApproved(deps.toolGuard, target.server, asked, decision);
  return decision.rule;
}

/** @returns the relay's ticket, if the answer has to be seen */
async function admit(
  deps: ValidateDeps,
  { heard, credentialFor }: { heard: number; credentialFor: string | undefined },
  principal: Principal,
  request: OriginalRequest,
  mcp: McpTarget,
  asked: McpRequest,
): Promise<string | undefined> {
  const target = await checkBelongings(deps.bindings, principal, request, mcp, asked);
  const { server, endpoint } = mcp;
  const ticket = relayTicket(deps.policy(), {
    principal,
    server,
    endpoint,
    asked,
    target,
    approved: approvedBy(deps.toolGuard),
  });
  return ticket && (await deps.assertions.signTicket({ ...ticket, heard, ...(credentialFor && { credentialFor }) }));
}

function toolOf(asked: McpRequest | undefined): string | undefined {
  const object = asked?.accesses[0].object;
  return object?.kind === 'tool' ? object.name : undefined;
}

/** Not by `for await`: that takes several times as long as all else that is done to a body. */
function readBody(req: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    req.on('error', reject);
    req.on('data', (chunk: Buffer) => {
      size += chunk.length;
      // A sender who is stopped in the middle of a body never gets to read the answer: the rest runs by.
      if (size <= limit) chunks.push(chunk);
      else reject(new AuthError('body_too_large', `The body is larger than ${limit} bytes.`));
    });
    req.on('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
  });
}
