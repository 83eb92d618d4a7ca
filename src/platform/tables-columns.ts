import type { ColumnType, JSONColumnType } from 'kysely'

/** Column types that both files of tables use. */
export type Json<T extends object> = JSONColumnType<T>
export type JsonWithDefault<T extends object> = ColumnType<T, string | undefined, string>
export type JsonOrNull<T extends object> = ColumnType<T | null, string | null | undefined, string | null>
export type Metadata = Record<string, string>
