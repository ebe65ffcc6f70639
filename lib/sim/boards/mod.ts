/**
 * The simulated boards by name.
 *
 * @module
 */
import { UsageError } from "../../base/errors.ts";
import type { BoardOptions, SimBoard } from "./board.ts";
import { createNrf52840 } from "./nrf52840.ts";
import { createStm32f072 } from "./stm32f072.ts";
import { createStm32f407 } from "./stm32f407.ts";

export type { BackDoor, BoardDesign, BoardOptions, ResetCause, SimBoard } from "./board.ts";

const BOARDS: Readonly<Record<string, (options: BoardOptions) => SimBoard>> = {
  nrf52840: createNrf52840,
  stm32f072: createStm32f072,
  stm32f407: createStm32f407,
};

/** Names that {@linkcode createBoard} knows. */
export const boardNames: readonly string[] = Object.keys(BOARDS);

/**
 * Makes a simulated board and powers it on.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { createBoard } from "./mod.ts";
 *
 * const board = createBoard("stm32f407", { image: Uint8Array.of(1, 2, 3, 4) });
 * assertEquals(board.flashBytes(0x08000000, 5), Uint8Array.of(1, 2, 3, 4, 0xff));
 * ```
 * @throws {UsageError} when there is no board of that name
 */
export function createBoard(name: string, options: BoardOptions = {}): SimBoard {
  const create = Object.hasOwn(BOARDS, name) ? BOARDS[name] : undefined;
  if (create !== undefined) return create(options);
  const wanted = name.toLowerCase();
  const near = boardNames.filter((known) => known.startsWith(wanted.slice(0, 3)) || wanted.startsWith(known));
  const message = name === "" ? "a board without its name" : `board ${name}: there is none of that name`;
  throw new UsageError(`Cannot simulate ${message}`, {
    code: "unknown-board",
    hint: name !== "" && near.length > 0
      ? `Near names: ${near.join(", ")}`
      : `Simulated boards: ${boardNames.join(", ")}`,
    fields: { name, near },
  });
}
