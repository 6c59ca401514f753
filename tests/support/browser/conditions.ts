import type { CDPSession, Page } from 'playwright-core';
import { brokenWords, tooWide } from './browser.ts';
import { newFaults, rememberLooks } from './looks.ts';

/** What a page looks like for one reader. `zoom`: a window of 1440 px at 200 %. */
interface Condition {
  width: number;
  scheme?: 'light' | 'dark';
  forced?: boolean;
  zoom?: boolean;
  finger?: boolean;
}

const conditions: readonly Condition[] = [
  { width: 1440 },
  { width: 1440, forced: true },
  { width: 1440, scheme: 'dark' },
  { width: 320, scheme: 'dark' },
  { width: 320 },
  { width: 390, finger: true },
  { width: 720, zoom: true },
];
const extremes = [1440, 320];

/**
 * Opens what a reader opens first, and shows the page under each condition. axe takes much processor time, so it looks only at
 * what is new to it (looks.ts). Everything else is looked at in each width.
 * @param picture is called under each condition, with a name of it
 * @returns the faults with their condition; should be empty
 */
export async function faultsInEveryCondition(
  page: Page,
  picture?: (condition: string) => Promise<unknown>,
): Promise<object[]> {
  const faults: object[] = [];
  const devtools = await page.context().newCDPSession(page);
  await page.evaluate('document.querySelectorAll("details:not(.menu)").forEach((each) => { each.open = true; })');
  await rememberLooks(page);
  const widths = new Set<number>();
  for (const condition of conditions) {
    const { width, scheme, forced, zoom } = condition;
    const name = [width, scheme, forced && 'forced', zoom && 'zoom'].filter(Boolean).join('-');
    // Playwright takes pictures of the size that it knows.
    if (picture) await page.setViewportSize({ width, height: 900 });
    await show(page, devtools, condition);
    await picture?.(name);
    const isNewWidth = !widths.has(width);
    const place = extremes.includes(width) ? 'extreme' : 'between';
    const found = {
      ...(await newFaults(page, forced ? 'forced' : (scheme ?? 'light'), isNewWidth ? place : undefined)),
      ...(isNewWidth && (await inWidth(page, width))),
    };
    if (Object.keys(found).length > 0) faults.push({ in: name, ...found });
    widths.add(width);
  }
  await devtools.send('Emulation.clearDeviceMetricsOverride');
  await devtools.detach();
  return faults;
}

/** The faults that depend on the width alone. */
async function inWidth(page: Page, width: number): Promise<object> {
  const found: Record<string, unknown[]> = {
    tooWide: await tooWide(page),
    brokenWords: await brokenWords(page),
    withoutFocusRing: width === 1440 || width === 390 ? await withoutFocusRing(page) : [],
  };
  return Object.fromEntries(Object.entries(found).filter(([, faults]) => faults.length > 0));
}

async function show(
  page: Page,
  devtools: CDPSession,
  { width, scheme, forced, zoom, finger }: Condition,
): Promise<void> {
  await page.emulateMedia({ colorScheme: scheme ?? 'light', forcedColors: forced ? 'active' : 'none' });
  await devtools.send('Emulation.setDeviceMetricsOverride', {
    width,
    height: zoom ? 450 : 900,
    deviceScaleFactor: zoom ? 2 : 1,
    mobile: false,
  });
  await devtools.send('Emulation.setTouchEmulationEnabled', { enabled: finger === true });
}

/** What the keyboard can reach and shows no ring when it does. */
async function withoutFocusRing(page: Page): Promise<string[]> {
  // The browser shows the ring to who uses the keyboard.
  await page.keyboard.press('Tab');
  const found = (await page.evaluate(`(() => {
    const stops = document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]');
    const before = document.activeElement;
    const without = [];
    for (const stop of stops) {
      if (stop.disabled || stop.type === 'hidden' || !stop.checkVisibility({ visibilityProperty: true })) continue;
      stop.focus({ preventScroll: true });
      if (document.activeElement !== stop) continue;
      // The ring of a hidden radio button is around its label.
      const hasRing = (at) => {
        const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(at);
        // The field of the command palette has a line below it.
        if (at.matches('.palette form:has(:focus-visible)') && boxShadow.includes('inset')) return true;
        const isDrawn = outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 && !/^rgba.*, 0\\)$/.test(outlineColor);
        return isDrawn && at.checkVisibility({ opacityProperty: true });
      };
      if (![stop, stop.parentElement, stop.parentElement.parentElement].some(hasRing)) without.push(stop.outerHTML.slice(0, 150));
    }
    before?.focus?.({ preventScroll: true });
    return without;
  })()`)) as string[];
  return found;
}
