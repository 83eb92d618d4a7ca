import { createApp } from './app.ts'
import { closeApp, closeOnSignal, productionConfig, run } from './app-boot.ts'
import { parseEnvironment } from './config.ts'

/** Workers and the sweep, without HTTP. Any number of these may run. */
run(async () => {
  const app = await createApp(productionConfig(parseEnvironment(process.env)))
  const work = await app.startWork()
  closeOnSignal(() => closeApp({ work, app }))
  app.logger.info('worker is ready')
})
