import type { FindingCode } from '../../../contracts/migration.js';
import type { StructureItem } from '../../../contracts/verification.js';

/** Collects what became of the objects of one table. */
export class Items {
  readonly all: StructureItem[] = [];
  readonly #place: string;

  /** `place`: the table in the source, "schema.table". */
  constructor(place: string) {
    this.#place = place;
  }

  same(kind: string, name: string): void {
    this.all.push({ kind, object: this.#path(name), state: 'same' });
  }

  mapped(kind: string, name: string, how: string): void {
    this.all.push({ kind, object: this.#path(name), state: 'mapped', how });
  }

  missing(kind: string, name: string, about: { readonly code: FindingCode; readonly how: string }): void {
    this.all.push({ kind, object: this.#path(name), state: 'missing', ...about });
  }

  differs(kind: string, name: string, about: { readonly code: FindingCode; readonly how: string }): void {
    this.all.push({ kind, object: this.#path(name), state: 'differs', ...about });
  }

  notCompared(kind: string, name: string, how: string): void {
    this.all.push({ kind, object: this.#path(name), state: 'not compared', how, code: 'not_comparable' });
  }

  #path(name: string): string {
    return name === '' ? this.#place : `${this.#place}.${name}`;
  }
}
