/** A database endpoint, parsed from a URL by our own schema. Never handed to a driver as a string; never in a history. */
export interface ServerEndpoint {
  readonly engine: 'mysql' | 'mariadb' | 'postgres';
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly tls: {
    readonly mode: 'disable' | 'require' | 'verify-full';
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
  };
  /** Default 10. */
  readonly connectTimeoutSeconds: number;
}
export interface FileEndpoint {
  readonly engine: 'sqlite';
  /** Absolute path. */
  readonly path: string;
}
/** A folder of files. */
export interface FolderEndpoint {
  readonly engine: 'csv';
  /** Absolute path. */
  readonly path: string;
}
export type Endpoint = ServerEndpoint | FileEndpoint | FolderEndpoint;
