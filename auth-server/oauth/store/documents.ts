import type { Kysely } from 'kysely';
import type { Registration } from '../clients/client.ts';
import type { Schema } from './migrations.ts';

/** A client metadata document as it was last read. Times in seconds since 1970. */
export interface KeptDocument {
  registration: Registration;
  readAt: number;
  /** Until when it counts without being read again. */
  until: number;
}

export type DocumentStore = ReturnType<typeof createDocumentStore>;

/** Those in use are read again each hour, and strangers can add fewer than this in an hour. */
const mostDocuments = 10_000;

/** The client metadata documents that were read, for all processes. */
export function createDocumentStore(db: Kysely<Schema>, most = mostDocuments) {
  return {
    async find(url: string): Promise<KeptDocument | undefined> {
      const row = await db.selectFrom('oauth_document').selectAll().where('url', '=', url).executeTakeFirst();
      return row && { registration: JSON.parse(row.registration), readAt: row.read_at, until: row.until };
    },
    async keep(url: string, { registration, readAt, until }: KeptDocument): Promise<void> {
      const said = { registration: JSON.stringify(registration), read_at: readAt, until };
      await db
        .insertInto('oauth_document')
        .values({ url, ...said })
        .onConflict((c) => c.column('url').doUpdateSet(said))
        .execute();
      const oldest = db.selectFrom('oauth_document').select('url').orderBy('read_at', 'desc').limit(100).offset(most);
      await db.deleteFrom('oauth_document').where('url', 'in', oldest).execute();
    },
  };
}
