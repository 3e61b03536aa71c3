export const CEL_BINARY = ['||', '&&', '==', '!=', '<', '<=', '>', '>=', 'in', '+', '-', '*', '/', '%'] as const;
export type CelBinary = (typeof CEL_BINARY)[number];

export const CEL_MACROS = ['all', 'exists', 'exists_one', 'filter', 'map'] as const;
export type CelMacro = (typeof CEL_MACROS)[number];

/** `at`: offset in the text, counted in UTF-16 units from 0. */
export type Cel = { readonly at: number } & (
  | { readonly node: 'literal'; readonly value: null | boolean | number | string }
  | { readonly node: 'list'; readonly items: readonly Cel[] }
  | { readonly node: 'name'; readonly name: string }
  | { readonly node: 'field'; readonly of: Cel; readonly name: string }
  | { readonly node: 'index'; readonly of: Cel; readonly index: Cel }
  | { readonly node: 'has'; readonly of: Cel; readonly name: Cel }
  | { readonly node: 'call'; readonly name: string; readonly args: readonly Cel[] }
  | {
      readonly node: 'macro';
      readonly macro: CelMacro;
      readonly of: Cel;
      readonly variable: string;
      readonly body: Cel;
    }
  | { readonly node: 'unary'; readonly op: '!' | '-'; readonly of: Cel }
  | { readonly node: 'binary'; readonly op: CelBinary; readonly left: Cel; readonly right: Cel }
  | { readonly node: 'choice'; readonly test: Cel; readonly yes: Cel; readonly no: Cel }
);
