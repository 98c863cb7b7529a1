import './supported-node.ts';

export { type ErrorCode, HubError } from '@parley/protocol';
export type { HubApi } from './api.ts';
export { OptionsError } from './config/check.ts';
export { createHub, type Hub, type HubOptions } from './hub.ts';
export type { Authenticator, Identity } from './ports/authenticator.ts';
export type { Handshake, Refusal } from './ports/connection.ts';
export type { HubEvent, HubEventListener } from './ports/hub-events.ts';
export type * from './ports/store.ts';
export { inboxOf, membersToldMax, timelineOf } from './ports/store.ts';
export { StoreStartError } from './store/start-error.ts';
