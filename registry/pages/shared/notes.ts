import { randomBytes } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { LRUCache } from 'lru-cache';
import { type Person, personOf } from '../../access/guards.ts';
import type { Edited } from '../../editing/apply.ts';

/** The outcome of a form, shown on the next page. */
export interface Note {
  tone: 'good' | 'wait' | 'bad';
  text: string;
  more: readonly string[];
  /** Where to go on. */
  link?: { href: string; label: string };
  /** A form of one button that undoes it: where it is sent, and its fields. */
  undo?: { action: string; fields: Readonly<Record<string, string>> };
}

/** A form that ends something came too late. */
export const nothingLeft: Note = { tone: 'wait', text: 'Nothing was left to end.', more: [] };

export type Notes = ReturnType<typeof createNotes>;

/** Keeps notes that wait to be shown, each once and to one person. In memory: a lost note costs one sentence. */
export function createNotes() {
  const waiting = new LRUCache<string, Note>({ max: 1_000, ttl: 120_000 });
  return {
    /** @returns where to redirect the browser: `path` with the note's id, which works for this person only */
    leave(person: Person, path: string, note: Note): string {
      const id = randomBytes(9).toString('base64url');
      waiting.set(`${person.sub} ${id}`, note);
      const url = new URL(path, 'http://registry');
      url.searchParams.set('note', id);
      return `${url.pathname}${url.search}`;
    },
    take(person: Person, id: unknown): Note | undefined {
      if (typeof id !== 'string') return undefined;
      const key = `${person.sub} ${id}`;
      const note = waiting.get(key);
      waiting.delete(key);
      return note;
    },
  };
}

/** Passes the note that a page's address names to the renderer. */
export function showNote(notes: Notes): RequestHandler {
  return (req: Request, res, next) => {
    if (req.method === 'GET') res.locals.note = notes.take(personOf(req), req.query.note);
    next();
  };
}

/** The note on a change: what was done, and what nginx answered. */
export function noteOn(text: string, { route, warnings }: Edited): Note {
  if (route === 'ok') return { tone: warnings.length > 0 ? 'wait' : 'good', text, more: warnings };
  const unknown = 'nginx has not confirmed the new routes yet. It usually does within a few seconds.';
  return { tone: 'wait', text, more: [unknown, ...warnings] };
}
