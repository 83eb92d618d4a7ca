import { closeOnSignal, run } from './app-boot.ts'
import { startEverything } from './app-dev.ts'
import { parseEnvironment } from './config.ts'

/** All in one process: database, API, workers, sandbox, demo chat. What `npm start` runs. */
run(async () => {
  const everything = await startEverything(parseEnvironment(process.env), { dir: '.parley' })
  closeOnSignal(everything.close)
  console.log(everything.summary)
})
