import { synonymsOf } from './synonyms.ts';
import { namesIn, type Words, wholeName } from './words.ts';

/** One word to look for. */
export interface Term {
  weight: number;
  /** Which word of the question it stands for; synonyms stand for the same. */
  of: number;
  /** Whether beginnings and slips of the pen count too. */
  loose: boolean;
}

/** A question, taken apart. */
export interface Query {
  terms: ReadonlyMap<string, Term>;
  /** How many different words of the question mean something. */
  size: number;
  /** The whole question as if it were an identifier. */
  whole: string;
}

/** More words than this are cut off: nobody asks for a tool with more, and each costs time. */
const mostWords = 40;
const synonymWeight = 0.35;
const nameWeight = 2;

/** Takes a question apart. One that holds nothing but words without meaning has no terms. */
export function parseQuery(words: Words, text: string): Query {
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
