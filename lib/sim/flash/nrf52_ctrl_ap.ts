/**
 * Control access port of the nRF52 (Product Specification, chapter "Debug and trace", CTRL-AP): the way in when the
 * AHB-AP is closed.
 *
 * @module
 */
import type { ApReply, SimAccessPort } from "../contracts.ts";

const RESET = 0x000, ERASEALL = 0x004, ERASEALLSTATUS = 0x008, APPROTECTSTATUS = 0x00c, IDR = 0x0fc;

/** IDR of the CTRL-AP: designer Nordic, class 0. */
export const NRF52_CTRL_AP_IDR = 0x02880000;

/** What a {@linkcode Nrf52CtrlAp} acts on. */
export interface Nrf52CtrlApOptions {
  /** Whether access-port protection is in force. */
  readonly isProtected: () => boolean;
  /** Whether an ERASEALL is under way. */
  readonly isErasing: () => boolean;
  /** Erases flash, UICR and RAM. */
  readonly eraseAll: () => void;
  /** Holds the chip in soft reset, or lets it go. */
  readonly setReset: (asserted: boolean) => void;
}

/** The CTRL-AP; it answers whether or not the chip is protected. */
export class Nrf52CtrlAp implements SimAccessPort {
  #options: Nrf52CtrlApOptions;
  #reset = 0;
  #eraseAll = 0;

  /** A CTRL-AP at rest. */
  constructor(options: Nrf52CtrlApOptions) {
    this.#options = options;
  }

  /** Reads a register. */
  read(register: number): ApReply {
    return { kind: "ok", value: this.#value(register) };
  }

  /** Writes a register. */
  write(register: number, value: number): ApReply {
    if (register === RESET) {
      const next = value & 1;
      if (next !== this.#reset) this.#options.setReset(next === 1);
      this.#reset = next;
    } else if (register === ERASEALL) {
      const next = value & 1;
      if (next === 1 && !this.#options.isErasing()) this.#options.eraseAll();
      this.#eraseAll = next;
    }
    return { kind: "ok", value: 0 };
  }

  #value(register: number): number {
    switch (register) {
      case RESET:
        return this.#reset;
      case ERASEALL:
        return this.#eraseAll;
      case ERASEALLSTATUS:
        return this.#options.isErasing() ? 1 : 0;
      case APPROTECTSTATUS:
        return this.#options.isProtected() ? 0 : 1;
      case IDR:
        return NRF52_CTRL_AP_IDR;
      default:
        return 0;
    }
  }
}
