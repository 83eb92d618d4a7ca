import { createApp } from './app.ts'
import { closeApp, closeOnSignal, productionConfig, run } from './app-boot.ts'
import { listen } from './app-listen.ts'
import { mountPages } from './app-pages.ts'
import { parseEnvironment } from './config.ts'

/** The API and the payers' pages. Any number of these may run. */
run(async () => {
  const env = parseEnvironment(process.env)
  const config = productionConfig(env)
  const listener = await listen(env.PORT, env.HOST ?? '0.0.0.0')
  const app = await createApp({ ...config, mount: mountPages({ publicUrl: config.publicUrl }) })
  listener.serve(app.http)
  closeOnSignal(() => closeApp({ listener, app }))
  app.logger.info({ port: listener.port }, 'API is ready')
})
