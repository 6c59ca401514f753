import { watchDefinitions } from '../common/policy/definitions-watch.ts';
import type { Logger } from '../common/service/log.ts';
import { openAudit } from './audit/thread/audit.ts';
import type { AuditPlace } from './audit/thread/place.ts';
import { createAuditEvents } from './decisions/events.ts';
import { createDecisionRecorder } from './decisions/record-decision.ts';
import type { Config } from './process/config.ts';

/**
 * The audit, and what turns decisions and events into its records.
 * @throws {ConfigError} if its files cannot be written
 * @throws what the database threw, if it cannot be opened
 */
export async function auditOf(config: Config, policyVersion: () => string, log: Logger) {
  const audit = await openAudit(placeOf(config), { log });
  const definitions = watchDefinitions(config.APPROVED_TOOLS_FILE);
  return {
    parts: {
      audit,
      auditEvents: createAuditEvents(audit, policyVersion),
      recent: createDecisionRecorder(audit, definitions),
    },
    async close(): Promise<void> {
      definitions.stop();
      await audit.close();
    },
  };
}

function placeOf({ DATABASE_URL, DATA_DIR, AUDIT_DAYS, AUDIT_MAX_MB }: Config): AuditPlace {
  return { where: DATABASE_URL ?? DATA_DIR, days: AUDIT_DAYS, maxBytes: AUDIT_MAX_MB * 2 ** 20 };
}
