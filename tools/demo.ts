/**
 * `npm run demo`: what Parley does, shown on a real hub process with stock clients. A check mark is something
 * that was observed; the exit code is 1 if anything was not as announced.
 */
import { temporaryFolder } from '../test/support/hub-process.ts';
import { fromPython, overHttp, refusals } from './demo/edges.ts';
import { directMessage, liveOnly, peopleComeIn, rooms } from './demo/meeting.ts';
import { createScene, type Scene } from './demo/scene.ts';
import { createStage } from './demo/stage.ts';
import { hubRestarts, lookingBack, nobodyThere, sentTwice } from './demo/waiting.ts';

const isColored = process.stdout.isTTY === true && !process.env.NO_COLOR;
const stage = createStage({ isColored, write: (line) => console.log(line) });
const startMs = performance.now();

console.log('Parley, shown step by step. Every check mark is something that was observed just now.');
const folder = await temporaryFolder();
try {
  const scene = await createScene(stage, folder.path);
  try {
    await play(scene);
  } finally {
    await scene.close();
  }
} catch (error) {
  stage.see('The demo came to its end', false, error instanceof Error ? error.message : String(error));
} finally {
  await folder.remove();
}

const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
console.log(`\n${stage.seen} observed, ${stage.failed} not as told, in ${seconds} s.`);
process.exitCode = stage.failed === 0 ? 0 : 1;

async function play(scene: Scene): Promise<void> {
  stage.chapter('People come in');
  const cast = await peopleComeIn(scene);
  stage.chapter('A direct message');
  await directMessage(scene, cast);
  stage.chapter('Rooms');
  await rooms(scene, cast);
  stage.chapter('Things that are only for now');
  await liveOnly(scene, cast);
  stage.chapter('Nobody is there: the durable inbox');
  const bob = await nobodyThere(scene, cast);
  stage.chapter('The hub itself goes away');
  const bobAgain = await hubRestarts(scene, cast.ann, bob);
  stage.chapter('Sent twice, one message');
  await sentTwice(scene, cast.ann, bobAgain);
  stage.chapter('Looking back');
  await lookingBack(scene, cast.ann);
  stage.chapter('What the hub refuses, and says why');
  await refusals(scene, cast.ann);
  stage.chapter('Over plain HTTP');
  await overHttp(scene);
  stage.chapter('From Python');
  await fromPython(scene, cast.ann);
}
