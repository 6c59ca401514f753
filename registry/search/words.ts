import type { TokenItsFunction } from 'wink-nlp';
import { boundedCache } from '../../common/service/bounded-cache.ts';
import type { Allows } from './vocabulary.ts';

/** Turns text into search words, the same way for queries and documents. */
export type Words = Awaited<ReturnType<typeof loadWords>>;

const longestWord = 40;
/** Normalizing a run of combining marks takes time with the square of its length. */
const longestText = 4_000;
const wordsRemembered = 20_000;

/**
 * Words that wink counts as stop words, but that matter for tools: without these exceptions a search for "move" would not
 * find `move_file`.
 */
const meaningful = new Set(['move', 'call', 'name', 'empty', 'top', 'bottom', 'back', 'amount', 'serious']);

/** Words that wink keeps, but that only phrase a question. */
const asking = new Set('please want need like would tool help let use someone somebody'.split(' '));

/**
 * Loads the English dictionary (wink-nlp, 4 MB, about 100 ms) and makes {@link Words}. It looks up single words instead of
 * sentences: a word then always has the same form, in a name, a query or a sentence, and needs one look-up.
 */
export async function loadWords() {
  const [{ default: wink }, { default: model }] = await Promise.all([
    import('wink-nlp'),
    import('wink-eng-lite-web-model'),
  ]);
  const nlp = wink(model, ['pos']);
  const { its } = nlp;
  // wink's own types do not match here.
  const lemma = its.lemma as unknown as TokenItsFunction<string>;
  const lookUp = (word: string): string => {
    if (asking.has(word)) return '';
    const tokens = nlp.readDoc(word).tokens();
    if (!meaningful.has(word) && tokens.out(its.stopWordFlag).every(Boolean)) return '';
    return tokens.out(lemma).join('') || word;
  };
  const forms = boundedCache<string, string>(wordsRemembered, { memoMethod: lookUp });
  /** The words of a text in dictionary form, without stop words (`the`, `please`). */
  const ofText = (text: string, allows: Allows = () => true): string[] =>
    splitWords(text).flatMap((word) => (allows(word) && forms.memo(word)) || []);
  return {
    ofText,
    /** The words of an identifier (`getStockPrice`, `list-open_issues`), and the whole identifier as one word. */
    ofName(name: string, allows?: Allows): string[] {
      const whole = wholeName(name);
      const parts = ofText(name, allows);
      return parts.length === 1 && parts[0] === whole ? parts : [...parts, whole];
    },
  };
}

/** An identifier as one word: `getPrice`, `get_price` and `get-price` are the same. */
export function wholeName(name: string): string {
  return name
    .slice(0, longestText)
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '');
}

/** Finds identifiers in a text: words with joiners, or with an inner change of case. */
export function namesIn(text: string): string[] {
  return text.match(/[\p{L}\p{N}]+(?:[_-][\p{L}\p{N}]+)+|\p{Ll}+\p{Lu}[\p{L}\p{N}]*/gu) ?? [];
}

function splitWords(text: string): string[] {
  const apart = text
    .slice(0, longestText)
    .normalize('NFKC')
    .slice(0, longestText)
    .replace(/['’](?:s|re|ve|ll|d|m|t)\b/giu, ' ')
    .replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2');
  return (apart.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).map((word) => word.slice(0, longestWord));
}
