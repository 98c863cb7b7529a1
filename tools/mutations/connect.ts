import type { Mutation } from './mutation.ts';

const intake = 'packages/hub/src/connect/intake.test.ts';
const session = 'packages/hub/src/connect/engine-session.test.ts';
const strangers = 'packages/hub/src/connect/strangers.test.ts';
const admission = 'packages/hub/src/connect/admission.test.ts';
const access = 'packages/hub/src/connect/access.test.ts';
const owners = 'packages/hub/src/connect/session-owners.test.ts';
const seal = 'packages/hub/src/connect/forward-seal.test.ts';
const forwarding = 'packages/hub/src/connect/forwarding.test.ts';

export const connectMutations: readonly Mutation[] = [
  {
    name: 'one address may take the places that are kept for the others',
    file: 'connect/admission.ts',
    find: 'ofSubscriber >= fewPerAddress || ',
    replace: '',
    test: admission,
  },
  {
    name: 'a crowd of addresses may hold up a turn',
    file: 'connect/admission.ts',
    find: ' || this.#keptTaken >= keptPerTurn',
    replace: '',
    test: admission,
  },
  {
    name: 'a session that is held is handled all the same',
    file: 'connect/intake.ts',
    find: 'return this.#holds === 0 && this.#owner.hasRoom;',
    replace: 'return this.#owner.hasRoom;',
    test: intake,
  },
  {
    name: 'a session is read from whatever waits for it',
    file: 'connect/intake.ts',
    find: 'return this.#holds === 0 && this.#owner.hasRoom;',
    replace: 'return this.#holds === 0;',
    test: intake,
  },
  {
    name: 'a flood may use up the whole turn',
    file: 'connect/intake.ts',
    find: 'return this.#handledInTurn <= packetsPerTurn && ',
    replace: 'return ',
    test: intake,
  },
  {
    name: 'a stranger may be sent as much as a registered client and is still read from',
    file: 'connect/session-context.ts',
    find: 'isIdentified ? bufferHighWaterBytes : Math.min(bufferHighWaterBytes, strangerHighWaterBytes)',
    replace: 'isIdentified ? bufferHighWaterBytes : Math.max(bufferHighWaterBytes, strangerHighWaterBytes)',
    test: session,
  },
  {
    name: 'a peer that takes nothing is kept because its pong is not read',
    file: 'connect/engine-session.ts',
    find: '!(this.#intake.isHeld || this.#heartbeat.hasTaken)',
    replace: 'false',
    test: session,
  },
  {
    name: 'an address may hold one stranger more than its limit',
    file: 'connect/strangers.ts',
    find: 'ofSubscriber.size >= this.#limits.strangersPerAddressMax',
    replace: 'ofSubscriber.size > this.#limits.strangersPerAddressMax',
    test: strangers,
  },
  {
    name: 'there is one stranger more than the limit',
    file: 'connect/strangers.ts',
    find: 'this.#all.size >= this.#limits.strangersMax',
    replace: 'this.#all.size > this.#limits.strangersMax',
    test: strangers,
  },
  {
    name: 'what is held for strangers has no limit',
    file: 'connect/strangers.ts',
    find: 'this.#heldBytes > this.#limits.strangersBytesMax',
    replace: 'false',
    test: strangers,
  },
  {
    name: 'any host is answered over the loopback address',
    file: 'connect/access.ts',
    find: 'return isLoopbackName(name) || hosts.some',
    replace: 'return true || hosts.some',
    test: access,
  },
  {
    name: 'any page may connect by default',
    file: 'connect/access.ts',
    find: "return corsOrigins === 'local' && ",
    replace: "return corsOrigins === 'local' || ",
    test: access,
  },
  {
    name: 'whoever asks may say where it comes from',
    file: 'connect/client-address.ts',
    find: 'isIP(before) === 0 || !this.#isTrusted(address)',
    replace: 'isIP(before) === 0',
    test: access,
  },
  {
    name: 'whoever asks may make up the id of a session',
    file: 'connect/session-owners.ts',
    find: "if (!timingSafeEqual(Buffer.from(mac, 'base64url'), macOf(sid.slice(0, sid.lastIndexOf('.'))))) return 'unknown';",
    replace: '',
    test: owners,
  },
  {
    name: 'a forwarded request may be sent again',
    file: 'connect/forward-seal.ts',
    find: 'return seen.add(Number(count));',
    replace: 'return true;',
    test: seal,
  },
  {
    name: 'a seal holds for any session',
    file: 'connect/forward-seal.ts',
    find: "[stamp, method, path].join(' ')",
    replace: "[stamp, method].join(' ')",
    test: seal,
  },
  {
    name: 'the internal listener serves whoever reaches it',
    file: 'connect/internal-listener.ts',
    find: "typeof header === 'string' && served?.isSealed(header, method, url) ? ",
    replace: "typeof header !== 'string' || served?.isSealed(header, method, url) || true ? ",
    test: forwarding,
  },
  {
    name: 'a forwarded request is sent on to a third node',
    file: 'connect/engine-server.ts',
    find: "else this.#refuse(refused('sessionUnknown'), (status, body) => answerJson(res, status, body));",
    replace: `else {
      const away = this.#elsewhere(sid);
      if ('owner' in away) away.forwarder.request(away.owner, sid, req, res);
      else this.#refuse(away, (status, body) => answerJson(res, status, body));
    }`,
    test: forwarding,
  },
  {
    name: 'a client that has broken off is not missed at its node',
    file: 'connect/forwarder.ts',
    find: 'if (!res.writableFinished) upstream.destroy();',
    replace: '',
    test: forwarding,
  },
];
