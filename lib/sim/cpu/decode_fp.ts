import type { Insn } from "./insn.ts";
/** Floating-point encodings. */
export function decodeFp(_first: number, _second: number): Insn | undefined {
  return undefined;
}
