import type { JsonObject } from './definition.ts';
import type { ObservedTool } from './tool.ts';

/** What a server tells about itself besides its tools. All of it is the server's own word. */
export interface SelfDescription {
  name: string | null;
  title: string | null;
  version: string | null;
  /** The protocol revision that was agreed on, such as `2025-11-25`. */
  protocolVersion: string | null;
  /** `modern` from 2026-07-28 on (`server/discover`), `legacy` before (`initialize`). */
  era: string | null;
  instructions: string | null;
  capabilities: JsonObject;
  prompts: readonly JsonObject[];
  resources: readonly JsonObject[];
  resourceTemplates: readonly JsonObject[];
}

/** The same with its tools. A list that could not be read this time is null. */
export interface ObservedServer extends Omit<SelfDescription, 'prompts' | 'resources' | 'resourceTemplates'> {
  tools: readonly ObservedTool[] | null;
  prompts: readonly JsonObject[] | null;
  resources: readonly JsonObject[] | null;
  resourceTemplates: readonly JsonObject[] | null;
}

const maxItems = 1_000;
const maxListBytes = 1024 * 1024;

/** As much of a list as is kept of it: 1,000 items and 1 MB. */
export function boundedList(items: readonly JsonObject[]): JsonObject[] {
  let left = maxListBytes;
  return items.slice(0, maxItems).filter((item) => {
    left -= Buffer.byteLength(JSON.stringify(item));
    return left >= 0;
  });
}
