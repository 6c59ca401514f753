import type { DecisionPage, DecisionsQuery } from '../../../common/policy/decisions.ts';
import type { AuditDatabase } from '../store/database.ts';
import type { NameStore } from '../store/names.ts';
import type { Visible } from './visible.ts';

export function createPages(database: AuditDatabase, _names: NameStore) {
  return async (_query: DecisionsQuery, _visible: Visible): Promise<DecisionPage> => {
    void database;
    return { decisions: [], next: null, kept: 0, oldest: null };
  };
}
