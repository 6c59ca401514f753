import type { DecisionPage, DecisionsQuery } from '../../../common/doors/decisions.ts';
import type { AuditDatabase } from '../store/database.ts';
import type { NameStore } from '../store/names.ts';
import type { Visible } from '../visible.ts';
import { createPages } from './page.ts';
import { countSeen, type SeenQuery, seenPeople } from './people.ts';

export type ReadQuestions = ReturnType<typeof createReadQuestions>;

/** Questions about records. */
export function createReadQuestions(database: AuditDatabase, names: NameStore) {
  const readPage = createPages(database, names);
  return {
    /** A page of records, the newest first. */
    page: ({ query, visible }: { query: DecisionsQuery; visible: Visible }): Promise<DecisionPage> =>
      readPage(query, visible),
    /** The people whose name or subject has a text, in any case of ASCII letters: those seen last first. */
    people: (asked: { text: string; most: number }) => seenPeople(database, asked),
    /** How many people of some groups were seen. */
    groups: (asked: SeenQuery) => countSeen(database, asked),
    /** The servers that records name; `#registry` is the registry. */
    async servers(_: Record<string, never>): Promise<string[]> {
      const rows = database.main.selectFrom('audit_name').select('value').where('kind', '=', 'server');
      return (await rows.orderBy('value').execute()).map(({ value }) => value);
    },
  };
}
