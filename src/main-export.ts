import { enableCompileCache } from 'node:module'

// Before anything else is loaded: stripping the types of all sources takes a fifth of this process's memory, which is
// meant to stay small whatever the size of the export.
enableCompileCache()

const [{ run }, { exportCommand }] = await Promise.all([import('./app-boot.ts'), import('./app-export.ts')])
run(() => exportCommand(process.argv.slice(2), process.env))
