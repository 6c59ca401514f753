import { watchDefinitions } from '../common/policy/definitions-watch.ts';
import type { Logger } from '../common/service/log.ts';
import { openAudit } from './audit/thread/audit.ts';
import type { StartThread } from './audit/thread/messages.ts';
import type { AuditPlace } from './audit/thread/place.ts';
import { createAuditEvents } from './decisions/events.ts';
import type { Metrics } from './decisions/metrics.ts';
import { createDecisionRecorder } from './decisions/record-decision.ts';
import type { Config } from './process/config.ts';

/**
 * The audit, and what turns decisions and events into its records.
 * @throws {ConfigError} if its files cannot be written
 * @throws what the database threw, if it cannot be opened
 */
export async function auditOf(
  config: Config,
  policyVersion: () => string,
  { called }: Pick<Metrics, 'called'>,
  { startThread, log }: { startThread: StartThread | undefined; log: Logger },
) {
  const audit = await openAudit(placeOf(config), { log, called, ...(startThread && { start: startThread }) });
  const definitions = watchDefinitions(config.APPROVED_TOOLS_FILE);
  return {
    parts: {
      audit,
      definitions,
      auditEvents: createAuditEvents(audit, policyVersion),
      recent: createDecisionRecorder(audit, definitions),
    },
    async close(): Promise<void> {
      definitions.stop();
      await audit.close();
    },
  };
}

function placeOf(config: Config): AuditPlace {
  return {
    where: config.DATABASE_URL ?? config.DATA_DIR,
    days: config.AUDIT_DAYS,
    maxBytes: config.AUDIT_MAX_MB * 2 ** 20,
    publicUrl: config.REGISTRY_URL,
    headMinutes: config.AUDIT_HEAD_MINUTES,
    callsFile: config.CALLS_FILE,
  };
}
