import { type Simulator, type SimulatorOptions, startSimulator } from '#sandbox/kit/simulator.ts'
import type { World } from '#sandbox/kit/world.ts'
import { createTasks } from './flows/tasks.ts'
import { createFaults } from './http/faults.ts'
import type { Sandbox, SandboxAccount } from './sandbox.ts'
import { createHandle } from './server.ts'
import { createIds } from './store/ids.ts'
import { createSchema, SCHEMA } from './store/schema.ts'
import { keepConfiguredEndpoint } from './webhooks/configured-endpoint.ts'
import { createDeliveries } from './webhooks/deliveries.ts'
import { createEndpoints } from './webhooks/endpoints.ts'

export type StripeSandboxOptions = SimulatorOptions & {
  secretKey: string
  /** Other accounts, each with objects of its own. */
  accounts?: SandboxAccount[]
  webhook?: { url: string; secret: string; enabledEvents?: string[] }
  seed?: string
  asyncSettleMs?: number
  /** Pauses between the attempts to deliver one webhook. After the last, it is given up. */
  webhookRetryMs?: number[]
}

export type StripeSandbox = Simulator

export async function startStripeSandbox(options: StripeSandboxOptions): Promise<StripeSandbox> {
  const { simulator } = await startSimulator(options, {
    schema: SCHEMA,
    createSchema,
    createSandbox: (world) => createSandbox(world, options),
    createTasks,
    createDeliveries,
    createHandle,
  })
  return simulator
}

async function createSandbox(world: World, options: StripeSandboxOptions): Promise<Sandbox> {
  const { secretKey, accounts = [], seed = 'stripe-sandbox' } = options
  const sandbox: Sandbox = {
    ...world,
    ids: await createIds(world.pool, seed),
    endpoints: createEndpoints(world.pool, accounts),
    faults: createFaults(world),
    keysInFlight: new Set(),
    settings: {
      publicUrl: options.publicUrl ?? '',
      secretKey,
      accounts,
      seed,
      asyncSettleMs: options.asyncSettleMs ?? 3000,
      webhookRetryMs: options.webhookRetryMs ?? [500, 2000, 10_000, 30_000, 60_000],
    },
  }
  await sandbox.faults.load()
  await keepConfiguredEndpoint(sandbox, options.webhook)
  return sandbox
}
