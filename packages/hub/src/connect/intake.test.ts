import type { EnginePacket } from '@parley/protocol';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../lib/manual-clock.test-support.ts';
import { InputTurns } from './input-turns.ts';
import { type InputOwner, Intake } from './intake.ts';

/** Says in `log` what is handled, and takes `costMs` for each packet. */
class Owner implements InputOwner {
  hasRoom = true;
  isIdentified: boolean;
  isPaused = false;
  readonly intake: Intake;
  readonly #name: string;
  readonly #world: World;

  constructor(world: World, name: string, isIdentified: boolean) {
    this.#world = world;
    this.#name = name;
    this.isIdentified = isIdentified;
    this.intake = new Intake(this, world.turns);
  }

  handle(packet: EnginePacket): void {
    this.#world.clock.pass(this.#world.costMs);
    this.#world.log.push(`${this.#name}${packet.data}`);
  }

  pauseInput(): void {
    this.isPaused = true;
  }

  resumeInput(): void {
    this.isPaused = false;
  }

  onHeld(): void {}

  send(...names: (string | number)[]): void {
    for (const data of names) this.intake.push({ type: 'message', data: String(data) });
  }
}

class WorkClock extends ManualClock {
  #worked = 0;

  override monotonic(): number {
    return super.monotonic() + this.#worked;
  }

  pass(ms: number): void {
    this.#worked += ms;
  }
}

class World {
  readonly clock = new WorkClock();
  readonly turns = new InputTurns(this.clock);
  readonly log: string[] = [];
  costMs = 0;

  owner(name: string, isIdentified = true): Owner {
    return new Owner(this, name, isIdentified);
  }
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('a session that is alone', () => {
  test('has its packets handled as they come, without a pause', () => {
    const world = new World();
    const ann = world.owner('a');
    ann.send(1, 2, 3);
    expect(world.log).toEqual(['a1', 'a2', 'a3']);
    expect(ann.isPaused).toBe(false);
  });

  test('is not read from while it is held, and read on in order after as many releases', () => {
    const world = new World();
    const ann = world.owner('a');
    ann.intake.hold();
    ann.intake.hold();
    ann.send(1, 2);
    expect([world.log, ann.isPaused]).toEqual([[], true]);
    ann.intake.release();
    world.clock.endTurn();
    expect(world.log).toEqual([]);
    ann.intake.release();
    ann.send(3);
    world.clock.endTurn();
    expect([world.log, ann.isPaused]).toEqual([['a1', 'a2', 'a3'], false]);
  });

  test('is not read from while its outbox is full', () => {
    const world = new World();
    const ann = world.owner('a');
    ann.hasRoom = false;
    ann.send(1, 2);
    world.clock.endTurn();
    expect([world.log, ann.isPaused]).toEqual([[], true]);
    ann.hasRoom = true;
    ann.intake.wake();
    world.clock.endTurn();
    expect([world.log, ann.isPaused]).toEqual([['a1', 'a2'], false]);
  });

  test('that was dropped has nothing handled any more', () => {
    const world = new World();
    const ann = world.owner('a');
    ann.intake.hold();
    ann.send(1, 2);
    ann.intake.drop();
    ann.intake.release();
    world.clock.endTurn();
    expect([world.log, ann.isPaused]).toEqual([[], false]);
  });
});

describe('sessions that send at once', () => {
  test('a flood of one lets the others in after its share of the turn', () => {
    const world = new World();
    const [flood, ann] = [world.owner('f'), world.owner('a')];
    flood.send(...numbers(1000));
    ann.send('!');
    expect(world.log).toHaveLength(129);
    expect(world.log.at(-1)).toBe('a!');
    world.clock.endTurn();
    expect(world.log.filter((entry) => entry.startsWith('f'))).toEqual(numbers(1000).map((number) => `f${number}`));
  });

  test('when the time of a turn is used up, those that wait take turns', () => {
    const world = new World();
    world.costMs = 1;
    const [flood, ann] = [world.owner('f'), world.owner('a')];
    flood.send(...numbers(100));
    expect(world.log.length).toBeLessThan(16);
    ann.send('!');
    expect(world.log).not.toContain('a!');
    world.clock.endTurn();
    expect(world.log.indexOf('a!')).toBeLessThan(32);
    expect(world.log).toHaveLength(101);
  });

  test('registered clients come before strangers, who get their part of each turn all the same', () => {
    const world = new World();
    world.costMs = 1;
    const floods = numbers(20).map((number) => world.owner(`s${number}:`, false));
    const [ann, busy] = [world.owner('a'), world.owner('b')];
    for (const flood of floods) flood.send(...numbers(20));
    busy.send(...numbers(40));
    ann.send('!');
    const before = world.log.length;
    world.clock.endTurn();
    const after = world.log.slice(before);
    expect(after.indexOf('a!')).toBeLessThan(32);
    expect(after.findIndex((entry) => entry.startsWith('s'))).toBeLessThan(after.indexOf('b39'));
    expect(world.log).toHaveLength(441);
  });
});
