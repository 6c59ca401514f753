import { version } from '../../../common/settings/version.ts';
import { newVersion, tasksExtension } from './eras.ts';

/**
 * What the hub can do, whatever its members can: it says so before it has asked any of them. A list of which no member has
 * anything is empty.
 */
const capabilities = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { listChanged: true, subscribe: true },
  completions: {},
  logging: {},
};

const oldCapabilities = { ...capabilities, tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } };
/** 2026-07-28 has tasks as an extension. Whether a call becomes one, its member decides. */
const newCapabilities = { ...capabilities, extensions: { [tasksExtension]: {} } };

/** The hub's own. A member's instructions would be the text of one server in front of everything of the others. */
const instructions =
  'This server offers the tools, prompts and resources of several servers that you may use. A name begins with its server: server__tool. The _meta of a list names what is left out, and why.';

/** How long a client may show what it has cached: as long as the gateway lets it show any list. */
const ttlMilliseconds = 10_000;

/** What a result of 2026-07-28 has in addition (server/utilities/caching): it was made for its caller. */
export const newResult = { resultType: 'complete', ttlMs: ttlMilliseconds, cacheScope: 'private' };

function infoOf(set: string) {
  return { name: set || 'hub', title: set ? `The set ${set}` : 'All servers', version };
}

/** The result of `initialize`. */
export function initialized(set: string, protocolVersion: string) {
  return { protocolVersion, capabilities: oldCapabilities, serverInfo: infoOf(set), instructions };
}

/** The result of `server/discover`. */
export function discovered(set: string) {
  const serverInfo = infoOf(set);
  const _meta = { 'io.modelcontextprotocol/serverInfo': serverInfo };
  return {
    ...newResult,
    supportedVersions: [newVersion],
    capabilities: newCapabilities,
    serverInfo,
    instructions,
    _meta,
  };
}
