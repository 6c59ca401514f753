// How well the command palette's items fit what is typed. Apart from the page, so that it can be tested alone.

const plain = (text) => text.toLocaleLowerCase('en').trim();

/** Whether a word of `text` begins at `at`: after a sign, or at an inner change of case (`getPrice`). */
const beginsWord = (text, at) =>
  at === 0 || !/[\p{L}\p{N}]/u.test(text[at - 1]) || /\p{Ll}\p{Lu}/u.test(text.slice(at - 1, at + 1));

/** 0: `name` begins with what is typed. 1: a word in it does. 2: it is somewhere in it. 4: it is not. */
function rankOf(name, typed) {
  const small = name.toLocaleLowerCase('en');
  const first = small.indexOf(typed);
  if (first <= 0) return first === 0 ? 0 : 4;
  for (let at = first; at !== -1; at = small.indexOf(typed, at + 1)) if (beginsWord(name, at)) return 1;
  return 2;
}

/**
 * The items that fit, best first. Of equals, the order of `items` stays.
 * @param items each with `names`, of which the best counts, and `also`: other words that find it, after all names
 * @returns each item with its `rank`; 3 if the words that are typed are only spread over names and `also`
 */
export function fitting(items, text) {
  const typed = plain(text);
  const words = typed.split(/\s+/);
  const ranked = items.flatMap((item) => {
    const rank = Math.min(...item.names.map((name) => rankOf(name, typed)));
    if (rank < 4) return [{ item, rank }];
    const all = plain([...item.names, item.also ?? ''].join(' '));
    return words.every((word) => all.includes(word)) ? [{ item, rank: 3 }] : [];
  });
  return ranked.sort((a, b) => a.rank - b.rank);
}

/** Where what is typed stands in `text`, to mark it: its start and end, or undefined. */
export function placeOf(text, typed) {
  const start = text.toLocaleLowerCase('en').indexOf(plain(typed));
  return start === -1 || plain(typed) === '' ? undefined : [start, start + plain(typed).length];
}
