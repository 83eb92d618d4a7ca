import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

export type CheckResult = { name: string; isGood: boolean; ms: number; output: string }

/** Runs a program of node_modules by its JavaScript entry: no shell, the same on every system. */
export function check(name: string, packageName: string, command: string, args: string[], signal: AbortSignal) {
  const started = performance.now()
  return new Promise<CheckResult>((resolve) => {
    const child = spawn(process.execPath, [entryOf(packageName, command), ...args], {
      signal,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    const collect = (chunk: Buffer) => {
      output += chunk
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    const end = (isGood: boolean) => resolve({ name, isGood, ms: performance.now() - started, output })
    child.on('error', (error) => {
      output += error.message
      end(false)
    })
    child.on('close', (code) => end(code === 0))
  })
}

function entryOf(packageName: string, command: string): string {
  const path = createRequire(import.meta.url).resolve(`${packageName}/package.json`)
  const { bin }: { bin: Record<string, string> } = JSON.parse(readFileSync(path, 'utf8'))
  return join(dirname(path), bin[command] ?? command)
}
