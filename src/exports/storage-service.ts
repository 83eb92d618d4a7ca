/** Where export files are kept. */
export type ExportStorage =
  | { kind: 'folder'; path: string }
  | { kind: 's3'; url: string; region: string; accessKeyId: string; secretAccessKey: string }
