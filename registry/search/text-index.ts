import MiniSearch, { type SearchResult } from 'minisearch';
import { parseQuery, type Query } from './query.ts';
import { type Words, wholeName } from './words.ts';

/** One thing that was found. */
export interface Hit {
  id: number;
  /** How well it fits, from 0 to 1: what part of the question's words the best has, and how this compares with it. */
  score: number;
}

export interface TextIndexOptions<F extends string> {
  words: Words;
  /** The fields, each with its weight. */
  weights: Readonly<Record<F, number>>;
  /** The field that holds the identifier. */
  name: F;
}

/** An index over documents with fields, by BM25. */
export interface TextIndex<F extends string> {
  add(id: number, fields: Readonly<Record<F, string>>): void;
  remove(ids: readonly number[]): void;
  /** What fits `text`, the best first. What `isVisible` denies is left out before anything is weighed or put in order. */
  search(text: string, isVisible: (id: number) => boolean): Hit[];
}

/** Words shorter than these are not taken for a beginning or a slip of the pen of another: too many are alike. */
const shortestBeginning = 3;
const shortestSlip = 5;

/** Makes an empty index. */
export function createTextIndex<F extends string>({ words, weights, name }: TextIndexOptions<F>): TextIndex<F> {
  const wholes = new Map<number, string>();
  const index = new MiniSearch<{ id: number }>({
    fields: Object.keys(weights),
    tokenize: (text, field) => (field === name ? words.ofName(text) : words.ofText(text)),
    processTerm: (term) => term,
  });

  const find = (query: Query, isVisible: (id: number) => boolean): SearchResult[] =>
    index.search([...query.terms.keys()].join(' '), {
      tokenize: (text) => text.split(' '),
      processTerm: (term) => term,
      boost: weights,
      boostTerm: (term) => query.terms.get(term)?.weight ?? 0,
      boostDocument: (id) => (isVisible(id as number) ? 1 : 0),
      prefix: (term) => term.length >= shortestBeginning && query.terms.get(term)?.loose === true,
      fuzzy: (term) => (term.length >= shortestSlip && query.terms.get(term)?.loose ? 0.2 : false),
      maxFuzzy: 1,
      weights: { prefix: 0.3, fuzzy: 0.25 },
    });

  return {
    add(id, document) {
      index.add({ id, ...document });
      wholes.set(id, wholeName(document[name]));
    },
    remove(ids) {
      index.discardAll(ids);
      for (const id of ids) wholes.delete(id);
    },
    search(text, isVisible) {
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

/** Something whose name is the whole question is what was meant, whatever else uses the same words. */
const exactly = 1e6;

function weigh({ id, score, queryTerms }: SearchResult, query: Query, exact: boolean) {
  const covered = new Set(queryTerms.map((term) => query.terms.get(term)?.of));
  const part = Math.min(1, covered.size / Math.max(1, query.size));
  // minisearch has multiplied by the number of terms, and counts synonyms of one word as several.
  const weight = (score / queryTerms.length) * part * (exact ? exactly : 1);
  return { id: id as number, weight, part: exact ? 1 : part };
}
