import express from 'express'
import { createApp } from './app.ts'
import { closeApp, closeOnSignal, productionConfig, run } from './app-boot.ts'
import { listen } from './app-listen.ts'
import { parseEnvironment } from './config.ts'

/** Workers and the sweep. Serves only /healthz, /readyz and /metrics. Any number of these may run. */
run(async () => {
  const env = parseEnvironment(process.env)
  const config = productionConfig(env)
  const listener = await listen(env.PORT, env.HOST ?? '0.0.0.0')
  const app = await createApp(config)
  const work = await app.startWork()
  listener.serve(express().use(app.health))
  closeOnSignal(() => closeApp({ listener, work, app }))
  app.logger.info('worker is ready')
})
