import { expect, test } from 'vitest';
import { Checkpoints } from './checkpoints.ts';

function setUp() {
  const asked: string[] = [];
  const answers: PromiseWithResolvers<unknown>[] = [];
  const thread = (name: string) => ({
    ask: () => {
      asked.push(name);
      const answer = Promise.withResolvers<unknown>();
      answers.push(answer);
      return answer.promise;
    },
  });
  return { asked, answers, checkpoints: new Checkpoints(thread('reader'), thread('writer')) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('a long log is copied beside the commits, then what came meanwhile by the writer, one checkpoint at a time', async () => {
  const { asked, answers, checkpoints } = setUp();
  checkpoints.onCommit(3_999);
  expect(asked).toEqual([]);
  checkpoints.onCommit(4_000);
  checkpoints.onCommit(4_100);
  await turn();
  expect(asked).toEqual(['reader']);
  answers[0]?.resolve(undefined);
  await turn();
  expect(asked).toEqual(['reader', 'writer']);
  checkpoints.onCommit(5_000);
  answers[1]?.resolve(undefined);
  await turn();
  checkpoints.onCommit(10);
  expect(asked).toEqual(['reader', 'writer']);
  checkpoints.onCommit(4_000);
  expect(asked).toEqual(['reader', 'writer', 'reader']);
});

test('a checkpoint that fails is tried again when the next commit reports a long log', async () => {
  const { asked, answers, checkpoints } = setUp();
  checkpoints.onCommit(4_000);
  answers[0]?.reject(new Error('disk full'));
  await turn();
  answers[1]?.reject(new Error('disk full'));
  await turn();
  checkpoints.onCommit(4_500);
  expect(asked).toEqual(['reader', 'writer', 'reader']);
});
