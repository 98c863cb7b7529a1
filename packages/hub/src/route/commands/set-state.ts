import { nowOf } from '../../lib/clock.ts';
import type { Command } from './command.ts';

export const setState: Command<'set_state'> = async ({ services, caller, payload }) => {
  const chosen = services.presence.choose(caller.userId, payload.state, payload.status_text, nowOf(services.clock));
  if (chosen !== undefined) await services.store.saveStates([chosen]);
  return {
    status: 'success',
    state: payload.state,
    ...(payload.status_text === undefined ? {} : { status_text: payload.status_text }),
  };
};
