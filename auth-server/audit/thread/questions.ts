import { createExportQuestions, type ExportQuestions } from '../export/questions.ts';
import { createReadQuestions, type ReadQuestions } from '../read/questions.ts';
import { createReplayQuestions, type ReplayQuestions } from '../replay/questions.ts';
import type { AuditDatabase } from '../store/database.ts';
import type { NameStore } from '../store/names.ts';
import { createUsageQuestions, type UsageQuestions } from '../usage/questions.ts';
import type { AuditPlace } from './place.ts';

/** Everything that the main thread can ask: each room contributes an object of async functions of one plain value. */
export type Questions = ReadQuestions & ExportQuestions & UsageQuestions & ReplayQuestions;

/** What a room makes its functions from. */
export interface QuestionContext {
  database: AuditDatabase;
  names: NameStore;
  place: AuditPlace;
}

export function createQuestions({ database, names }: QuestionContext): Questions {
  return {
    ...createReadQuestions(database, names),
    ...createExportQuestions(database, names),
    ...createUsageQuestions(database),
    ...createReplayQuestions(database),
  };
}
