import type { RequestHandler } from 'express';
import { hiddenCharacters, reveal } from '../../../common/text/reveal.ts';
import { decide } from '../../../policy/decide.ts';
import type { KnownTools } from '../../../policy/known-tools.ts';
import type { Policy } from '../../../policy/policy.ts';
import { type Access, anyArguments } from '../../../policy/request/mcp-request.ts';
import { paramHeadersOf } from '../../../policy/request/param-headers.ts';
import { callConditions } from '../../../policy/review/conditions.ts';
import { groupsThatHelp } from '../../../policy/review/remedy.ts';
import { mayUseUiSomewhere } from '../../../policy/ui.ts';
import type { Catalogue, CatalogueEntry } from '../../access/catalogue.ts';
import { type Person, personOf } from '../../access/guards.ts';
import { notFound } from '../../access/permissions.ts';
import { RegistryError } from '../../errors/registry-error.ts';
import { isUnusable, type ToolInfo } from '../../servers/tool.ts';
import { shortened } from '../shared/format.ts';
import { indentedJson } from '../shared/indented-json.ts';
import type { Render, View } from '../shared/render.ts';
import { toolId, toolSegment } from '../shared/tool-id.ts';
import { callLine } from './call-line.ts';
import { formOf } from './form-model.ts';

export interface TryParts {
  catalogue: Catalogue;
  policy: () => Policy;
  knownTools: () => KnownTools;
}

const mostGroups = 3;
const longestDescription = 10_000;
const longestSchema = 200_000;
/** The protocol versions that the page asks for in each era. */
const newestOfSessions = '2025-11-25';
const firstStateless = '2026-07-28';

/**
 * `GET /servers/:name/tools/:tool/try`: a form for one tool, with which the person's browser calls it through the gate. Who
 * may not call the tool sees why. Nothing is filled in from the address or from the schema.
 */
export function showTry(parts: TryParts, render: Render): RequestHandler<{ name: string; tool: string }> {
  return (req, res) => {
    const person = personOf(req);
    const server = parts.catalogue.get(person, req.params.name);
    if (!server) throw notFound();
    const tool = server.health.tools.find(({ name }) => toolSegment(name) === req.params.tool);
    if (!tool) throw new RegistryError('not_found', `${server.title} announces no such tool at the moment.`);
    const view = { title: `Try ${reveal(tool.name)}`, person, ...tryView(parts, person, server, tool) };
    render<View & typeof view>(res, 200, 'try/try', view);
  };
}

function tryView({ policy, knownTools }: TryParts, person: Person, server: CatalogueEntry, tool: ToolInfo) {
  const verdict = verdictOf(policy(), person, server, tool, knownTools());
  const form = formOf(tool.inputSchema);
  const { readOnlyHint, destructiveHint } = tool.annotations ?? {};
  const speaksHttp = server.endpoints.some(({ transport }) => transport === 'streamable-http');
  const { era, protocolVersion } = server.health.details?.announced ?? {};
  const isModern = era === 'modern' && protocolVersion != null;
  // MCP 2025-11-25, `ToolAnnotations`: without a word, a tool may destroy.
  const asks = readOnlyHint !== true && destructiveHint !== false;
  return {
    server: { name: server.name, title: server.title },
    tool: {
      id: toolId(tool.name),
      name: reveal(tool.name),
      title: tool.title === tool.name ? '' : reveal(tool.title ?? ''),
      description: reveal(shortened(tool.description ?? '', longestDescription)),
      schema: tool.inputSchema ? shortened(reveal(indentedJson(tool.inputSchema)), longestSchema) : '',
    },
    hint: readOnlyHint === true ? 'reads' : asks ? 'destroys' : 'changes',
    /** Whether the server says itself that the tool destroys, rather than nothing. */
    saysSo: destructiveHint === true,
    verdict,
    speaksHttp,
    line: callLine(server.name, tool.name, form, speaksHttp ? 'mcp' : 'sse'),
    /** What the script gets. Everything in it is data: the script makes text of it, never elements. */
    call: {
      url: `/${server.name}/mcp`,
      server: server.name,
      tool: tool.name,
      form,
      asks,
      era: isModern ? 'stateless' : 'sessions',
      /** If the server has changed since the last check, the script asks in the other era. */
      versions: { stateless: isModern ? protocolVersion : firstStateless, sessions: newestOfSessions },
      paramHeaders: paramHeadersOf(tool.inputSchema),
      rule: verdict.allowed ? verdict.rule : '',
      mayAudit: mayUseUiSomewhere(policy(), person.scopes, 'view_audit'),
      hidden: hiddenCharacters,
    },
  };
}

/** What the gate would say to a call now: the rule that allows it and what has to hold besides, or why not and who can help. */
function verdictOf(
  policy: Policy,
  { scopes }: Person,
  { name: server }: CatalogueEntry,
  tool: ToolInfo,
  known: KnownTools | undefined,
) {
  const refused = (why: 'unusable' | 'waits' | 'no', groups: string[] = []) => ({
    allowed: false as const,
    why,
    groups,
  });
  const object = { kind: 'tool', name: tool.name } as const;
  const access: Access = { method: 'tools/call', object, arguments: anyArguments };
  const decision = decide(policy, scopes, server, [access], known);
  if (decision.allowed) {
    if (isUnusable(tool)) return refused('unusable');
    const condition = callConditions(policy, scopes, known)(server, tool.name).join(' or ');
    return { allowed: true as const, rule: decision.rule, condition };
  }
  if (decision.reason === 'tool_changed') return refused('waits');
  return refused('no', groupsThatHelp(policy, { scopes, server, accesses: [access], tools: known }, mostGroups));
}
