/**
 * Granular Power Requestor: switches on the power domains of other components.
 *
 * CoreSight SoC-400 (100536) 4.12: CPWRUPREQ and CPWRUPACK share offset 0, one bit for each domain.
 *
 * @module
 */
import { bits } from "../base/bits.ts";
import type { WaitingSpace } from "./batch.ts";
import type { ComponentId } from "./component_id.ts";

const CPWRUP = 0x000;
const POWER_LIMIT = 5000;

/** Number of power domains, from DEVID2 as the identification registers give it. */
export function gprDomains(id: ComponentId): number {
  return Math.min(bits(id.devid2, 5, 0), 32);
}

/** One requestor. */
export class Gpr {
  readonly #memory: WaitingSpace;
  readonly #base: number;
  /** Number of power domains. */
  readonly domains: number;

  /** Drives the requestor at byte address `base`. */
  constructor(memory: WaitingSpace, base: number, domains: number) {
    this.#memory = memory;
    this.#base = base;
    this.domains = domains;
  }

  /**
   * Requests power for one domain, keeping those that are on, and waits for the acknowledgement.
   *
   * @returns why it could not be done, or undefined when the domain has power
   * @throws {TransferError}
   */
  async powerUp(domain: number): Promise<string | undefined> {
    if (domain >= this.domains) return `power domain ${domain} is beyond the ${this.domains} of the power requestor`;
    const mask = 2 ** domain;
    const present = await this.#memory.read32(this.#base + CPWRUP);
    this.#memory.write32(this.#base + CPWRUP, (present | mask) >>> 0);
    const on = await this.#memory.waitFor32(this.#base + CPWRUP, mask, mask, POWER_LIMIT);
    return on ? undefined : `power domain ${domain} did not come up within ${POWER_LIMIT} ms`;
  }
}
