import { type ServerMessage, stringAt } from '../../../common/answers/message.ts';
import { splice } from '../../../common/answers/rewrite.ts';
import type { Client } from '../client.ts';
import type { Exchange, Member, Route } from '../exchange.ts';
import { limits } from '../limits.ts';
import { eraOf, type Members } from '../member.ts';
import { messagesOf } from '../members/answer.ts';
import { Notices } from '../passing/notices.ts';
import { innerTaskId } from '../passing/task-ids.ts';
import { idOf } from '../passing/writer.ts';
import { openStream, readUpdates, updated } from './streams.ts';
import { Updates } from './updates.ts';

const subscriptionKey = 'io.modelcontextprotocol/subscriptionId';

/** Passes on updates until the client has gone: `subscriptions/listen` of MCP 2026-07-28, with its tasks extension. */
export async function listen(
  members: Members,
  exchange: Exchange,
  client: Client,
  routes: ReadonlyMap<Route, readonly string[]>,
  taskIds: readonly string[],
): Promise<void> {
  const { gone } = exchange.reply;
  const meta = { [subscriptionKey]: exchange.message.id };
  const tell = (uri: string) => {
    const json = JSON.stringify({ jsonrpc: '2.0', method: updated, params: { uri, _meta: meta } });
    void exchange.reply.event({ name: undefined, id: undefined, retry: undefined, data: Buffer.from(json) });
  };
  const streams = [...routes].map(async ([{ member }, uris]) => {
    const updates = new Updates(tell);
    for (const uri of uris.slice(0, limits.subscriptions)) updates.uris.add(uri);
    if (eraOf(member, {}) === 'old')
      for (const uri of updates.uris) await members.tell(exchange, client, member, subscribe(client.nextId(), uri));
    const wanted = { resourceSubscriptions: [...updates.uris] };
    await readUpdates(client, member, await openStream(members, exchange, client, member, wanted, gone), updates);
  });
  const inner = taskIds.flatMap((id) => innerTaskId(client, exchange.era, id) ?? []);
  const tasks = Map.groupBy(inner, ({ member }) => member.server)
    .values()
    .map((own) => followTasks(members, exchange, client, own));
  await Promise.allSettled([...streams, ...tasks]);
  if (!gone.aborted) await new Promise<void>((go) => gone.addEventListener('abort', () => go(), { once: true }));
}

/** Passes on how tasks of one member go on. @param tasks with the member's own ids */
async function followTasks(
  members: Members,
  exchange: Exchange,
  client: Client,
  tasks: readonly { member: Member; id: string }[],
) {
  const { reply } = exchange;
  const [{ member }] = tasks as [(typeof tasks)[number]];
  const notices = new Notices();
  const wanted = { taskIds: tasks.map(({ id }) => id) };
  const { answer } = await openStream(members, exchange, client, member, wanted, reply.gone);
  try {
    for await (const { message } of messagesOf(member.server, answer)) {
      const method = message && stringAt(message.bytes, message.parts.get('method'));
      const notice =
        method?.startsWith('notifications/tasks') && notices.pass(member, message as ServerMessage, undefined);
      if (!notice) continue;
      const path = ['params', '_meta', subscriptionKey] as const;
      const data = splice(notice, [{ path, json: idOf(exchange), onlyIfThere: true }]);
      await reply.event({ name: undefined, id: undefined, retry: undefined, data });
    }
  } finally {
    answer.destroy();
  }
}

function subscribe(id: number, uri: string): Buffer {
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method: 'resources/subscribe', params: { uri } }));
}
