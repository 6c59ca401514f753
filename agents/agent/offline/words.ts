const stopWords = new Set(
  `a an the is are was be been it its this that these those what which who when where how do does did can could would will
   shall should may might must me my mine i we us our you your please tell show give get let know want need like find
   there here in on at of for from to into by with and or as if then than so about up out now right have has had any some
   all just also am im whats run call use execute invoke`.split(/\s+/),
);

/** Words that people use for each other when they look for a tool; each group under its first word. */
const synonyms = new Map(
  ['time clock oclock hour late', 'stock share equity', 'aggregate bar candle', 'price quote', 'timezone zone']
    .map((group) => group.split(' '))
    .flatMap(([first = '', ...others]) => others.map((other) => [other, first] as const)),
);

/** The words of a text, camelCase and snake_case taken apart, each in its plain form. */
export function wordsOf(text: string): string[] {
  return text
    .replace(/(\p{Ll}|\d)(\p{Lu})/gu, '$1 $2')
    .normalize('NFD')
    .replace(/[\p{M}'’]/gu, '')
    .toLowerCase()
    .split(/[^\p{L}\d]+/u)
    .filter((word) => word !== '')
    .map(plainForm);
}

/** The words that say what somebody wants: without those that any question has. */
export function contentWords(text: string): string[] {
  const words = text.replace(/['’]/g, '').split(/[^\p{L}\d_]+/u);
  return [...new Set(words.filter((word) => word !== '' && !stopWords.has(word.toLowerCase())).flatMap(wordsOf))];
}

/** Enough of English to make "prices" a price and "daily" a day; not more, or different words would meet. */
function plainForm(word: string): string {
  const irregular: Record<string, string> = { daily: 'day', hourly: 'hour', weekly: 'week', monthly: 'month' };
  Object.assign(irregular, { yearly: 'year', annual: 'year', quarterly: 'quarter', minutely: 'minute' });
  const known = Object.hasOwn(irregular, word) ? irregular[word] : undefined;
  const singular = known ?? stem(word);
  return synonyms.get(singular) ?? singular;
}

function stem(word: string): string {
  if (word.length > 4 && word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  if (word.length > 4 && /(ss|x|ch|sh)es$/.test(word)) return word.slice(0, -2);
  if (word.length > 3 && /[^sui]s$/.test(word)) return word.slice(0, -1);
  return word;
}
