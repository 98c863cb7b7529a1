import type { PresenceView } from './presence.ts';

/** What happens in the hub, for the application that embeds it. No message content. */
export type HubEvent =
  | { readonly type: 'registered'; readonly userId: string; readonly connectionId: string }
  | { readonly type: 'unregistered'; readonly userId: string; readonly connectionId: string }
  | { readonly type: 'presence'; readonly userId: string; readonly state: PresenceView['state'] }
  | {
      readonly type: 'stored';
      readonly messageId: string;
      readonly seq: number;
      readonly senderId: string;
      readonly recipientId?: string;
      readonly roomId?: string;
    }
  | { readonly type: 'user_joined'; readonly roomId: string; readonly userId: string }
  | { readonly type: 'user_left'; readonly roomId: string; readonly userId: string }
  | { readonly type: 'room_deleted'; readonly roomId: string };

export type HubEventListener = (event: HubEvent) => void;
