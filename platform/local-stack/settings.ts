/** What the local stack needs to know; the object that `readConfig` returns has this form. */
export interface StackSettings {
  /** The one data folder, absolute. */
  readonly home: string;
  /** Folder of installed binaries that several data folders share, absolute. */
  readonly cacheFolder: string;
  /** `never` forbids that anything is installed. Default `auto`. */
  readonly install: 'auto' | 'never';
  /** Folders in which commands are looked for. */
  readonly searchPath: readonly string[];
  readonly temporal: { readonly address: string | null; readonly namespace: string | null };
  readonly databaseUrl: string | null;
  readonly redisUrl: string | null;
  /** Where the API listens. Null port: a free one, which is kept. */
  readonly api: { readonly host: string; readonly port: number | null };
  /** The environment that workers inherit. */
  readonly environment: Readonly<Record<string, string>>;
}

/** From where a part was taken, in the order in which they are tried. */
export type PartSource = 'environment' | 'path' | 'cached' | 'installed' | 'embedded';

/** Tells the person what goes on; a sentence without a full stop. */
export type Tell = (text: string) => void;

/** What finding a program needs. */
export type BinarySettings = Pick<StackSettings, 'home' | 'cacheFolder' | 'install' | 'searchPath'>;
