import { jest } from '@jest/globals';
import { healthOf } from '../../support/browser/scene-data.ts';
import { type Prepare, state, useScene } from '../../support/browser/states.ts';
import { stranger, user } from '../../support/registry/registry-fixture.ts';

// A browser test on a busy machine takes longer than a unit test.
jest.setTimeout(180_000);

const openPalette =
  (text: string): Prepare =>
  async (page) => {
    await page.getByRole('button', { name: 'Search or go to' }).click();
    await page.getByRole('option', { name: 'My rights' }).waitFor();
    await page.keyboard.type(text);
  };
const states = [
  state('The list', '/'),
  state('The list of a user', '/', { who: user }),
  state('The list without servers', '/', { who: stranger }),
  state('A search that finds servers and tools', '/?q=time'),
  state('A search that only tools answer', '/?q=convert'),
  state('A search that finds nothing', '/?q=zzzz'),
  state('The servers that need attention', '/?show=issues'),
  state('The disabled servers', '/?show=disabled'),
  state('The servers to review', '/?show=review'),
  state('The servers with a tag, by name', '/?tag=work&sort=name'),
  state('A filter that fits no server', '/?show=disabled', { who: user }),
  state('The command palette', '/', { prepare: openPalette('') }),
  state('What the command palette finds', '/servers/github', { prepare: openPalette('i') }),
  state('A page that does not exist', '/nowhere'),
];

const { expectUsable, open } = useScene({ isLong: true });

test.each(states)('$what: everyone can use it, in every theme and width, and nothing moves', expectUsable);

test('Live updates of a row move nothing', async () => {
  await open({}, async (page, { shift, complaints }, scene) => {
    const live = page.waitForResponse((answer) => new URL(answer.url()).pathname === '/-/live');
    await page.goto(scene.url);
    await live;
    scene.setHealth('weather', healthOf('weather', 456, new Date()));
    await page.locator('#row-weather').getByText('456 ms').waitFor();
    const broken = { ...healthOf('postgres', null, new Date()), error: 'It closed the connection.' };
    scene.setHealth('postgres', broken);
    await page.locator('#row-postgres').getByText('It closed the connection.').waitFor();
    expect([await shift(), complaints]).toEqual([[], []]);
  });
});
