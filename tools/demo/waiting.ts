/** People, and a hub, who are not there when a message comes. */
import type { Payload } from '../../test/support/client.ts';
import type { Cast } from './meeting.ts';
import { at, isSame, type Person, type Scene, until } from './scene.ts';

const contents = (messages: readonly Payload[]) => messages.map((message) => message.content);

export async function nobodyThere({ stage, come, go, getJson }: Scene, { ann, bob }: Cast): Promise<Person> {
  await ann.send('message', { recipient_id: 'bob', content: 'See you', receipt: true });
  await ann.waitFor('message_delivered', 2);
  await go(bob);
  await until(() => ann.all('presence').at(-1)?.state === 'offline');
  stage.see(
    'Bob closes his laptop, and Ann sees him go offline',
    ann.all('presence').at(-1)?.state === 'offline',
    ann.all('presence').at(-1),
  );
  const direct = ['Where are you?', 'I kept you a piece', 'Too late, I ate it'];
  for (const content of direct) await ann.send('message', { recipient_id: 'bob', content });
  await ann.send('room_message', { room_id: 'tea', content: 'The pot is empty' });
  const { body } = await getJson('/api/stats');
  stage.see('Ann sends Bob three messages while he is offline, and the hub keeps them: 3 waiting', at(body, 'queue', 'queued') === 3, body);
  stage.say('She also writes one to the room of which Bob is a member.');

  const again = await come('bob');
  stage.see('Bob comes back and is told that 4 messages follow', again.registered.queued === 4, again.registered);
  const messages = await again.waitFor('message', 3);
  stage.see('Bob has the three, in the order in which Ann sent them', isSame(contents(messages), direct), messages);
  const [inRoom] = await again.waitFor('room_message');
  stage.see('… and the one from the room', inRoom?.content === 'The pot is empty', inRoom);
  const isEmpty = await until(async () => at((await getJson('/api/stats')).body, 'queue', 'queued') === 0);
  stage.see("The hub knows that they arrived, since Bob's client answered a ping, so nothing waits any more", isEmpty);
  return again;
}

export async function hubRestarts(scene: Scene, ann: Person, bob: Person): Promise<Person> {
  const { stage, come, go } = scene;
  await go(bob);
  stage.say('Bob is offline again. Now it is the hub that goes away.');
  await ann.send('message', { recipient_id: 'bob', content: 'first' });

  const exitCode = await scene.hub.stop();
  stage.see('The hub is told to stop (SIGTERM) and ends in good order, with exit code 0', exitCode === 0, exitCode);
  const [goodbye] = await ann.waitFor('going_away');
  stage.see('Ann was told beforehand, and when to come back', goodbye?.reason === 'shutting_down', goodbye);
  await scene.restartHub();
  stage.see('The hub starts again, and Ann is back by herself: her client reconnected', await isBack(ann, 1), ann.received.slice(-3));
  const second = await ann.send('message', { recipient_id: 'bob', content: 'second' });
  stage.see('She sends another message', second.status === 'success', second);

  await scene.hub.kill();
  stage.say('Now the hub is killed in the middle of its work (kill -9), without a chance to save anything.');
  await scene.restartHub();
  stage.see('It starts again, and Ann is back again', await isBack(ann, 2), ann.received.slice(-3));
  const third = await ann.send('message', { recipient_id: 'bob', content: 'third' });
  stage.see('She sends a third message', third.status === 'success', third);

  const again = await come('bob');
  const messages = await again.waitFor('message', 3);
  stage.see(
    'Bob comes back: first, second, third. Nothing is lost and nothing is out of order',
    isSame(contents(messages), ['first', 'second', 'third']),
    messages,
  );
  const isInTeaRoom = Array.isArray(again.registered.rooms) && again.registered.rooms.includes('tea');
  stage.see('… and he is still a member of the tea room', isInTeaRoom, again.registered);
  return again;
}

/** Every connect is followed by one "registered" event; the first was when the person came. */
function isBack(person: Person, times: number): Promise<boolean> {
  return until(() => person.socket.connected && person.all('registered').length > times);
}

export async function sentTwice({ stage }: Scene, ann: Person, bob: Person): Promise<void> {
  stage.say('Ann pays Bob. Her connection is bad, she does not see the answer, so her program sends it again.');
  const before = bob.all('message').length;
  const payment = { recipient_id: 'bob', content: 'You get 10', client_msg_id: 'payment-42' };
  const first = await ann.send('message', payment);
  const second = await ann.send('message', payment);
  const isSameAnswer = second.duplicate === true && second.message_id === first.message_id;
  stage.see('The hub knows the client_msg_id and gives the first answer again, marked as a duplicate', isSameAnswer, { first, second });
  await bob.settled();
  const got = bob.all('message').slice(before);
  stage.see('Bob gets it once', got.length === 1, got);
}

export async function lookingBack({ stage }: Scene, ann: Person): Promise<void> {
  const newest = await ann.send('history', { user_id: 'bob', limit: 2 });
  const isNewest = isSame(contents(listOf(newest)), ['third', 'You get 10']) && newest.has_more === true;
  stage.see('Ann reads her conversation with Bob from the end: the last two messages, and there are more', isNewest, newest);
  const before_id = String(listOf(newest)[0]?.id);
  const older = await ann.send('history', { user_id: 'bob', before_id, limit: 2 });
  stage.see('… and the two before those', isSame(contents(listOf(older)), ['first', 'second']), older);
}

function listOf(page: Payload): Payload[] {
  return Array.isArray(page.messages) ? page.messages : [];
}
