import MiniSearch, { type SearchResult } from 'minisearch';
import { synonymsOf } from './synonyms.ts';
import type { Allows } from './vocabulary.ts';
import { namesIn, type Words, wholeName } from './words.ts';

/** A document that matches a search. */
export interface Hit {
  id: number;
  /** From 0 to 1: the share of query words that the best hit covers, times this hit's weight relative to the best. */
  score: number;
}

export type TextIndex<F extends string> = ReturnType<typeof createTextIndex<F>>;

/** Shorter words do not match as prefixes or typos: too many words are similar. */
const shortestPrefix = 3;
const shortestTypo = 5;

/**
 * Makes an empty BM25 index of documents with fields.
 * @param weights the weights by field
 * @param name the field that holds the identifier
 */
export function createTextIndex<F extends string>(words: Words, weights: Readonly<Record<F, number>>, name: F) {
  const wholes = new Map<number, string>();
  let allowed: Allows | undefined;
  const index = new MiniSearch<{ id: number }>({
    fields: Object.keys(weights),
    tokenize: (text, field) => (field === name ? words.ofName(text, allowed) : words.ofText(text, allowed)),
    processTerm: (term) => term,
  });

  const find = (query: Query, isVisible: (id: number) => boolean): SearchResult[] =>
    index.search([...query.terms.keys()].join(' '), {
      tokenize: (text) => text.split(' '),
      processTerm: (term) => term,
      boost: weights,
      boostTerm: (term) => query.terms.get(term)?.weight ?? 0,
      boostDocument: (id) => (isVisible(id as number) ? 1 : 0),
      prefix: (term) => term.length >= shortestPrefix && query.terms.get(term)?.loose === true,
      fuzzy: (term) => (term.length >= shortestTypo && query.terms.get(term)?.loose ? 0.2 : false),
      maxFuzzy: 1,
      weights: { prefix: 0.3, fuzzy: 0.25 },
    });

  return {
    /** @param allows which words of the document count; all if undefined */
    add(id: number, document: Readonly<Record<F, string>>, allows?: Allows): void {
      allowed = allows;
      index.add({ id, ...document });
      wholes.set(id, wholeName(document[name]));
    },
    remove(ids: readonly number[]): void {
      index.discardAll(ids);
      for (const id of ids) wholes.delete(id);
    },
    /** Returns the hits for `text`, best first. Documents that are not visible are excluded before ranking. */
    search(text: string, isVisible: (id: number) => boolean): Hit[] {
      const query = parseQuery(words, text);
      if (query.terms.size === 0) return [];
      const found = find(query, isVisible).map((result) => weigh(result, query, wholes.get(result.id) === query.whole));
      found.sort((a, b) => b.weight - a.weight);
      const [best] = found;
      if (!best) return [];
      return found.map(({ id, weight }) => ({ id, score: (best.part * weight) / best.weight }));
    },
  };
}

/** A document whose name equals the whole query ranks above all others. */
const exactWeight = 1e6;

function weigh({ id, score, queryTerms }: SearchResult, query: Query, exact: boolean) {
  const covered = new Set(queryTerms.map((term) => query.terms.get(term)?.of));
  const part = Math.min(1, covered.size / Math.max(1, query.size));
  // MiniSearch multiplies by the number of terms, and counts synonyms of one word as several.
  const weight = (score / queryTerms.length) * part * (exact ? exactWeight : 1);
  return { id: id as number, weight, part: exact ? 1 : part };
}

/** `of`: index of the query word that the term stands for; synonyms share it. `loose`: prefixes and typos match too. */
type Term = { weight: number; of: number; loose: boolean };
type Query = ReturnType<typeof parseQuery>;

/** Further words are ignored: each costs time. */
const mostWords = 40;
const synonymWeight = 0.35;
const nameWeight = 2;

/**
 * Parses a query. One without meaningful words has no terms.
 * @returns `size` is the number of different meaningful words, `whole` the whole query as an identifier
 */
function parseQuery(words: Words, text: string) {
  const asked = [...new Set(words.ofText(text))].slice(0, mostWords);
  const names = [...new Set(namesIn(text).map(wholeName))].slice(0, mostWords);
  const terms = new Map<string, Term>();
  asked.forEach((word, of) => {
    terms.set(word, { weight: 1, of, loose: true });
  });
  names.forEach((name, at) => {
    if (!terms.has(name)) terms.set(name, { weight: nameWeight, of: asked.length + at, loose: false });
  });
  asked.forEach((word, of) => {
    for (const other of synonymsOf(word))
      if (!terms.has(other)) terms.set(other, { weight: synonymWeight, of, loose: false });
  });
  return { terms, size: asked.length, whole: wholeName(text) };
}
