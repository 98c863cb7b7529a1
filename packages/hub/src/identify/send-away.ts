/** The one way in which the hub closes a connection on purpose: it says why and whether to come back, see `closingTable`. */
import { type ClosingReason, closingTable, type GoingAway } from '@parley/protocol';
import type { OutgoingPacket } from '../lib/outgoing-packet.ts';
import type { Connection } from '../ports/connection.ts';

type Encode = (event: 'going_away', payload: GoingAway) => OutgoingPacket;

/** Tells the client that its connection is about to be closed, and when to come back. */
export function announceClosing(encode: Encode, connection: Connection, reason: ClosingReason, reconnectAfterMs?: number): void {
  const { reconnect } = closingTable[reason];
  const when = reconnectAfterMs === undefined ? {} : { reconnect_after_ms: reconnectAfterMs };
  connection.send(encode('going_away', { reason, reconnect, ...when }));
}

/** Closes the connection behind what was sent before, so that the client comes back or stays away as its reason has it. */
export function sendAway(encode: Encode, connection: Connection, reason: ClosingReason): void {
  announceClosing(encode, connection, reason);
  connection.close(closingTable[reason].reconnect ? 'forced close' : 'server namespace disconnect');
}
