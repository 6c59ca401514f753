import type { AuditRecord } from '../../record.ts';

/** What stands for a person who was erased. */
export const erasedPerson = 'erased';

/** Whom to erase. */
export interface ErasedPerson {
  subject: string;
  /** What records call them: user names and shown names. */
  names: readonly string[];
}

/**
 * What is left of the record of an erased person: what was asked of which server, and what was decided. A tool is known to all;
 * every other object may say something of the person.
 */
export function restOfRecord(record: AuditRecord): AuditRecord {
  const { about, about_name, detail } = record;
  const isAboutOthers = about !== undefined && about !== record.subject;
  const { at, verdict, reason, status, auth_method, via, resource, server, http, method } = record;
  const { object, objects, definition, account, account_used, rule, policy, microseconds, count } = record;
  return {
    ...{ at, verdict, reason, status, subject: erasedPerson, auth_method, via, resource, server },
    http: resource === 'mcp' ? http : http?.split('/', 2).join('/'),
    ...{ method, object: definition === undefined ? undefined : object, objects, definition },
    ...{ account, account_used, rule, policy, microseconds, count },
    ...(isAboutOthers && { about, about_name, detail }),
  };
}

/** What is left of an event that others did to the person, or in which they looked for the person. */
export function restOfEvent(record: AuditRecord, person: ErasedPerson): AuditRecord {
  const { about: _about, about_name: _name, detail: _detail, ...rest } = record;
  const isAbout = record.about === person.subject;
  return { ...rest, ...(isAbout ? { about: erasedPerson } : { detail: erasedPerson }) };
}

/** Events that may name a person who did not do them. */
export const namingEvents = [
  'access/end',
  'audit/read',
  'audit/export',
  'policy/change',
  'policy/propose',
  'policy/confirm',
  'policy/refuse',
  'policy/withdraw',
] as const;

/** Names that are shorter would be found in every other text. */
const shortestName = 3;

/** Whether an event that another person did names the person. */
export function namesPerson({ subject, about, about_name, detail = '' }: AuditRecord, person: ErasedPerson): boolean {
  if (subject === person.subject) return false;
  const text = detail.toLowerCase();
  const all = [person.subject, ...person.names].filter((name) => name.length >= shortestName);
  const isNamed = all.some((name) => text.includes(name.toLowerCase()));
  return about === person.subject || (about_name !== undefined && person.names.includes(about_name)) || isNamed;
}
