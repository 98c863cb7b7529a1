import type { Mutation } from './mutation.ts';

const check = 'config/check.ts';
const rules = 'config/rules.ts';
const checkTest = 'packages/hub/src/config/check.test.ts';

/** Faults in `config/`. */
export const configMutations: readonly Mutation[] = [
  {
    name: 'an option that is undefined has no value instead of its default',
    file: check,
    find: '.filter(([, value]) => value !== undefined)',
    replace: '',
    test: checkTest,
  },
  {
    name: 'an option may be any number',
    file: 'config/kinds.ts',
    find: 'Number.isInteger(value) && value >= min && value <= max',
    replace: 'true',
    test: checkTest,
  },
  {
    name: 'a message may be larger than all connections may take together',
    file: rules,
    find: 'if (config.outboxTotalBytesMax >= neededBytes) return undefined;',
    replace: 'if (config !== undefined) return undefined;',
    test: checkTest,
  },
  {
    name: 'clients may be told to wait longer than a timer can',
    file: rules,
    find: '<= timerMaxMs) return undefined',
    replace: '<= 2 * timerMaxMs) return undefined',
    test: checkTest,
  },
  {
    name: 'everybody may be anybody for the whole network',
    file: rules,
    find: "auth !== 'open' || allowOpenNetwork || isLoopback(host)",
    replace: "auth === 'open'",
    test: 'packages/hub/src/config/load.test.ts',
  },
];
