/** Everything that the hub sends is written with these, so that its form is that of the protocol's tables. */
import { encodeEventText, type HubEvents } from '@parley/protocol';
import { type JsonOfValues, jsonObject } from './json.ts';
import { OutgoingPacket } from './outgoing-packet.ts';

export function eventPacket<Name extends keyof HubEvents>(name: Name, payload: HubEvents[Name]): OutgoingPacket {
  return new OutgoingPacket(encodeEventText('/', `["${name}",${JSON.stringify(payload)}]`));
}

/** The same for a payload of which some value, such as content, is JSON text already. */
export function eventPacketOfTexts<Name extends keyof HubEvents>(name: Name, values: JsonOfValues<HubEvents[Name]>): OutgoingPacket {
  return new OutgoingPacket(encodeEventText('/', `["${name}",${jsonObject(values).text}]`));
}
