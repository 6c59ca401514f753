import { MessageChannel } from 'node:worker_threads';
import { type Audit, openAudit } from '../../../auth-server/audit/thread/audit.ts';
import type { StartThread, Thread, ThreadPort } from '../../../auth-server/audit/thread/messages.ts';
import type { AuditPlace } from '../../../auth-server/audit/thread/place.ts';
import { serveThread } from '../../../auth-server/audit/thread/serve-thread.ts';
import { createLog, type Logger } from '../../../common/service/log.ts';

/** Does the work of the audit's thread in this one: a thread of its own takes a test 0.1 s. */
export const startHere: StartThread = (data) => {
  const { port1, port2 } = new MessageChannel();
  void serveThread(port2 as ThreadPort, data);
  // As a thread of its own, it does not keep the process alive.
  port2.unref();
  return Object.assign(port1, {
    on: (event: string, listener: () => void) => port1.addListener(event === 'exit' ? 'close' : event, listener),
    terminate: () => port1.close(),
  }) as unknown as Thread;
};

const silent = createLog('auth-server', 'silent');

/** The audit without a thread, in a folder or database. */
export function openAuditHere(where: string, change: Partial<AuditPlace> = {}, log: Logger = silent): Promise<Audit> {
  return openAudit({ ...placeOf(where), ...change }, { log, start: startHere });
}

/** A place with the usual limits. */
export function placeOf(where: string): AuditPlace {
  return { where, days: 30, maxBytes: 4_096 * 2 ** 20, publicUrl: 'http://localhost:8080', headMinutes: 60 };
}

/** The audit for tests that only add records: it is opened with the first question. */
export function auditWhenAsked(where: string): Audit {
  let opened: Promise<Audit> | undefined;
  const waiting: Parameters<Audit['add']>[] = [];
  let current: Audit | undefined;
  const open = async () => {
    current = await openAuditHere(where);
    for (const each of waiting) current.add(...each);
    return current;
  };
  return {
    add(...each) {
      if (current) current.add(...each);
      else waiting.push(each);
    },
    async ask(question, input) {
      opened ??= open();
      return (await (await opened).ask(question, input)) as never;
    },
    close: async () => await (await opened)?.close(),
  };
}
