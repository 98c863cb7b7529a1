/** People who are online at the same time. */
import { at, isSame, type Person, type Scene, until } from './scene.ts';

export interface Cast {
  readonly ann: Person;
  readonly bob: Person;
}

export async function peopleComeIn({ stage, url, come, getJson }: Scene): Promise<Cast> {
  stage.say(`The hub is a process of its own, listening on ${url}. Everybody here uses the stock Socket.IO client.`);
  const ann = await come('ann');
  stage.see('Ann connects over WebSocket and says in the handshake that she is "ann"', ann.registered.user_id === 'ann', ann.registered);
  const asked = await ann.send('presence', { user_ids: ['bob'], watch: true });
  const before = at(asked, 'users', '0', 'state');
  stage.see('Ann asks after Bob and wants to be told when that changes: he is offline', before === 'offline', asked);
  const bob = await come('bob', 'polling');
  stage.see('Bob comes over plain HTTP (long-polling), which gets through every proxy', bob.registered.user_id === 'bob', bob.registered);
  const [change] = await ann.waitFor('presence');
  stage.see('Ann is told at once that Bob is online', change?.user_id === 'bob' && change.state === 'online', change);
  const stats = await getJson('/api/stats');
  stage.see('The hub counts two connections of two users', isSame(at(stats.body, 'online_users'), ['ann', 'bob']), stats.body);
  return { ann, bob };
}

export async function directMessage({ stage }: Scene, { ann, bob }: Cast): Promise<void> {
  const startMs = performance.now();
  const sent = await ann.send('message', { recipient_id: 'bob', content: { text: 'Hi Bob!' }, receipt: true });
  stage.see(
    `Ann sends Bob a message; the hub answers once it is on disk: number ${sent.seq} of Bob's inbox`,
    sent.status === 'success',
    sent,
  );
  const [message] = await bob.waitFor('message');
  const tookMs = Math.round(performance.now() - startMs);
  stage.see(`Bob has it, from "ann", ${tookMs} ms after she sent it`, at(message, 'content', 'text') === 'Hi Bob!', message);
  const [receipt] = await ann.waitFor('message_delivered');
  stage.see('Ann asked for a receipt and gets it: Bob received the message', receipt?.message_id === sent.message_id, receipt);
}

export async function rooms({ stage, come, go }: Scene, { ann, bob }: Cast): Promise<void> {
  const made = await ann.send('create_room', { room_id: 'tea', room_name: 'Tea room', max_members: 2 });
  stage.see('Ann makes a room for two, "Tea room", and is in it', made.status === 'success' && made.member_count === 1, made);
  const joined = await bob.send('join_room', { room_id: 'tea' });
  stage.see('Bob joins and sees who is there: ann, bob', isSame(joined.members, ['ann', 'bob']), joined);
  const [news] = await ann.waitFor('user_joined');
  stage.see('Ann is told that Bob joined', news?.user_id === 'bob', news);
  const sent = await ann.send('room_message', { room_id: 'tea', content: 'Tea is ready' });
  const [atBob] = await bob.waitFor('room_message');
  const [atAnn] = await ann.waitFor('room_message');
  stage.see('Ann writes to the room: Bob gets it, and her own screen too', atBob?.seq === sent.seq && atAnn?.seq === sent.seq, {
    atBob,
    atAnn,
  });

  const carl = await come('carl');
  const full = await carl.send('join_room', { room_id: 'tea' });
  stage.see('Carl wants in, but the room is full: he is told so (room_full)', full.code === 'room_full', full);
  await ann.send('create_room', { room_id: 'diary', room_name: 'Diary', is_private: true });
  const secret = await carl.send('join_room', { room_id: 'diary' });
  stage.see('Ann makes a private room, and Carl is not let in (room_private)', secret.code === 'room_private', secret);
  await go(carl);
}

export async function liveOnly({ stage }: Scene, { ann, bob }: Cast): Promise<void> {
  await bob.send('signal', { room_id: 'tea', kind: 'typing' });
  const [signal] = await ann.waitFor('signal');
  stage.see(
    'Bob is typing, and Ann sees it; such signals are stored nowhere',
    signal?.kind === 'typing' && signal.sender_id === 'bob',
    signal,
  );
  const sent = await ann.send('broadcast', { content: 'Cake in the kitchen' });
  const [heard] = await bob.waitFor('broadcast');
  stage.see(`Ann tells everybody who is online: ${sent.recipients} people hear it`, heard?.content === 'Cake in the kitchen', heard);
  await bob.send('set_state', { state: 'away', status_text: 'eating cake' });
  await until(() => ann.all('presence').length >= 2);
  const change = ann.all('presence').at(-1);
  stage.see(
    'Bob sets himself to away, "eating cake", and Ann sees that',
    change?.state === 'away' && change.status_text === 'eating cake',
    change,
  );
}
