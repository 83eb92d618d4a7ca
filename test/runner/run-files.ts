import { availableParallelism } from 'node:os'
import { groupFiles } from './groups.ts'
import { type FileOptions, type FileResult, runTestFiles } from './test-process.ts'

/** One more than the cores: with two of two, nearly half of the processors' time went by in waiting. */
const groupsAtOnce = availableParallelism() + 1

export async function runFiles(
  files: string[],
  options: FileOptions,
  onResult: (result: FileResult) => void,
): Promise<void> {
  const waiting = options.namePattern === undefined ? groupFiles(files) : files.map((file) => [file])
  const work = async () => {
    for (let group = waiting.shift(); group !== undefined && !options.signal.aborted; group = waiting.shift()) {
      await runTestFiles(group, options, onResult)
    }
  }
  await Promise.all(Array.from({ length: groupsAtOnce }, work))
}
