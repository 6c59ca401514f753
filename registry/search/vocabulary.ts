/** Whether a word of a document may enter the index. */
export type Allows = (word: string) => boolean;

/** A new word costs a look-up in the dictionary, about 0.1 ms, and a kilobyte in the index. */
const mostWords = 4_000;
const mostNewWords = 300;

/**
 * Makes the limit on the words of one server. A thousand honest tools share their words; made-up words are without end.
 * @returns a function that begins a tool: it allows 300 words that this server's earlier tools did not have, and 4,000
 *   words for all its tools; words over the limit are not found
 */
export function createVocabulary(): () => Allows {
  const known = new Set<string>();
  return () => {
    const limit = Math.min(mostWords, known.size + mostNewWords);
    return (word) => known.has(word) || (known.size < limit && known.add(word).has(word));
  };
}
