import type { Check } from './check.ts';

/** The hub never says that it dropped something, and after the drain it has nothing left for anybody. */
export const nothingLeft: Check = {
  name: 'nothing left',
  watch(_ledger, report) {
    let isDrained = false;
    return {
      on(event) {
        if (event.kind === 'drained') isDrained = true;
        if (event.kind !== 'registered') return;
        const { connection, missed, queued } = event;
        if (missed > 0) report({ problem: `the hub said that ${missed} messages were missed`, connection });
        if (isDrained && queued > 0) report({ problem: `${queued} messages were still queued after the drain`, connection });
      },
    };
  },
};
