import { randomBytes } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { LRUCache } from 'lru-cache';
import { type Person, personOf } from '../../access/guards.ts';

/** What came of a form, for the page that is shown next. */
export interface Note {
  tone: 'good' | 'wait' | 'bad';
  text: string;
  more: readonly string[];
}

/** Notes that wait to be shown, once, to whom they are for. */
export interface Notes {
  /** @returns where to lead the browser: `path` with the note's number, which means nothing to anybody else */
  leave(person: Person, path: string, note: Note): string;
  take(person: Person, id: unknown): Note | undefined;
}

const secondsToLive = 120;

/** Makes the notes of one registry, in memory: a note that is lost costs a sentence. */
export function createNotes(): Notes {
  const waiting = new LRUCache<string, Note>({ max: 1_000, ttl: secondsToLive * 1_000 });
  return {
    leave(person, path, note) {
      const id = randomBytes(9).toString('base64url');
      waiting.set(`${person.sub} ${id}`, note);
      const url = new URL(path, 'http://registry');
      url.searchParams.set('note', id);
      return `${url.pathname}${url.search}`;
    },
    take(person, id) {
      if (typeof id !== 'string') return undefined;
      const key = `${person.sub} ${id}`;
      const note = waiting.get(key);
      waiting.delete(key);
      return note;
    },
  };
}

/** Puts the note that a page's address names where the renderer finds it. */
export function showNote(notes: Notes): RequestHandler {
  return (req: Request, res, next) => {
    if (req.method === 'GET') res.locals.note = notes.take(personOf(req), req.query.note);
    next();
  };
}
