// Makes the pictures of the documentation: `npm run docs:screenshots`.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { launchBrowser } from '../../support/browser/browser.ts';
import { startScene } from '../../support/browser/scene.ts';
import { boss } from '../../support/browser/scene-data.ts';
import { startGateway } from '../../support/gateway/gateway.ts';
import { type Picture, pictures } from './pictures.ts';

const folder = join(import.meta.dirname, '..', '..', '..', 'docs', 'images');
/** Small, and no letter is blurred. */
const quality = 70;

const browser = await launchBrowser();
const [scene, gateway] = [await startScene(), await startGateway()];
try {
  for (const picture of pictures) writeFileSync(join(folder, picture.file), await take(picture));
} finally {
  await Promise.all([browser.close(), scene.close(), gateway.stop()]);
}

async function take({ of, path, theme, isPhone, prepare }: Picture): Promise<Buffer> {
  const context = await browser.newContext({
    colorScheme: theme ?? 'light',
    viewport: isPhone ? { width: 390, height: 800 } : { width: 1280, height: 800 },
    extraHTTPHeaders: of === 'registry' ? await scene.headersOf(boss) : {},
  });
  const page = await context.newPage();
  await page.goto((of === 'registry' ? scene.url : gateway.url) + path);
  await prepare?.(page);
  const devtools = await context.newCDPSession(page);
  const { data } = await devtools.send('Page.captureScreenshot', { format: 'webp', quality });
  await context.close();
  return Buffer.from(data, 'base64');
}
