const stopWords = new Set(
  `a an the is are was be it its this that what whats which who when where how do does can could will would should may must
   me my i we us you your please tell show give get let know want need find there here in on at of for from to into by
   with between and or as if then than so about right now have has any some all run call use invoke`.split(/\s+/),
);

/** The words of a text in lower case, without plural endings; splits camelCase and snake_case, and reads "daily" as day. */
export function wordsOf(text: string): string[] {
  const spaced = text.replace(/['’]/g, '').replace(/(\p{Ll}|\d)(\p{Lu})/gu, '$1 $2');
  const words = spaced.toLowerCase().match(/[\p{L}\d]+/gu) ?? [];
  return words.map((word) =>
    word === 'daily' ? 'day' : word.replace(/(hour|week|month|year)ly$/, '$1').replace(/(?<=..[^sui])s$/, ''),
  );
}

/** The words of a text that say what the user wants: without those that occur in any question. */
export function contentWords(text: string): string[] {
  const words = text.replace(/['’]/g, '').match(/[\p{L}\d_]+/gu) ?? [];
  return [...new Set(words.filter((word) => !stopWords.has(word.toLowerCase())).flatMap(wordsOf))];
}
