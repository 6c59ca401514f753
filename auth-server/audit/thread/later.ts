import { createSigning } from '../chain/make/signing.ts';
import { type Background, startBackground } from './background.ts';
import { createQuestions } from './questions.ts';

/** Starts what is not needed to write records: answers to questions, statements, and background jobs. */
export function startLater(parts: Omit<Background, 'questions' | 'signing'>) {
  const { database, names, place, report } = parts;
  const questions = createQuestions({ database, names, place });
  const signing = createSigning(database, place, ({ statement: { kind, seq }, jws }) => {
    const fields = { statement: seq, kind, jws };
    report({ level: 'info', code: 'audit_statement', message: 'a statement about the audit was signed', fields });
  });
  return { questions, signing, stopJobs: startBackground({ ...parts, questions, signing }) };
}
