import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from './fault.ts';
import { within } from './site.ts';

/** The network between the program and its database fails. */
export const blackHoledPools: Fault = {
  name: 'black-holed pool sockets',
  mayDuplicate: true,
  async act({ site, traffic, blame }) {
    site.pools.swallow();
    // The program is not told. It gives up a socket when a statement got no answer: on the API's connections after 17
    // s.
    await delay(18_000);
    const before = traffic.acknowledged.length;
    const goesOn = await within(8_000, () => traffic.acknowledged.length > before);
    if (!goesOn) blame('nothing was published on new sockets');
    site.pools.reset();
  },
};

export const blackHoledListen: Fault = {
  name: 'black-holed LISTEN and lease sockets',
  mayDuplicate: true,
  async act({ site }) {
    site.direct.swallow();
    await delay(12_000);
    site.direct.reset();
  },
};

export const slowDatabase: Fault = {
  name: '+500 ms database latency',
  mayDuplicate: false,
  async act({ site }) {
    site.pools.latencyMs = 500;
    site.direct.latencyMs = 500;
    await delay(8_000);
    site.pools.latencyMs = 0;
    site.direct.latencyMs = 0;
  },
};

export const resetSockets: Fault = {
  name: 'every database socket reset, 5 times',
  mayDuplicate: true,
  async act({ site }) {
    for (let times = 0; times < 5; times += 1) {
      site.pools.reset();
      site.direct.reset();
      await delay(500);
    }
  },
};

/** The commit has happened, but its answer was lost. */
const lostAnswers = (options: {
  statements: readonly string[];
  what: string;
  mayDuplicate: boolean;
}): Fault => ({
  name: `reset after the COMMIT of ${options.what}, 10 times`,
  mayDuplicate: options.mayDuplicate,
  async act({ site, blame }) {
    for (let times = 0; times < 10; times += 1) {
      site.pools.loseAnswersTo(options.statements, 1);
      if (!(await within(5_000, () => site.pools.answersToLose === 0))) blame('no answer was lost');
      await delay(100);
    }
    await delay(500);
  },
});

export const lostPublish = lostAnswers({
  statements: ['create_deliveries', 'create_plain_event'],
  what: 'a publish',
  mayDuplicate: false,
});
export const lostKeys = lostAnswers({
  statements: ['claim_event_keys'],
  what: 'idempotency keys',
  mayDuplicate: false,
});
export const lostClaim = lostAnswers({ statements: ['claim'], what: 'a claim', mayDuplicate: false });
export const lostSettle = lostAnswers({
  statements: ['settle_successes'],
  what: 'a settle',
  mayDuplicate: false,
});
