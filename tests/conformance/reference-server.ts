import { randomBytes, randomUUID } from 'node:crypto';
import {
  localhostHostValidation,
  localhostOriginValidation,
  NodeStreamableHTTPServerTransport,
  toNodeHandler,
  toWebRequest,
} from '@modelcontextprotocol/node';
import {
  createMcpHandler,
  createRequestStateCodec,
  type EventStore,
  isLegacyRequest,
  McpServer,
  type RequestStateCodec,
} from '@modelcontextprotocol/server';
import { memorySkillFiles, SkillsExtension } from '@modelcontextprotocol/server/ext/skills';
import express from 'express';
import { listen } from '../support/listen.ts';
import { addLegacyCalls, addModernCalls, addNotifyingCalls, type Changes } from './reference-calls.ts';
import { addObjects } from './reference-objects.ts';

const info = { name: 'reference', version: '1' };

const skills = await SkillsExtension.load(
  memorySkillFiles({
    'greeting/SKILL.md': '---\nname: greeting\ndescription: How to greet\n---\n# Greet\nSay hello.\n',
    'greeting/references/polite.md': '# Politely\nSay good morning.\n',
  }),
);

/**
 * A server with everything that the official conformance suite looks for, on SDK v2: with sessions and resumable streams for
 * the 2025 versions, without for 2026-07-28. Some tools it has in one of the two only, as the suite wants it.
 * @param era `old` for a server that does not know 2026-07-28
 */
export async function startReferenceServer(
  era: 'both' | 'old' = 'both',
): Promise<{ origin: string; close: () => Promise<void> }> {
  const state = createRequestStateCodec<number>({ key: randomBytes(32) });
  const modern = createMcpHandler(() => buildModern(state, modern.notify), { legacy: 'reject' });
  const answerModern = toNodeHandler(modern);
  const sessions = new Map<string, NodeStreamableHTTPServerTransport>();
  const checks = [localhostHostValidation(), localhostOriginValidation()];
  const app = express();
  app.use((req, res, next) => checks.every((check) => check(req, res)) && next());
  app.use(express.json());
  app.all('/mcp', async (req, res) => {
    const isOld = era === 'old' || (await isLegacyRequest(await toWebRequest(req, req.body)));
    if (!isOld) return await answerModern(req, res, req.body);
    const id = req.get('mcp-session-id');
    if (id !== undefined && !sessions.has(id)) return void res.sendStatus(404);
    const session = sessions.get(id ?? '') ?? (await openSession(sessions));
    await session.handleRequest(req, res, req.body);
  });
  const { port, close } = await listen(app);
  return { origin: `http://localhost:${port}`, close };
}

function buildModern(state: RequestStateCodec<number>, changes: Changes): McpServer {
  const capabilities = { tools: { listChanged: true }, prompts: { listChanged: true }, logging: {} };
  const server = new McpServer(info, { capabilities, requestState: { verify: state.verify } });
  addObjects(server);
  skills.attach(server);
  addNotifyingCalls(server);
  addModernCalls(server, state, changes);
  return server;
}

async function openSession(sessions: Map<string, NodeStreamableHTTPServerTransport>) {
  const server = new McpServer(info, { capabilities: { resources: { subscribe: true }, logging: {} } });
  addObjects(server);
  skills.attach(server);
  addNotifyingCalls(server);
  addLegacyCalls(server);
  for (const method of ['resources/subscribe', 'resources/unsubscribe'] as const)
    server.server.setRequestHandler(method, () => ({}));
  const transport = new NodeStreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    eventStore: createEventStore(),
    retryInterval: 100,
    onsessioninitialized: (id) => void sessions.set(id, transport),
    onsessionclosed: (id) => void sessions.delete(id),
  });
  await server.connect(transport);
  return transport;
}

/** Keeps every event of a session, so that a client can resume a stream. */
function createEventStore(): EventStore {
  const events: Parameters<EventStore['storeEvent']>[] = [];
  return {
    storeEvent: async (...event) => String(events.push(event)),
    async replayEventsAfter(last, { send }) {
      const [stream = ''] = events[Number(last) - 1] ?? [];
      for (const [index, [of, message]] of events.entries())
        if (of === stream && index >= Number(last)) await send(String(index + 1), message);
      return stream;
    },
  };
}
