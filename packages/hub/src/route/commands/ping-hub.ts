import { toSeconds } from '../views.ts';
import type { Command } from './command.ts';

export const pingHub: Command<'ping_hub'> = ({ services }) => ({ status: 'success', timestamp: toSeconds(services.clock.now()) });
