import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import {
  InMemoryTaskMessageQueue,
  InMemoryTaskStore,
} from '@modelcontextprotocol/sdk/experimental/tasks/stores/in-memory.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';

/** A member of 2025-11-25 on the official SDK with a tool whose calls become tasks. They work until `finish`. */
export class TaskMember {
  readonly #store = new InMemoryTaskStore();
  readonly #transports = new Map<string, StreamableHTTPServerTransport>();
  readonly #working: (() => Promise<void>)[] = [];

  readonly listener: RequestListener = (req, res) => void this.#serve(req, res);

  /** Ends the work on all tasks. */
  async finish(): Promise<void> {
    for (const end of this.#working.splice(0)) await end();
  }

  async #serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const known = this.#transports.get(String(req.headers['mcp-session-id']));
    await (known ?? (await this.#connect())).handleRequest(req, res);
  }

  async #connect(): Promise<StreamableHTTPServerTransport> {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void this.#transports.set(id, transport),
    });
    await this.#build().connect(transport as Transport);
    return transport;
  }

  #build(): McpServer {
    const capabilities = { tools: {}, tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } };
    const stores = { taskStore: this.#store, taskMessageQueue: new InMemoryTaskMessageQueue() };
    const server = new McpServer({ name: 'tasked', version: '1' }, { capabilities, ...stores });
    server.experimental.tasks.registerToolTask(
      'build',
      { execution: { taskSupport: 'required' } },
      {
        createTask: async ({ taskStore }) => {
          const task = await taskStore.createTask({ pollInterval: 50 });
          const result = { content: [{ type: 'text' as const, text: 'built' }] };
          this.#working.push(() => taskStore.storeTaskResult(task.taskId, 'completed', result));
          return { task };
        },
        getTask: ({ taskId, taskStore }) => taskStore.getTask(taskId),
        getTaskResult: async ({ taskId, taskStore }) => ({
          content: [],
          ...(await taskStore.getTaskResult(taskId)),
        }),
      },
    );
    return server;
  }
}
