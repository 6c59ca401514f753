import type { Page } from 'playwright-core';
import { accessibility, loadAxe } from './browser.ts';

/** The rules whose outcome depends on the theme. */
const rulesOfColours = ['color-contrast', 'link-in-text-block'];
/** The rules whose outcome depends on the layout, also while the same elements are shown. */
const rulesOfLayout = ['target-size', 'scrollable-region-focusable'];

/** The looks in each theme that axe has found without a fault, on any page that this process has looked at. */
const knownLooks = new Map<string, Set<number>>();

/** Prepares a page for {@link newFaults}. */
export async function rememberLooks(page: Page): Promise<void> {
  await loadAxe(page);
  await page.evaluate(functions);
}

/**
 * The faults that axe finds of what is new to it: of names and structure if another set of elements is shown than at each call
 * before, of colours if a text or a link has a look that axe does not know in this theme. Each run of axe takes processor time
 * for all elements, so it runs once at most.
 * @param width `extreme` for the widest and the narrowest, in which the rules of layout are looked at in any case; undefined if
 *   the page has been looked at in this width
 */
export async function newFaults(page: Page, theme: string, width?: 'extreme' | 'between'): Promise<object> {
  const known = knownLooks.get(theme) ?? new Set();
  const count: number = await page.evaluate(`newLooks('${theme}', ${JSON.stringify([...known])})`);
  const isNewSet = width !== undefined && (await page.evaluate('isNewSet()'));
  const rules = [...(count > 0 ? rulesOfColours : []), ...(width === 'extreme' ? rulesOfLayout : [])];
  if (rules.length === 0 && !isNewSet) return {};
  const without = count > 0 ? [] : rulesOfColours;
  const { faults, passed } = await accessibility(page, isNewSet ? { without } : { rules });
  if (known.size === 0 && passed.length === 0) return { colour: 'nothing was checked' };
  knownLooks.set(theme, known.union(new Set(passed)));
  const [colour, others] = [true, false].map((is) => faults.filter(([id]) => rulesOfColours.includes(id) === is));
  return { ...(colour?.length && { colour }), ...(others?.length && { accessibility: others }) };
}

/**
 * Defines two functions. `newLooks(theme, known)`: marks each shown text and each link in a text whose look is not known and
 * was not its own before in this theme, and returns how many there are. A look is a number of what the colours depend on: those
 * of the text, and all grounds on which it stands. `isNewSet()`: whether other elements are shown than at each call before.
 */
const functions = `{
  const isShown = (each) => each.checkVisibility({ visibilityProperty: true });
  const textProperties = ['color', 'fontSize', 'fontWeight', 'textShadow'];
  const linkProperties = ['textDecorationLine', 'borderBottom'];
  const groundProperties = ['backgroundColor', 'backgroundImage'];
  const veilProperties = ['opacity', 'filter', 'position', 'float'];
  const valuesOf = (style, properties) => properties.map((property) => style[property]).join();
  // cyrb53, which is in the public domain: with 53 bits, no two of some thousand looks have one number.
  const numberOf = (text, seed) => {
    let [a, b] = [0xdeadbeef ^ seed, 0x41c6ce57 ^ (seed / 2 ** 32)];
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      a = Math.imul(a ^ code, 2654435761);
      b = Math.imul(b ^ code, 1597334677);
    }
    a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
    b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
    return 4294967296 * (2097151 & b) + (a >>> 0);
  };
  const lengthOf = (text) => text.replace(/\\s+/g, ' ').trim().length;
  const isBlock = (each) => /^(block|list-item|flex|grid|table.*)$/.test(getComputedStyle(each).display);
  // As axe's isInTextBlock: whether the inline text around a link is longer than the links in it.
  const isInText = (link) => {
    if (getComputedStyle(link).display !== 'inline' || !link.innerText.trim()) return false;
    let block = link.parentElement;
    while (!isBlock(block)) block = block.parentElement;
    let [text, links] = ['', ''];
    const read = (within) => {
      for (const each of within.childNodes) {
        if (each.nodeType === Node.TEXT_NODE) text += each.data;
        if (each.nodeType !== Node.ELEMENT_NODE || isBlock(each) || !isShown(each)) continue;
        if (each.matches('a[href], button')) links += each.textContent;
        else read(each);
      }
    };
    read(block);
    return lengthOf(text) > (block.querySelector('br, hr') ? 0 : lengthOf(links));
  };
  const isOutside = ({ right, bottom }) => right + scrollX <= 0 || bottom + scrollY <= 0;
  // axe judges no colours of what is clipped away (newLooks), is outside of the page, cannot be used or is not read out, and of
  // a single character.
  const isJudged = (each) => {
    if (each.matches(':disabled') || each.closest('[aria-disabled="true"], [aria-hidden="true"], [inert]')) return false;
    if (isOutside(each.getBoundingClientRect())) return false;
    if (each.matches('input, select, textarea')) return !['checkbox', 'radio'].includes(each.type);
    return lengthOf([...each.childNodes].map(({ nodeType, data }) => (nodeType === Node.TEXT_NODE ? data : '')).join('')) > 1;
  };
  const groundOf = (style, below) => {
    const ground = valuesOf(style, groundProperties);
    if (/^rgba.*, 0\\),none$/.test(ground)) return below;
    return numberOf(ground, /^rgb\\(.*none$/.test(ground) ? 0 : below);
  };
  const veilOf = (each, style, below) => {
    const veil = valuesOf(style, veilProperties);
    if (veil === '1,none,static,none') return below;
    // What stands elsewhere than in its place may stand on anything: it counts as another in another class.
    return numberOf(veil + (veil.endsWith('static,none') ? '' : each.localName + each.getAttribute('class')), below);
  };
  const seen = {};
  window.newLooks = (theme, known) => {
    const before = new Set(known);
    const seenInTheme = (seen[theme] ??= new WeakMap());
    const stands = new WeakMap();
    const clipped = new WeakSet();
    let count = 0;
    const mark = (each, name, look) => {
      if (before.has(look) || seenInTheme.get(each)?.has(look)) return;
      seenInTheme.set(each, new Set(seenInTheme.get(each)).add(look));
      each.dataset[name] = look;
      count++;
    };
    for (const each of document.querySelectorAll('body, body *')) {
      delete each.dataset.text;
      delete each.dataset.link;
      if (!isShown(each)) continue;
      const style = getComputedStyle(each);
      const below = stands.get(each.parentElement) ?? { ground: 0, veil: 0 };
      const stand = { ground: groundOf(style, below.ground), veil: veilOf(each, style, below.veil) };
      stands.set(each, stand);
      const own = [valuesOf(style, textProperties), each.type, each.control?.disabled, stand.veil].join();
      const look = numberOf(own, stand.ground);
      if (clipped.has(each.parentElement) || (style.overflow === 'hidden' && each.offsetWidth < 2)) clipped.add(each);
      else if (isJudged(each)) mark(each, 'text', look);
      if (each.matches('a[href]') && isInText(each)) {
        const around = valuesOf(getComputedStyle(each.parentElement), textProperties);
        mark(each, 'link', numberOf(['link', around, valuesOf(style, linkProperties)].join(), look));
      }
    }
    return count;
  };
  const sets = new Set();
  window.isNewSet = () => sets.size < sets.add([...document.querySelectorAll('*')].map((each) => (isShown(each) ? 1 : 0)).join('')).size;
  axe.configure({ rules: [{ id: 'color-contrast', selector: '[data-text]' }, { id: 'link-in-text-block', selector: '[data-link]' }] });
}`;
