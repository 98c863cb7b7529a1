/**
 * Whose a session is, told by its id alone: `node.random.mac`. Clients of a cluster come to any node with any request, and the one that
 * gets it must know where the session is without asking around.
 *
 * The random part is the secret of the session, as for a hub alone. The MAC only keeps strangers from making up ids that would send
 * this node's requests to another one.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Random } from '../lib/random.ts';
import type { NodeTable } from '../ports/node-table.ts';
import type { NodeId } from '../ports/shared-store.ts';

/** Another node, where it is reached. The address comes from the table of nodes, never from a request. */
export interface SessionOwner {
  readonly node: NodeId;
  readonly address: string;
}

export interface SessionOwners {
  newId(): string;
  /** `here`: of this node, if there is such a session at all. */
  ownerOf(sid: string): 'here' | 'unknown' | SessionOwner;
  /** False: that node has ended, and its sessions with it. */
  isLive(owner: SessionOwner): boolean;
}

/** 96 bits: nobody can try so many, and it goes into the URL of every poll. */
const macBytes = 12;
const form = /^(\d{1,10})\.[\w-]{1,64}\.([\w-]{16})$/;

/** Of a hub alone. */
export function ownersAlone(random: Random): SessionOwners {
  return { newId: () => random.id(), ownerOf: () => 'here', isLive: () => false };
}

export function ownersInCluster(secret: string, nodes: NodeTable, random: Random): SessionOwners {
  // A key of its own, so that nothing else that is sealed with the secret can pass for an id.
  const key = createHmac('sha256', secret).update('session id').digest();
  const macOf = (text: string) => createHmac('sha256', key).update(text).digest().subarray(0, macBytes);
  return {
    newId() {
      const text = `${nodes.node}.${random.id()}`;
      return `${text}.${macOf(text).toString('base64url')}`;
    },
    ownerOf(sid) {
      const [, number, mac = ''] = form.exec(sid) ?? [];
      if (number === undefined) return 'unknown';
      if (!timingSafeEqual(Buffer.from(mac, 'base64url'), macOf(sid.slice(0, sid.lastIndexOf('.'))))) return 'unknown';
      const node = Number(number);
      if (node === nodes.node) return 'here';
      const address = nodes.addressOf(node);
      return address === undefined ? 'unknown' : { node, address };
    },
    isLive: ({ node, address }) => nodes.addressOf(node) === address,
  };
}
