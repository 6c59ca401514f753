import type { JsonObject } from './definition.ts';
import type { ObservedTool } from './tool.ts';

/** What a server says about itself, apart from its tools. All of it is the server's own text and not to be trusted. */
export interface SelfDescription {
  name: string | null;
  title: string | null;
  version: string | null;
  /** The negotiated protocol revision, such as `2025-11-25`. */
  protocolVersion: string | null;
  /** `modern` from 2026-07-28 on (`server/discover`), `legacy` before (`initialize`). */
  era: string | null;
  instructions: string | null;
  /** Its icon, as `iconSource` chose it. Missing if there is none, and in what older versions have stored. */
  icon?: string | undefined;
  capabilities: JsonObject;
  prompts: readonly JsonObject[];
  resources: readonly JsonObject[];
  resourceTemplates: readonly JsonObject[];
}

/** What one check read of a server. A list that could not be read is null. */
export interface ObservedServer extends Omit<SelfDescription, 'prompts' | 'resources' | 'resourceTemplates'> {
  tools: readonly ObservedTool[] | null;
  prompts: readonly JsonObject[] | null;
  resources: readonly JsonObject[] | null;
  resourceTemplates: readonly JsonObject[] | null;
}

const maxItems = 1_000;
const maxListBytes = 1024 * 1024;

/** Cuts a list to what is stored of it: 1,000 items and 1 MB. */
export function boundedList(items: readonly JsonObject[]): JsonObject[] {
  let left = maxListBytes;
  return items.slice(0, maxItems).filter((item) => {
    left -= Buffer.byteLength(JSON.stringify(item));
    return left >= 0;
  });
}
