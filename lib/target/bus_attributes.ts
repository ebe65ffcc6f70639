/**
 * Bus attributes that a description asks for: HPROT and SPROT of accessportV1 and accessportV2 (CMSIS-Pack). What it
 * does not mention stays as {@linkcode MemAp} chooses it: privileged data accesses, secure ones where the chip allows
 * them.
 *
 * @module
 */
import { getLogger } from "../base/log.ts";
import { MemAp } from "../dap/mem_ap.ts";
import type { TargetDescription } from "./description.ts";

const log = getLogger("target", "discovery");

/** Gives an access port, if it leads to memory, the attributes that the description asks for. */
export function applyBusAttributes(
  ap: unknown,
  { busAttributes = [] }: Pick<TargetDescription, "busAttributes">,
): void {
  if (!(ap instanceof MemAp)) return;
  const place = "apsel" in ap.address ? ap.address.apsel : ap.address.base;
  const wanted = busAttributes.find((each) => each.ap === place);
  if (wanted === undefined) return;
  const { hprot = ap.attributes.hprot, nonSecure = ap.attributes.nonSecure } = wanted;
  ap.attributes = { hprot, nonSecure };
  log.debug(() => `${ap.name}: HPROT ${hprot}, ${nonSecure ? "non-secure" : "secure"}, as the description says`);
}
