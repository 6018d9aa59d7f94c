import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Subscribers } from '../../src/event-types/subscribers.ts';

const entry = fc.constantFrom('*', 'a.*', 'a.b', 'a.c', 'd');

test('whoever has any of the entries is found once, in the order of the list', () => {
  fc.assert(
    fc.property(fc.array(fc.uniqueArray(entry)), fc.uniqueArray(entry), (lists, wanted) => {
      const endpoints = lists.map((events, index) => ({ index, events }));
      const expected = endpoints.filter(({ events }) => wanted.some((one) => events.includes(one)));
      expect(new Subscribers(endpoints).to(wanted)).toEqual(expected);
    }),
  );
});
