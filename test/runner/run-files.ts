import { type FileOptions, type FileResult, runTestFile } from './test-file.ts'

/** Two at a time: the tests share two cores and one PostgreSQL with what they start themselves. */
const filesAtOnce = 2

export async function runFiles(
  files: string[],
  options: FileOptions,
  onResult: (result: FileResult) => void,
): Promise<void> {
  const waiting = [...files]
  const work = async () => {
    for (let file = waiting.shift(); file !== undefined && !options.signal.aborted; file = waiting.shift()) {
      onResult(await runTestFile(file, options))
    }
  }
  await Promise.all(Array.from({ length: filesAtOnce }, work))
}
