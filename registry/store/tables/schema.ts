import type { Generated } from 'kysely';
import { parameterHeaders } from '../../servers/header-names.ts';

/** The tables as Kysely sees them. Times are ISO 8601 in UTC; lists and objects are JSON text; flags are 0 or 1. */
export interface Schema {
  server: {
    name: string;
    revision: number;
    enabled: number;
    title: string;
    description: string;
    upstream: string;
    mcp_path: string | null;
    sse_path: string | null;
    tags: string;
    version: string | null;
    repository: string | null;
    license: string | null;
    icons: string;
    /** Name of the secret for the upstream. */
    auth_secret: string | null;
    /** The entry of each person's own account at the upstream, and the secret for the registry's checks. */
    auth_account: string | null;
    auth_checks: string | null;
    /** The name in the server's `server.json`. */
    alias: string | null;
    /** A list of header names; null if it was never set. */
    forward_headers: string | null;
    /** The Host header that the server gets; null for the host of its address. */
    host_header: string | null;
    /** How many seconds a health check waits; null for the setting. */
    health_seconds: number | null;
    /** The members of a set, as JSON; null for a server. */
    members: string | null;
    /** What it may ask of clients, as a JSON list; null if it was never set. */
    may: string | null;
    /** Who owns it: subject and display name; null for no owner. */
    owner_sub: string | null;
    owner_name: string | null;
    /** The subject of the person who disabled it; null if it is enabled, or if that is unknown. */
    disabled_by: string | null;
    /** 1 while a change by its owner waits for a look. */
    awaits: number | null;
    updated_at: string;
  };
  /** The last owner of each name that was given up; null for none. */
  former_owner: { server: string; owner_sub: string | null };
  server_change: {
    id: Generated<number>;
    at: string;
    server: string;
    action: string;
    by_sub: string;
    by_name: string;
    fields: string;
  };
  registry_state: { key: string; value: string };
  /** The last state of a server, as JSON, and the target that was checked. */
  server_health: { server: string; target: string; at: string; state: string };
  /** A server's last answer, as JSON. */
  server_seen: { server: string; target: string; at: string; seen: string };
  /** Each change of a server's state. */
  server_event: { server: string; at: string; state: string; latency_ms: number | null; reason: string | null };
  /** Sums of checks over `size` minutes from minute `start` since 1970. */
  server_checks: {
    server: string;
    size: number;
    start: number;
    ok: number;
    failed: number;
    total_ms: number;
    longest_ms: number;
  };
  /** When the registry first read a server's tools, and so approved them. */
  tool_baseline: { server: string; at: string };
  /** The approved definition of a tool; `parts` is JSON, or null if too large to store. `headers` are what its callers send, or null. */
  tool_pin: {
    server: string;
    name: string;
    hash: string;
    parts: string | null;
    at: string;
    by_name: string;
    headers: string | null;
    /** 1 if a person approved it, and not the registry at first sight, or an agent. */
    by_person: number | null;
    /** 1 if it says that the tool only reads. */
    read_only: number | null;
  };
  /** The definition of a tool that waits for approval. */
  tool_pending: {
    server: string;
    name: string;
    hash: string;
    parts: string | null;
    at: string;
    /** Why it cannot be approved; null if it can. */
    unusable: string | null;
    /** 1 if a person keeps the approved definition: this one waits until a check has seen that one again. */
    rejected: number | null;
  };
  /** What people ask for. Times are in seconds since 1970, by the database's clock; `tools` and `groups` are JSON. */
  access_request: {
    id: string;
    server: string;
    tools: string;
    reason: string;
    by_sub: string;
    by_name: string;
    groups: string;
    at: number;
    until: number;
    state: string;
    answered_at: number | null;
    answered_by_sub: string | null;
    answered_by_name: string | null;
    words: string | null;
  };
}

/** Whom an approval of first sight names. */
export const firstSight = 'first seen';

/** The column `headers` for a tool's `inputSchema`: names separated by commas, or null if there are none. */
export function headersText(inputSchema: unknown): string | null {
  return parameterHeaders(inputSchema).join() || null;
}
