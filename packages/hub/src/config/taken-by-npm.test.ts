import { describe, expect, test } from 'vitest';
import { loadConfig } from './load.ts';
import { flagOf } from './names.ts';
import { options } from './options.ts';
import { takenByNpm } from './taken-by-npm.ts';

const names = Object.values(options).map(({ name }) => name);
const start = { npm_lifecycle_event: 'start' };

describe('options that npm has kept for itself', () => {
  test.each(names)('%s is told of', (name) => {
    expect(takenByNpm({ argv: ['5189'], env: { ...start, [`npm_config_${name}`]: 'true' } }, names)).toBe(
      `npm has kept ${flagOf(name)} for itself: options of the hub stand after a "--" of their own, as in npm start -- ${flagOf(name)} …`,
    );
  });

  test('stop the start, whatever else was given', () => {
    const env = { npm_lifecycle_event: 'hub', npm_config_port: '5189', npm_config_host: '' };
    expect(loadConfig({ argv: ['--data', 'x'], env, readFile: () => '' })).toEqual({
      problem:
        'npm has kept --port and --host for itself: options of the hub stand after a "--" of their own, as in npm run hub -- --port …',
    });
  });

  test('are known by their value if the shell has dropped the variable', () => {
    expect(takenByNpm({ argv: ['debug'], env: start }, names)).toBe(
      'npm has kept the option before "debug" for itself: options of the hub stand after a "--" of their own, as in npm start -- --port …',
    );
  });

  test("are not confused with npm's own, with what stands after the dashes, or with a start without npm", () => {
    expect(takenByNpm({ argv: [], env: { ...start, npm_config_registry: 'x' } }, names)).toBeUndefined();
    expect(takenByNpm({ argv: ['--port', '5189'], env: start }, names)).toBeUndefined();
    expect(takenByNpm({ argv: ['5189'], env: {} }, names)).toBeUndefined();
  });
});
