import { setUpFailures } from './failures-of-set-up.ts';
import { useFailures } from './failures-of-use.ts';

/** The known failures with Cognito, each one provoked. A failure that cannot happen here has a row that shows why. */
const rows = [...setUpFailures, ...useFailures];

describe('when Cognito is set up or used wrongly', () => {
  test.each(rows)('$n: $fault (reported by $where)', async ({ provoke, says }) => {
    const said = await provoke();
    if (typeof says === 'string') expect(said).toContain(says);
    else expect(said).toMatch(says);
  });

  test('each of the 26 known failures has a row', () => {
    const numbers = [...new Set(rows.map(({ n }) => n))];
    expect(numbers).toEqual(Array.from({ length: 26 }, (_, i) => i + 1));
  });
});
