import { expect, test } from 'vitest';
import { ManualClock } from '../lib/manual-clock.test-support.ts';
import { TurnedAway } from './turned-away.ts';

test('refusals are counted at once, and logged once a minute if there were any', () => {
  const clock = new ManualClock();
  const logged: object[] = [];
  const turnedAway = new TurnedAway(clock, { debug() {}, error() {}, info() {}, warn: (fields) => logged.push(fields) });
  for (let count = 0; count < 1000; count++) turnedAway.count('displaced');
  turnedAway.count('forbidden');
  expect([turnedAway.of('displaced'), turnedAway.refused]).toEqual([1000, 1]);
  clock.advance(180_000);
  expect(logged).toEqual([{ counts: { displaced: 1000, forbidden: 1 } }]);
  turnedAway.count('forbidden');
  clock.advance(60_000);
  expect(logged.at(-1)).toEqual({ counts: { forbidden: 1 } });
  turnedAway.stop();
});
