import { acknowledgedIsDelivered } from './acknowledged-is-delivered.ts';
import type { Check } from './check.ts';
import { entitled, entitledInCluster } from './entitled.ts';
import { exactlyOnce } from './exactly-once.ts';
import { nothingLeft } from './nothing-left.ts';
import { oneMessagePerSeq } from './one-message-per-seq.ts';
import { onlyMembersSend } from './only-members-send.ts';
import { type PresenceBounds, presence } from './presence.ts';
import { redelivery } from './redelivery.ts';
import { refusedIsNotDelivered } from './refused-is-not-delivered.ts';
import { senderOrder } from './sender-order.ts';
import { sentOnce } from './sent-once.ts';
import { streamOrder } from './stream-order.ts';

export function allChecks(bounds: PresenceBounds): readonly Check[] {
  return [
    acknowledgedIsDelivered,
    refusedIsNotDelivered,
    streamOrder,
    oneMessagePerSeq,
    redelivery,
    exactlyOnce,
    sentOnce,
    bounds.cluster === undefined ? entitled : entitledInCluster,
    onlyMembersSend,
    senderOrder,
    presence(bounds),
    nothingLeft,
  ];
}
