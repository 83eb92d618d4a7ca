const topLevel = new Set([
  ...['package.json', 'package-lock.json', 'tsconfig.json', 'biome.json', 'openapi.yaml', 'compose.yaml', 'Dockerfile'],
  ...['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'LICENSE'],
  ...['src', 'migrations', 'test', 'docs', 'bench', 'examples'],
])

export type TextFile = { path: string; text: string }

export function checkTopLevel(paths: string[]): string[] {
  const names = new Set(paths.map((path) => path.split('/')[0] ?? ''))
  return [...names]
    .filter((name) => !name.startsWith('.') && !topLevel.has(name))
    .map(
      (name) =>
        `${name}: the top level is the table of contents. Move it into a folder, or list it in repository-rules.ts`,
    )
}

/** Folders of somebody's machine; spelled so that this file does not hold them itself. */
const machineFolders = new RegExp(`(?<![\\w.@#/-])/(?:${['work', 'farm', 'Users', 'home'].join('|')})/\\w`, 'g')

export function checkMachinePaths(files: TextFile[]): string[] {
  return files.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, index) => [...line.matchAll(machineFolders)].map(([found]) => ({ found, line: index + 1 })))
      .map(({ found, line }) => `${path}:${line}: ${found}… exists on one machine only: write a relative path`),
  )
}

export function checkLockfile(text: string): string[] {
  return /"resolved"/.test(text)
    ? [
        'package-lock.json names the registry it was made with: keep omit-lockfile-registry-resolved=true in .npmrc and run npm install',
      ]
    : []
}
