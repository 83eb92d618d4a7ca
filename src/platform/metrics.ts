import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** Everything that is watched, in one registry per process (tests make their own). */
export type Metrics = ReturnType<typeof createMetrics>

const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export const createMetrics = () => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  return {
    registry,
    requests: new Histogram({
      name: 'parley_http_request_duration_seconds',
      help: 'Time to answer a request, by route and status.',
      labelNames: ['method', 'route', 'status'],
      buckets: secondsBuckets,
      registers,
    }),
    jobs: new Histogram({
      name: 'parley_job_duration_seconds',
      help: 'Time to work off a job, by name and outcome.',
      labelNames: ['name', 'outcome'],
      buckets: secondsBuckets,
      registers,
    }),
    providerCalls: new Histogram({
      name: 'parley_provider_call_duration_seconds',
      help: 'Time of a call to a payment provider, by operation and outcome.',
      labelNames: ['provider', 'operation', 'outcome'],
      buckets: secondsBuckets,
      registers,
    }),
    batches: new Histogram({
      name: 'parley_batch_size',
      help: 'Items written together by one statement.',
      labelNames: ['name'],
      buckets: [1, 2, 4, 8, 16, 32, 64, 128],
      registers,
    }),
    webhooksRefused: new Counter({
      name: 'parley_provider_webhooks_refused_total',
      help: 'Provider notifications with a wrong signature; nothing of them is stored.',
      labelNames: ['provider'],
      registers,
    }),
    conflicts: new Counter({
      name: 'parley_conflicts_total',
      help: 'Provider amounts that differ from ours. Each one needs a person.',
      registers,
    }),
    unclaimedEntries: new Gauge({
      name: 'parley_unclaimed_balance_entries',
      help: 'Entries of shared provider accounts that belong to no merchant. Above 0, a person must look whose they are.',
      registers,
    }),
    sealLag: new Gauge({
      name: 'parley_ledger_seal_lag_seconds',
      help: 'Age of the oldest ledger transaction that has no seal. Above a second, exports and closing wait for it.',
      registers,
    }),
    backlog: new Gauge({
      name: 'parley_backlog_age_seconds',
      help: 'Age of the oldest waiting row: outbox, inbox, refunds, operations, deliveries.',
      labelNames: ['table'],
      registers,
    }),
  }
}
