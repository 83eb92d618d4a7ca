import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkCycles, checkReachable } from './graph-rules.ts'
import { checkImportStyle, checkPurity } from './import-rules.ts'
import { checkImportOrder } from './layers.ts'
import { readSources, readText, repositoryPaths } from './repository.ts'
import { checkLockfile, checkMachinePaths, checkTopLevel } from './repository-rules.ts'
import { checkBans, checkFileLength, checkFileNames, checkFunctionLength } from './text-rules.ts'

const src = readSources('src/**/*.ts')
const all = [...src, ...readSources('test/**/*.ts', 'bench/**/*.ts', 'examples/**/*.ts')]

describe('the house is tidy', () => {
  test('a file imports only from its own folder or from folders to its left', () => none(checkImportOrder(src)))
  test('imports are written ./ within a folder and # across folders', () => none(checkImportStyle(src)))
  test('the kernel and the pure files of slices do no I/O', () => none(checkPurity(src)))
  test('no imports go in a circle', () => none(checkCycles(src)))
  test('every file is reached from an entry', () => none(checkReachable(src)))
  test('files are short', () => none(checkFileLength(all)))
  test('functions are short', () => none(checkFunctionLength(src)))
  test('files are named after what they define', () => none(checkFileNames(all)))
  test('nothing forbidden is used', () => none(checkBans(all)))
  test('the top level holds only what belongs there', () => none(checkTopLevel(repositoryPaths())))
  test('no text names a folder of one machine', () => none(checkMachinePaths(texts())))
  test('the lockfile names no registry', () => none(checkLockfile(readText('package-lock.json'))))
})

function none(problems: string[]): void {
  assert.ok(problems.length === 0, `\n${problems.join('\n')}\n`)
}

function texts() {
  const files = repositoryPaths().map((path) => ({ path, text: readText(path) }))
  return files.filter(({ text }) => !text.includes('\0'))
}
