import { run } from './app-boot.ts'
import { exportCommand } from './app-export.ts'

run(() => exportCommand(process.argv.slice(2), process.env))
